// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { median, percentileOfSorted } from "../../host/stats/median.ts";

test("the median of an odd number is the middle one, of an even number the mean of two", () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([7]), 7);
});

test("the median sorts by value, not by text, and leaves its argument as it is", () => {
  const samples = [10, 9, 100];
  assert.is(median(samples), 10);
  assert.equal(samples, [10, 9, 100]);
});

test("a percentile is the nearest rank: always a sample, never between two", () => {
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  assert.is(percentileOfSorted(sorted, 50), 50);
  assert.is(percentileOfSorted(sorted, 99), 99);
  assert.is(percentileOfSorted(sorted, 99.5), 100);
  assert.is(percentileOfSorted(sorted, 100), 100);
  assert.is(percentileOfSorted(sorted.subarray(0, 50), 99), 50);
});

test("a percentile that falls on a rank is not pushed past it by rounding", () => {
  // 0.07 * 100 is 7.000000000000001 in binary.
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  assert.is(percentileOfSorted(sorted, 7), 7);
});

test("no samples: no median", () => {
  assert.throws(() => median([]), /harness bug/);
  assert.throws(() => percentileOfSorted(new Float64Array(), 50), /harness bug/);
});

test.run();
