// SPDX-License-Identifier: GPL-2.0-only
import type { Finding } from "../doctor/finding.ts";
import { type Canvas, type Style, wrap } from "./style.ts";

const LOOKS = { fine: "good", problem: "bad", "not known": "dim" } as const satisfies Record<
  Finding["verdict"],
  keyof Style
>;

const COLUMN = 11; // "not known" and two spaces

/** A paragraph a finding, its verdict before it and what to do below; then how many are problems. */
export function drawFindings(findings: readonly Finding[], canvas: Canvas): string[] {
  const indent = " ".repeat(COLUMN);
  const lines = findings.flatMap(({ what, verdict, found, advice }) => {
    const [first = "", ...rest] = wrap(`${what}: ${found}`, canvas.width, indent);
    const look = canvas.style[LOOKS[verdict]];
    return [
      `${look(verdict)}${" ".repeat(COLUMN - verdict.length)}${first.slice(COLUMN)}`,
      ...rest,
      ...(advice === null ? [] : wrap(advice, canvas.width, `${indent}  `)),
    ];
  });
  const count = (verdict: Finding["verdict"]) =>
    findings.filter((finding) => finding.verdict === verdict).length;
  const sum = `${count("problem")} of ${findings.length} would spoil a measurement, ${count("not known")} are not known`;
  return [...lines, "", sum];
}
