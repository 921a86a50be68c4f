// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { steadinessRemarks } from "../../host/report/steadiness.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import type { Environment, PairRow, Result } from "../../host/result/result.ts";
import type { Steadiness } from "../../host/stats/steadiness.ts";
import { sampleResult } from "./sample-result.ts";

const STEADY: Steadiness = { outliers: 0, unstable: false, drift: { pct: 0.1, p: 0.6 } };

/** The sample, whose rows are all steady but for the first one. */
function resultWith(
  first: Partial<Steadiness>,
  drift: Result["drift"] = { pct: 0.2, p: 0.5 },
  environment: Environment = {},
): Result {
  const sample = sampleResult();
  const pairs = sample.pairs
    .filter(({ oversubscribed }) => !oversubscribed)
    .map((row, i): PairRow => {
      return { ...row, steadiness: { ...STEADY, ...(i === 0 ? first : {}) } };
    });
  return {
    ...{ ...sample, pairs, removals: [], drift },
    environment: { ...sample.environment, ...environment },
  };
}

const CALM = { stealPct: 0.2, othersPct: 1, involuntarySwitches: 30, involuntarySwitchesPerS: 3 };

test("of a calm run there is nothing to say, nor of one whose writer did not look", () => {
  assert.equal(steadinessRemarks(resultWith({}, undefined, CALM)), []);
  const { drift, ...old } = resultWith({ unstable: true });
  assert.equal(steadinessRemarks(old), []);
});

test("an unstable row is named, and its figure is marked", () => {
  const result = resultWith({ unstable: true });
  assert.equal(steadinessRemarks(result), [
    "warning: 1 row unstable: rwsem, pair, shared device, 1 thread.",
  ]);
  const text = drawResult(result, { width: 140, style: styleFor(false) });
  const row = text.find((line) => line.startsWith("rwsem ")) ?? "";
  assert.match(row, /^rwsem +10\.\d~ /);
  assert.is(text.filter((line) => line.startsWith("~ unstable: ")).length, 1);
  const calm = drawResult(resultWith({}), { width: 140, style: styleFor(false) });
  assert.is(calm.join("\n").includes("~"), false);
});

test("a drift that is no chance is said, with its direction", () => {
  const said = (pct: number, p: number) => steadinessRemarks(resultWith({}, { pct, p }));
  assert.equal(said(7.2, 0.02), []);
  assert.match(said(7.2, 0.002).join(), /^warning: drift: .* became 7.20 % slower .*p 0.00200/);
  assert.match(said(-3, 0.009).join(), "3.00 % faster");
  assert.equal(steadinessRemarks(resultWith({}, null)), []);
});

test("what others took of the CPUs is a warning, one line each", () => {
  const noisy = { stealPct: 3.1, othersPct: 41, involuntarySwitches: 9000 };
  const result = resultWith({}, null, { ...noisy, involuntarySwitchesPerS: 1234 });
  assert.equal(
    steadinessRemarks(result).map((line) => line.split(" ").slice(0, 3).join(" ")),
    ["warning: steal time:", "warning: other programs", "warning: the threads"],
  );
  const some = { ...result, pairs: result.pairs.map((row) => ({ ...row, oversubscribed: true })) };
  assert.is(steadinessRemarks(some).length, 2, "threads that outnumber the cores push one another");
});

test("what the system does not count is said to be unknown", () => {
  const nothing = { stealPct: null, othersPct: null, involuntarySwitches: null };
  const lines = steadinessRemarks(resultWith({}, null, nothing));
  assert.equal(lines, [
    "note: not known on this system: steal time, what other programs took, involuntary context switches.",
  ]);
});

test("many outliers are a note, a few are figures in the table", () => {
  const rounds = resultWith({}).pairs.reduce((sum, row) => sum + row.raw.n, 0);
  assert.equal(steadinessRemarks(resultWith({ outliers: Math.floor(rounds / 50) })), []);
  const many = Math.floor(rounds / 50) + 1;
  const [line] = steadinessRemarks(resultWith({ outliers: many }));
  assert.match(line ?? "", `note: ${many} of ${rounds} rounds, in 1 of`);
});

test.run();
