// SPDX-License-Identifier: GPL-2.0-only
/** An interval around an estimate; same unit as the estimate. */
export interface Interval {
  /** The estimate itself: a median, or a median of ratios. */
  readonly median: number;
  /** Lower end of the 95 % bootstrap interval of the median. */
  readonly low: number;
  /** Upper end of the 95 % bootstrap interval of the median. */
  readonly high: number;
}

/** A median with its 95 % bootstrap interval, the number of samples behind it, and its unit. */
export interface Summary extends Interval {
  readonly n: number;
  readonly unit: string;
}
