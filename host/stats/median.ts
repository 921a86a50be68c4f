// SPDX-License-Identifier: GPL-2.0-only
/** Order statistics. `sorted` always means: ascending, without NaN. */

/**
 * @param samples - in any order, at least one; left as they are
 * @returns the middle sample, or the mean of the two in the middle; unit of the samples
 */
export function median(samples: readonly number[] | Float64Array): number {
  return medianOfSorted(Float64Array.from(samples).sort());
}

/** The same of samples already ascending; O(1). */
export function medianOfSorted(sorted: Float64Array): number {
  const n = sorted.length;
  if (n === 0) throw new RangeError("[harness bug] median of no samples");
  const upper = sorted[n >> 1] as number; // n > 0
  return n % 2 === 1 ? upper : ((sorted[(n >> 1) - 1] as number) + upper) / 2;
}

/**
 * Percentile by nearest rank: always a value that was seen, so a p99 of 50 samples is the largest.
 *
 * @param sorted - Float64Array[n], ascending, n > 0
 * @param p - 0 < p <= 100
 */
export function percentileOfSorted(sorted: Float64Array, p: number): number {
  const n = sorted.length;
  if (n === 0) throw new RangeError("[harness bug] percentile of no samples");
  const rank = Math.ceil((p / 100) * n - 1e-9); // 0.07 * 100 is 7.000000000000001
  return sorted[Math.min(Math.max(rank, 1), n) - 1] as number; // clamped to the array
}
