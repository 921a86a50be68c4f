// SPDX-License-Identifier: GPL-2.0-only
/** A gate in which no body may sleep, among others: what is left out of it is marked, and why is said. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sentencesOf } from "../../host/report/sentences.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import type { CheckRow } from "../../host/result/check.ts";
import type { GateFacts, Result } from "../../host/result/result.ts";
import { CHECKS } from "./sample-checks.ts";
import { sampleResult } from "./sample-result.ts";

const QSBR = "qsbr";
const sample = sampleResult();
const like = (name: string, workload: "read" | "ioctl") =>
  sample.pairs
    .filter((row) => row.contender === name && row.workload === "read")
    .map((row) => ({ ...row, workload }));

function checkOf(gate: string, scenario: string): CheckRow {
  const held = CHECKS.find(({ verdict, expected }) => verdict === "holds" && expected === "holds");
  return { ...(held as CheckRow), gate, scenario, subject: gate, revision: null };
}

/** The sample with ioctls and checks. */
const without: Result = {
  ...sample,
  pairs: [...sample.pairs, ...sample.gates.flatMap(({ name }) => like(name, "ioctl"))],
  checks: sample.gates.map(({ name }) => checkOf(name, "removal")),
};

/** The same, with a gate beside the others that has pairs as percpu_ref's, and a check of its own. */
function withUnfit(): Result {
  const facts = sample.gates.find(({ name }) => name === "percpu_ref") as GateFacts;
  const faster = sample.comparisons.map((row) => ({
    ...{ ...row, a: QSBR, word: "faster" as const },
    ratio: { median: 0.001, low: 0.0005, high: 0.002 },
  }));
  const pairs = like("percpu_ref", "read").map((row) => ({ ...row, contender: QSBR }));
  return {
    ...without,
    gates: [...without.gates, { ...facts, name: QSBR, atomic: true }],
    pairs: [...without.pairs, ...pairs],
    comparisons: [...without.comparisons, ...faster],
    checks: [...(without.checks ?? []), checkOf(QSBR, "gate")],
  };
}

const WIDE = { width: 400, style: styleFor(false) };
const text = drawResult(withUnfit(), WIDE).join("\n");
const row = text.split("\n").find((line) => line.startsWith(QSBR)) ?? "";
const heading = text.split("\n").find((line) => line.startsWith("gate")) ?? "";

test("its ioctls and storms are marked, its check stands among those of the drivers", () => {
  const ioctls = new Set(like("rwsem", "ioctl").map((r) => `${r.threads} ${r.devices}`));
  const storms = new Set(sample.storms.filter((s) => !s.asFound).map((s) => s.sanitized));
  assert.is(row.match(/\bunfit\b/g)?.length, ioctls.size + storms.size);
  assert.match(row, /held$/);
  assert.is(heading.match(/\bremoval\b/g)?.length, 1, "one column of checks");
});

test("the legend says why", () => {
  assert.match(text, "unfit: a body may not sleep in it, and an ioctl does");
  assert.not.match(drawResult(without, WIDE).join("\n"), "unfit");
  assert.not.match(text, "no round of it could be used");
});

test("it is not recommended, however fast it is", () => {
  assert.equal(sentencesOf(withUnfit()), sentencesOf(without));
});

test.run();
