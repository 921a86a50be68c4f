// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomFrom } from "../../host/stats/random.ts";
import { driftOf, drifts, outliersIn, paceOf, steadinessOf } from "../../host/stats/steadiness.ts";

/** Rounds that scatter by 1 % either way, in no order. */
function steady(n: number, seed = 1): number[] {
  const random = randomFrom(seed);
  return Array.from({ length: n }, () => 100 * (0.99 + 0.02 * random()));
}

test("steady rounds have no outlier, no drift, and halves that agree", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { outliers, unstable, drift } = steadinessOf(steady(14, seed));
    assert.equal([outliers, unstable], [0, false], `seed ${seed}`);
    assert.ok(drift !== null && Math.abs(drift.pct) < 2, `${drift?.pct}`);
  }
});

test("outliers are counted on both sides, whatever their size", () => {
  const rounds: (number | null)[] = steady(14);
  rounds[3] = 5000;
  rounds[8] = 1;
  rounds[9] = null;
  assert.is(steadinessOf(rounds).outliers, 2);
});

test("an outlier is beyond 6 median distances, and beyond 1 % of the median", () => {
  const values = [90, 95, 100, 105, 110]; // median distance 5
  assert.is(outliersIn([...values, 100, 129]), 0);
  assert.is(outliersIn([...values, 100, 131]), 1);
  assert.is(outliersIn([100, 100, 100, 100, 100.9]), 0, "that is a step of the clock");
  assert.is(outliersIn([100, 100, 100, 100, 101.1]), 1);
});

test("halves that are 6 % apart are unstable; 4 % apart, or in no order, they are not", () => {
  const halves = (factor: number) => steady(14).map((x, i) => (i < 7 ? x : x * factor));
  assert.is(steadinessOf(halves(1.07)).unstable, true);
  assert.is(steadinessOf(halves(1 / 1.07)).unstable, true);
  assert.is(steadinessOf(halves(1.03)).unstable, false);
  const mixed = steady(14).map((x, i) => (i % 2 === 0 ? x : x * 1.5));
  assert.is(steadinessOf(mixed).unstable, false);
});

test("of an odd number of rounds the middle one belongs to neither half", () => {
  const rounds = [...Array(5).fill(100), 1000, ...Array(5).fill(110)].map((x, i) => x + i / 10);
  assert.is(steadinessOf(rounds).unstable, true);
});

test("of under 10 rounds no halves, of under 8 no drift", () => {
  const climbing = Array.from({ length: 9 }, (_, i) => 100 + 10 * i);
  assert.is(steadinessOf(climbing).unstable, null);
  assert.ok(drifts(steadinessOf(climbing).drift));
  assert.equal(steadinessOf(climbing.slice(2)).drift, null);
  assert.equal(steadinessOf([]), { outliers: 0, unstable: null, drift: null });
});

test("a known drift is found, with its size and direction", () => {
  const climb = (by: number) => steady(15).map((x, i) => x * (1 + (by * i) / 14));
  const up = driftOf(climb(0.1));
  assert.ok(drifts(up));
  assert.ok((up?.pct ?? 0) > 7 && (up?.pct ?? 0) < 12, `${up?.pct}`);
  const down = driftOf(climb(-0.1));
  assert.ok(drifts(down) && (down?.pct ?? 0) < -7, `${down?.pct}`);
  const jump = steady(15).map((x, i) => (i === 14 ? x * 2 : x));
  assert.is(drifts(driftOf(jump)), false, "one round is no trend");
});

test("thousands of rounds are looked at in 200 parts", () => {
  const rounds = steady(5000).map((x, i) => x * (1 + (0.1 * i) / 5000));
  const drift = driftOf(rounds);
  assert.ok(drifts(drift));
  assert.ok(Math.abs((drift?.pct ?? 0) - 9.5) < 1, `${drift?.pct}`);
});

test("the pace is what a round took of the usual, over all rows, and whatever their size", () => {
  const slow = [1, 1, 1, 2, 2];
  const rows = [10, 1000, 3].map((size) => slow.map((x) => x * size));
  const odd = [5, null, 5, 5, null];
  assert.equal(paceOf([...rows, odd]), [1, 1, 1, 2, 2]);
  assert.equal(paceOf([[1, null, 1]]), [1, null, 1]);
  assert.equal(paceOf([[0, 0, 0]]), [], "of no time there is no pace");
  assert.equal(paceOf([]), []);
});

test.run();
