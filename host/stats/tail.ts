// SPDX-License-Identifier: GPL-2.0-only
import { percentileOfSorted } from "./median.ts";

/** The far end of a distribution of latencies. Percentiles are exact, by nearest rank. */
export interface Tail {
  readonly unit: "ns";
  /** Samples that the percentiles are of. */
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  /** Null with fewer than P999_SAMPLES: it would be the greatest of them, whatever it is. */
  readonly p999: number | null;
  /** The greatest that was seen, kept as a sample or not. */
  readonly max: number;
}

export const P999_SAMPLES = 1000;

/**
 * @param samples - in any order, ns; left as they are
 * @param longest - the greatest that was seen where not every sample was kept, ns
 * @returns null without a sample
 */
export function tailOf(samples: readonly number[], longest = 0): Tail | null {
  if (samples.length === 0) return null;
  const sorted = Float64Array.from(samples).sort();
  return {
    unit: "ns",
    n: sorted.length,
    p50: percentileOfSorted(sorted, 50),
    p99: percentileOfSorted(sorted, 99),
    p999: sorted.length < P999_SAMPLES ? null : percentileOfSorted(sorted, 99.9),
    max: Math.max(percentileOfSorted(sorted, 100), longest),
  };
}
