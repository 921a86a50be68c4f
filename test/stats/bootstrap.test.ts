// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bootstrapMedian, bootstrapRatioOfMedians } from "../../host/stats/bootstrap.ts";
import { median } from "../../host/stats/median.ts";
import { randomFrom } from "../../host/stats/random.ts";

const SAMPLES = [11.2, 10.9, 11.1, 11.4, 10.8, 11.0, 11.3, 12.9, 11.05];

test("equal seeds give equal intervals", () => {
  assert.equal(bootstrapMedian(SAMPLES, 7), bootstrapMedian(SAMPLES, 7));
});

test("the estimate is the median of the samples, inside its interval", () => {
  const { median: estimate, low, high } = bootstrapMedian(SAMPLES, 1);
  assert.is(estimate, median(SAMPLES));
  assert.ok(low <= estimate && estimate <= high);
});

test("for 9 samples the interval ends at the second and the eighth", () => {
  // With resamples of 9, P(median <= x2) = 3.1 % is more than the 0.72 % that are cut off, and
  // P(median <= x1) = 0.14 % is less. 4000 resamples cannot miss it: 29 are cut, 6 expected at x1.
  const sorted = [...SAMPLES].sort((a, b) => a - b);
  const { low, high } = bootstrapMedian(SAMPLES, 1);
  assert.is(low, sorted[1]);
  assert.is(high, sorted[7]);
});

test("for 11 samples, where the bootstrap alone ends at the third, it ends at the second and the tenth", () => {
  // [x3, x11-2] holds the median in 93.5 % of cases, [x2, x10] in 98.8 %: the binomial distribution.
  const samples = [...SAMPLES, 10.7, 13.4];
  const sorted = [...samples].sort((a, b) => a - b);
  for (let seed = 1; seed <= 20; seed++) {
    const { low, high } = bootstrapMedian(samples, seed);
    assert.ok(low <= (sorted[1] as number) && high >= (sorted[9] as number), `seed ${seed}`);
  }
});

test("an outlier does not stretch the interval", () => {
  const { high } = bootstrapMedian([...SAMPLES.slice(0, -1), 5000], 1);
  assert.ok(high < 13, `high end is ${high}`);
});

test("equal samples leave no interval, and one sample none to speak of", () => {
  assert.equal(bootstrapMedian([5, 5, 5, 5], 1), { median: 5, low: 5, high: 5 });
  assert.equal(bootstrapMedian([5], 1), { median: 5, low: 5, high: 5 });
});

test("a ratio of medians of two runs: half is half", () => {
  const random = randomFrom(3);
  const a = Array.from({ length: 20 }, () => 10 + random());
  const b = a.map((x) => 2 * x);
  const { median: ratio, low, high } = bootstrapRatioOfMedians(a, b, 1);
  assert.ok(Math.abs(ratio - 0.5) < 1e-12);
  assert.ok(low > 0.46 && low < 0.5 && high > 0.5 && high < 0.54, `${low} to ${high}`);
});

test.run();
