// SPDX-License-Identifier: GPL-2.0-only
import { bootstrapMedian, bootstrapRatioOfMedians, MIN_SAMPLES } from "./bootstrap.ts";
import type { Interval, Rounds } from "./summary.ts";

/** A ratio of times, a over b, and the number of rounds (or samples of the smaller side) behind it. */
export interface Ratio {
  readonly ratio: Interval;
  readonly pairs: number;
}

/**
 * Median of the within-round ratios a[i] / b[i]. What slows a whole round (frequency, a neighbour)
 * slows both sides of it and cancels, which a ratio of two medians would not do.
 *
 * @param a, b - of the same run: index = round; positive
 * @returns null when no round has both
 */
export function pairedRatio(a: Rounds, b: Rounds, seed: number): Ratio | null {
  const ratios: number[] = [];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? null;
    if (x !== null && y !== null && y > 0) ratios.push(x / y);
  }
  if (ratios.length === 0) return null;
  return { ratio: bootstrapMedian(ratios, seed), pairs: ratios.length };
}

/**
 * Ratio of the medians of two separate runs, whose rounds do not pair up.
 *
 * @returns null when either side has no round, or b is too near to zero to divide by
 */
export function unpairedRatio(a: Rounds, b: Rounds, seed: number): Ratio | null {
  const keptA = a.filter((x) => x !== null);
  const keptB = b.filter((x) => x !== null);
  if (keptA.length === 0 || keptB.length === 0) return null;
  if (bootstrapMedian(keptB, seed).low <= 0) return null;
  const pairs = Math.min(keptA.length, keptB.length);
  return { ratio: bootstrapRatioOfMedians(keptA, keptB, seed), pairs };
}

/**
 * What the interval allows to be said of a next to b.
 *
 * False alarms: two contenders that do not differ are called "faster" or "slower" in at most 5 of 100
 * comparisons, for any number of rounds that do not depend on one another: test/stats/coverage.test.ts,
 * and of real rounds `hotunplug selftest`. With fewer than MIN_SAMPLES rounds nothing is said.
 */
export function wordFor({ ratio, pairs }: Ratio): "faster" | "slower" | "no difference seen" {
  if (pairs < MIN_SAMPLES) return "no difference seen";
  if (ratio.low > 1) return "slower";
  if (ratio.high < 1) return "faster";
  return "no difference seen";
}
