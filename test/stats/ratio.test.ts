// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pairedRatio, unpairedRatio, wordFor } from "../../host/stats/ratio.ts";
import { lessBaseline, summarize } from "../../host/stats/summary.ts";

const ratio = (low: number, high: number) => ({ median: (low + high) / 2, low, high });

test("what slows a whole round slows both sides and cancels", () => {
  const noise = [1, 3, 1.5, 9, 2, 1.1, 4];
  const a = noise.map((x) => 2 * x);
  const found = pairedRatio(a, noise, 1);
  assert.equal(found, { ratio: { median: 2, low: 2, high: 2 }, pairs: 7 });
});

test("a round that either side dropped does not count", () => {
  const found = pairedRatio([2, null, 2, 2], [1, 1, null, 1], 1);
  assert.is(found?.pairs, 2);
  assert.is(pairedRatio([null, 1], [1, null], 1), null);
});

test("a round whose reference is nothing or less has no ratio", () => {
  assert.is(pairedRatio([1, 1], [0, -1], 1), null);
});

test("unpaired rounds may differ in number", () => {
  const found = unpairedRatio([4, 4, 4], [2, 2, null, 2, 2, 2], 1);
  assert.is(found?.ratio.median, 2);
  assert.is(found?.pairs, 3);
});

test("unpaired rounds too near to zero have no ratio, rather than an infinite one", () => {
  assert.is(unpairedRatio([1, 1, 1, 1], [0.01, -0.01, 0.02, -0.02], 1), null);
});

test("faster and slower are said only where the interval leaves 1 out", () => {
  assert.is(wordFor({ ratio: ratio(1.01, 1.2), pairs: 9 }), "slower");
  assert.is(wordFor({ ratio: ratio(0.8, 0.99), pairs: 9 }), "faster");
  assert.is(wordFor({ ratio: ratio(0.99, 1.01), pairs: 9 }), "no difference seen");
  assert.is(wordFor({ ratio: ratio(1, 1.2), pairs: 9 }), "no difference seen");
});

test("fewer than six rounds decide nothing", () => {
  assert.is(wordFor({ ratio: ratio(5, 6), pairs: 5 }), "no difference seen");
  assert.is(wordFor({ ratio: ratio(5, 6), pairs: 6 }), "slower");
});

test("a baseline is taken off round by round; dropped rounds stay dropped", () => {
  assert.equal(lessBaseline([3, null, 5, 7], [1, 1, null]), [2, null, null, null]);
});

test("a summary counts the rounds that were kept", () => {
  const { n, unit, median } = summarize([1, null, 3, 2], "ns/pair", 1);
  assert.equal({ n, unit, median }, { n: 3, unit: "ns/pair", median: 2 });
});

test.run();
