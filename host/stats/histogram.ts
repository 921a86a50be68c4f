// SPDX-License-Identifier: GPL-2.0-only
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
  /** Ascending, at 1, 2, 5, 10, … ns; empty buckets are left out. */
  readonly buckets: readonly Bucket[];
}
