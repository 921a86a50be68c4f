// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawComparisons } from "../../host/report/details.ts";
import { sentencesOf } from "../../host/report/sentences.ts";
import { compareResults, unlikeness } from "../../host/report/side-by-side.ts";
import { styleFor } from "../../host/report/style.ts";
import { failuresOf } from "../../host/report/verdict.ts";
import type { Result } from "../../host/result/result.ts";
import { sampleResult } from "./sample-result.ts";

const ASKED = { a: "a.json", b: "b.json", force: false, failOverPct: null };
const NOW = {
  tool: { name: "hotunplug", version: "0.1.0" },
  startedAt: "2026-01-02T03:04:05.000Z",
} as const;

/** The sample with the times of one gate multiplied. */
function slowed(gate: string, factor: number): Result {
  const sample = sampleResult();
  const pairs = sample.pairs.map((row) => {
    if (row.contender !== gate) return row;
    return { ...row, samples: row.samples.map((x) => (x === null ? null : x * factor)) };
  });
  return { ...sample, pairs };
}

function moved(changes: Record<string, string | number>): Result {
  const sample = sampleResult();
  return { ...sample, environment: { ...sample.environment, ...changes } };
}

test("a result beside itself: no difference seen anywhere", () => {
  const { comparisons } = compareResults(sampleResult(), sampleResult(), ASKED, NOW);
  assert.is(comparisons.length, sampleResult().pairs.length + sampleResult().removals.length);
  assert.ok(comparisons.every((row) => row.word === "no difference seen"));
  assert.ok(comparisons.every((row) => row.ratio.median === 1));
});

test("what got slower in B is slower, and nothing else", () => {
  const result = compareResults(sampleResult(), slowed("refcount", 1.5), ASKED, NOW);
  const slower = result.comparisons.filter((row) => row.word === "slower");
  assert.is(slower.length, 6);
  assert.ok(slower.every((row) => row.a === "refcount" && row.b === "refcount"));
  assert.match(sentencesOf(result)[0] ?? "", "B is slower in 6, faster in 0");
  const [heading] = drawComparisons(result, { width: 100, style: styleFor(false) });
  assert.is(heading, "Time in B over time in A (1 = the same; 9 rounds)");
});

test("a limit on slowdowns fails only what lies beyond it with all its interval", () => {
  const failures = (failOverPct: number | null) => {
    const asked = { ...ASKED, failOverPct };
    return failuresOf(compareResults(sampleResult(), slowed("refcount", 1.5), asked, NOW));
  };
  assert.equal(
    [10, 100, null].map((pct) => failures(pct).length),
    [6, 0, 0],
  );
});

test("unlike environments are refused with every difference, unless forced", () => {
  const b = moved({ cpu: "Another CPU", cores: 8 });
  assert.throws(
    () => compareResults(sampleResult(), b, ASKED, NOW),
    /unlike environments .*: cpu: "Made-up.*" and "Another CPU"; cores: 2 and 8$/,
  );
  const { notes } = compareResults(sampleResult(), b, { ...ASKED, force: true }, NOW);
  assert.is(notes.length, 2);
});

test("load and clock do not make an environment unlike; another kernel is what one compares", () => {
  const b = moved({ loadAverage: 3, clockResolutionNs: 40, clockCostNs: 39, kernelSha256: "f00" });
  assert.equal(unlikeness(sampleResult(), b), []);
  const { notes } = compareResults(sampleResult(), b, ASKED, NOW);
  assert.equal(notes, ["the two runs timed different builds of kernel.wasm."]);
});

test("another tier or window makes the figures unlike", () => {
  const sample = sampleResult();
  const b: Result = {
    ...sample,
    asked: { ...sample.asked, windowMs: 20 } as Result["asked"],
    tier: { ...sample.tier, inForce: "optimized" },
  };
  assert.equal(unlikeness(sample, b), [
    'tier in force: "baseline" and "optimized"',
    "windowMs: 10 and 20",
  ]);
});

test("results without a row in common are no comparison", () => {
  const b = { ...sampleResult(), pairs: [], removals: [] };
  assert.throws(() => compareResults(sampleResult(), b, ASKED, NOW), /have no row in common/);
});

test("a verdict that changed, and an interruption, are told", () => {
  const sample = sampleResult();
  const storms = sample.storms.map((s) => (s.gate === "rwsem" ? { ...s, held: false } : s));
  const b: Result = { ...sample, storms, interrupted: true };
  const { notes } = compareResults(sample, b, ASKED, NOW);
  assert.equal(notes, [
    "B was interrupted: it may lack rows.",
    "put_device+rwsem held in A and did not in B.",
  ]);
});

test.run();
