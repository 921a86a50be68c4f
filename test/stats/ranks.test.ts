// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomFrom, shuffled } from "../../host/stats/random.ts";
import { rankSumP, trendP } from "../../host/stats/ranks.ts";

const near = (a: number, b: number, by: number) =>
  assert.ok(Math.abs(a - b) < by, `${a}, not ${b}`);

test("the rank sum's chances are counted: 2 of all ways where nothing overlaps", () => {
  near(rankSumP([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252, 1e-12);
  near(rankSumP([6, 7, 8], [1, 2, 3]), 2 / 20, 1e-12);
  near(rankSumP([1, 2, 4], [3, 5, 6]), 4 / 20, 1e-12); // sums 6, 7 and their mirrors
});

test("groups that are alike have p 1, and ties count half", () => {
  assert.is(rankSumP([1, 4], [2, 3]), 1);
  assert.is(rankSumP([7, 7, 7], [7, 7, 7]), 1);
  // Of the 6 ways to choose two of {1, 2, 2, 3}, the sums are 3, 3, 4, 4, 5, 5: two on each end.
  near(rankSumP([1, 2], [2, 3]), 4 / 6, 1e-12);
});

test("for many values the normal distribution goes on where counting ends", () => {
  const random = randomFrom(3);
  for (const [n, m] of [
    [20, 20], // counted
    [21, 20], // not any more
    [40, 60],
  ] as const) {
    const group = (size: number, more: number) =>
      Array.from({ length: size }, () => Math.floor(30 * random()) + more);
    const [a, b] = [group(n, 0), group(m, 5)];
    const p = rankSumP(a, b);
    // Beside what 2000 shuffles say.
    const sum = (values: readonly number[]) => values.reduce((x, y) => x + y, 0);
    const all = [...a, ...b];
    const sorted = [...all].sort((x, y) => x - y);
    const ranks = all.map((x) => (sorted.indexOf(x) + sorted.lastIndexOf(x)) / 2);
    const middle = sum(ranks) * (n / (n + m));
    const seen = Math.abs(sum(ranks.slice(0, n)) - middle);
    let far = 0;
    for (let i = 0; i < 2000; i++) {
      const rank = sum(shuffled(ranks, random).slice(0, n));
      if (Math.abs(rank - middle) >= seen) far++;
    }
    near(p, far / 2000, 0.03);
  }
  assert.is(rankSumP(Array(30).fill(1), Array(30).fill(1)), 1);
});

/** All orders of 0 to n - 1. */
function* orders(n: number, used: readonly number[] = []): Generator<readonly number[]> {
  if (used.length === n) yield used;
  for (let i = 0; i < n; i++) if (!used.includes(i)) yield* orders(n, [...used, i]);
}

test("a trend's chances are those of all orders of 8 values, within 1 %", () => {
  const scoreOf = (values: readonly number[]) =>
    values.reduce((s, x, i) => s + values.slice(0, i).reduce((t, y) => t + Math.sign(x - y), 0), 0);
  const counts = new Map<number, number>();
  let all = 0;
  for (const order of orders(8)) {
    const size = Math.abs(scoreOf(order));
    counts.set(size, (counts.get(size) ?? 0) + 1);
    all++;
  }
  const exact = (score: number) =>
    [...counts].reduce((sum, [size, count]) => sum + (size >= score ? count : 0), 0) / all;
  for (const order of [
    [0, 1, 2, 3, 4, 5, 6, 7],
    [0, 1, 3, 2, 4, 5, 7, 6],
    [1, 0, 3, 2, 5, 4, 7, 6],
    [3, 0, 1, 6, 2, 7, 4, 5],
    [7, 6, 5, 4, 3, 1, 2, 0],
  ]) {
    near(trendP(order), exact(Math.abs(scoreOf(order))), 0.01);
  }
  assert.is(trendP([5, 5, 5, 5, 5, 5, 5, 5]), 1);
  assert.is(trendP([1, 2]), 1);
});

test("rounds without a trend are said to have one about as often as the p says", () => {
  const random = randomFrom(8);
  let [one, five] = [0, 0];
  for (let trial = 0; trial < 2000; trial++) {
    const p = trendP(Array.from({ length: 12 }, () => random()));
    if (p < 0.01) one++;
    if (p < 0.05) five++;
  }
  assert.ok(one > 5 && one < 35, `${one} of 2000 at 1 %`);
  assert.ok(five > 60 && five < 140, `${five} of 2000 at 5 %`);
});

test.run();
