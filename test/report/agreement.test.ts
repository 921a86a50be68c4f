// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  disagreements,
  repeatOf,
  TOLERANCE_PCT,
  tooWide,
  unmeasured,
} from "../../host/report/agreement.ts";
import { drawAgainst } from "../../host/report/baseline.ts";
import { rowName } from "../../host/report/rows.ts";
import { styleFor } from "../../host/report/style.ts";
import { failuresOf } from "../../host/report/verdict.ts";
import type { PairRow, Result } from "../../host/result/result.ts";
import { sampleResult } from "./sample-result.ts";

/** The sample with one row's times changed. */
function changed(change: (row: PairRow) => PairRow["samples"]): Result {
  const sample = sampleResult();
  const ours = (row: PairRow) =>
    row.contender === "atomic pair" && row.threads === 2 && row.devices === "own";
  const pairs = sample.pairs.map((row) => (ours(row) ? { ...row, samples: change(row) } : row));
  return { ...sample, pairs };
}

function times(factor: number): Result {
  return changed(({ samples }) => samples.map((ns) => (ns === null ? null : ns * factor)));
}

function found(second: Result): string[] {
  return disagreements(repeatOf(sampleResult(), second, "x"));
}

test("a run agrees with itself in every row that it has", () => {
  const repeat = repeatOf(sampleResult(), sampleResult(), "x");
  assert.equal(disagreements(repeat), []);
  assert.is(
    repeat.comparisons.length,
    sampleResult().pairs.length + sampleResult().removals.length,
  );
  assert.equal(failuresOf({ ...sampleResult(), storms: [], repeat }), []);
});

test("a row that is certain to be further off than the tolerance disagrees, either way", () => {
  assert.is(TOLERANCE_PCT, 5);
  assert.equal(found(times(1.2)).length, 1);
  assert.match(
    found(times(1.2))[0] ?? "",
    /^atomic pair, pair, own device, 2 threads, 1\.2\d times/,
  );
  assert.equal(found(times(0.8)).length, 1);
});

test("what differs for certain, but by less than the tolerance, agrees", () => {
  assert.equal(found(times(1.04)), []);
});

test("a row whose interval reaches back into the tolerance agrees: it is noise, not a difference", () => {
  const noisy = changed(({ samples }) => samples.map((ns, i) => (ns ?? 0) * (i % 2 === 0 ? 1 : 2)));
  assert.equal(found(noisy), []);
});

test("a row with too few rounds in either run, or in one of them alone, cannot agree", () => {
  const few = changed(({ samples }) => samples.map((ns, i) => (i < 5 ? ns : null)));
  const line = "atomic pair, pair, own device, 2 threads, too few rounds";
  assert.equal(found(few), [line]);
  assert.equal(disagreements(repeatOf(few, sampleResult(), "x")), [line]);
  const none = { ...sampleResult(), pairs: sampleResult().pairs.slice(1) };
  assert.equal(found(none), ["rwsem, pair, shared device, 1 thread, too few rounds"]);
});

test("a place that changed between the two runs is a disagreement", () => {
  const sample = sampleResult();
  const moved = { ...sample, environment: { ...sample.environment, cores: 4 } };
  assert.equal(found(moved), ["cores: 2 and 4"]);
});

test("two runs that disagree fail, in one line that names the rows", () => {
  const repeat = repeatOf(sampleResult(), times(1.2), "nightly");
  const [line, ...more] = failuresOf({ ...sampleResult(), storms: [], repeat });
  assert.equal(more, []);
  assert.match(
    line ?? "",
    /^baseline nightly is not stored: two runs disagree \(1 of 58 rows\): atomic pair, /,
  );
});

test("a row whose interval reaches far down is told: it cannot show a small slowdown", () => {
  const noisy = changed(({ samples }) => samples.map((ns, i) => (ns ?? 0) / (i % 2 === 0 ? 1 : 2)));
  const { comparisons } = repeatOf(sampleResult(), noisy, "x");
  const ours = "atomic pair, pair, own device, 2 threads";
  const wide = (rows: typeof comparisons, pct: number) => tooWide(rows, pct).map(rowName);
  assert.ok(wide(comparisons, 5).includes(ours));
  assert.not(wide(repeatOf(sampleResult(), sampleResult(), "x").comparisons, 5).includes(ours));
  assert.not(wide(comparisons, 300).includes(ours));
  const base = { baseline: "x", startedAt: sampleResult().startedAt, comparisons, notes: [] };
  const canvas = { width: 1000, style: styleFor(false) };
  const text = (failOverPct: number | null) =>
    drawAgainst({ ...sampleResult(), against: { ...base, failOverPct } }, canvas).join("\n");
  assert.match(
    text(5),
    /\nnote: in \d+ of 58 rows the interval reaches more than 5 % below its median; in the middle one of them only a slowdown of over \d/,
  );
  assert.not.match(text(null), "below its median");
});

test("rows of the baseline that were not measured are counted", () => {
  const fewer = { ...sampleResult(), pairs: sampleResult().pairs.slice(1), removals: [] };
  assert.is(unmeasured(sampleResult(), fewer).length, 1 + sampleResult().removals.length);
  assert.equal(unmeasured(fewer, sampleResult()), []);
});

test.run();
