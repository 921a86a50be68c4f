// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { histogramOf } from "../../host/stats/histogram.ts";

test("percentiles come from the samples, not from the buckets", () => {
  const samples = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  const { n, p50, p90, p99, max } = histogramOf(samples);
  assert.equal({ n, p50, p90, p99, max }, { n: 1000, p50: 500, p90: 900, p99: 990, max: 1000 });
});

test("buckets begin at 1, 2, 5, 10, and empty ones are left out", () => {
  const { buckets } = histogramOf([0, 0.5, 1, 1.9, 2, 4.99, 5, 9, 10, 1_500_000]);
  assert.equal(buckets, [
    { fromNs: 0, count: 2 },
    { fromNs: 1, count: 2 },
    { fromNs: 2, count: 2 },
    { fromNs: 5, count: 2 },
    { fromNs: 10, count: 1 },
    { fromNs: 1_000_000, count: 1 },
  ]);
});

test("buckets hold every sample once, up to hours in ns", () => {
  const samples = Float64Array.from({ length: 300 }, (_, i) => 1.1 ** i);
  const total = histogramOf(samples).buckets.reduce((sum, { count }) => sum + count, 0);
  assert.is(total, 300);
});

test("one sample is every percentile", () => {
  const { p50, p90, p99, max } = histogramOf([42]);
  assert.equal([p50, p90, p99, max], [42, 42, 42, 42]);
});

test.run();
