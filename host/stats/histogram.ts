// SPDX-License-Identifier: GPL-2.0-only
import { percentileOfSorted } from "./median.ts";

/** How many samples fell into [fromNs, next bucket's fromNs). */
export interface Bucket {
  readonly fromNs: number;
  readonly count: number;
}

/** A distribution of latencies. Percentiles are exact (nearest rank), not read off the buckets. */
export interface Histogram {
  readonly unit: "ns";
  readonly n: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Ascending, at 0, 1, 2, 5, 10, 20, … ns; empty buckets are left out. */
  readonly buckets: readonly Bucket[];
}

/**
 * @param samples - Float64Array[n] or number[n], n > 0, ns, any order; left as they are. Integers
 *   of 64 bits are converted by the caller after subtraction.
 */
export function histogramOf(samples: readonly number[] | Float64Array): Histogram {
  const sorted = Float64Array.from(samples).sort();
  return {
    unit: "ns",
    n: sorted.length,
    p50: percentileOfSorted(sorted, 50),
    p90: percentileOfSorted(sorted, 90),
    p99: percentileOfSorted(sorted, 99),
    max: percentileOfSorted(sorted, 100),
    buckets: bucketsOf(sorted),
  };
}

function bucketsOf(sorted: Float64Array): Bucket[] {
  const buckets: Bucket[] = [];
  let fromNs = 0;
  let nextNs = 1;
  let count = 0;
  for (const sample of sorted) {
    while (sample >= nextNs) {
      if (count > 0) buckets.push({ fromNs, count });
      count = 0;
      fromNs = nextNs;
      nextNs = stepAfter(nextNs);
    }
    count++;
  }
  if (count > 0) buckets.push({ fromNs, count });
  return buckets;
}

/** 1, 2, 5, 10, 20, …: the one behind the given one. */
function stepAfter(step: number): number {
  const decade = 10 ** Math.floor(Math.log10(step) + 1e-9);
  const digit = Math.round(step / decade);
  return digit === 1 ? 2 * decade : digit === 2 ? 5 * decade : 10 * decade;
}
