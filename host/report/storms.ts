// SPDX-License-Identifier: GPL-2.0-only
/** What storms did and found. */

import { formatCount } from "../result/counts.ts";
import type { Result, StormRow, Violation } from "../result/result.ts";
import { distinct, stormWord, verdictStorms } from "./rows.ts";
import { type Canvas, printable, wrap } from "./style.ts";
import { formatNumber } from "./units.ts";

/** Sums of event counts worth a line, in the order printed; what is not listed is in the JSON. */
const COUNTS: readonly (readonly [label: string, ...events: string[]])[] = [
  ["ioctls", "ioctl"],
  ["removals", "remove"],
  ["faults", "fault_injected"],
  ["ENXIO", "ioctl_enxio"],
  ["opens", "open"],
  ["sleeps", "sched_sleep"],
  ["steals", "rwsem_rlock_steal"],
  ["handoffs", "rwsem_rlock_handoff", "rwsem_wlock_handoff"],
  ["grace periods", "rcu_gp"],
];

/** Those of COUNTS that are also given by the second. */
const RATES = new Set(["ioctls", "removals"]);

/** Enough for an access, an allocation and a release, each with a few callers. */
const TRACE_LINES = 18;

/** @param full - false: only what the decision table does not say already */
export function drawStorms(result: Result, canvas: Canvas, full: boolean): string[] {
  const lines: string[] = [];
  for (const storm of verdictStorms(result)) {
    const { text, expected } = stormWord(result, storm);
    if (!full && expected && storm.gate !== null) continue;
    if (lines.length > 0) lines.push("");
    const { good, bad, bold } = canvas.style;
    lines.push(`${bold(printable(storm.driver))}: ${(expected ? good : bad)(text)}`);
    const how = storm.sanitized ? "under the sanitizer" : "without the sanitizer";
    const length = `${formatNumber(storm.seconds)} s ${how}, seed ${storm.seed}`;
    lines.push(...wrap(length, canvas.width, "  "));
    lines.push(...wrap(countsText(storm), canvas.width, "  "));
    lines.push(...drawViolations(storm.violations, canvas));
    // Left whole, for copying.
    if (!storm.held) lines.push(`  again: ${printable(storm.replay)}`);
  }
  return lines;
}

function countsText(storm: StormRow): string {
  const parts: string[] = [];
  for (const [label, ...events] of COUNTS) {
    if (!events.some((event) => event in storm.counts)) continue;
    const n = events.reduce((sum, event) => sum + (storm.counts[event] ?? 0), 0);
    const rate =
      RATES.has(label) && storm.seconds > 0 ? ` (${formatCount(n / storm.seconds)}/s)` : "";
    parts.push(`${formatCount(n)} ${label}${rate}`);
  }
  return parts.join(", ");
}

/** The first of each property in full; a storm that goes wrong does so many times over. */
function drawViolations(violations: readonly Violation[], canvas: Canvas): string[] {
  return distinct(violations.map(({ property }) => property)).flatMap((property) => {
    const [first, ...more] = violations.filter((violation) => violation.property === property);
    const rest =
      more.length > 0 ? [`    and ${formatCount(more.length)} more such, in the JSON`] : [];
    return first ? [...drawViolation(first, canvas), ...rest] : [];
  });
}

function drawViolation(violation: Violation, canvas: Canvas): string[] {
  const { count = 1 } = violation;
  const often = count > 1 ? `, ${formatCount(count)} times` : "";
  const said = `${violation.property}: ${violation.detail}${often}`;
  const trace = violation.trace ?? [];
  const lines = wrap(said, canvas.width, "  ", "    ");
  for (const step of trace.slice(0, TRACE_LINES)) {
    lines.push(...wrap(step, canvas.width, "    ", "      "));
  }
  const left = trace.length - TRACE_LINES;
  if (left > 0) lines.push(`    ... and ${formatCount(left)} more, in the JSON`);
  return lines;
}
