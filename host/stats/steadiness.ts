// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether the rounds of a run look like repetitions of one and the same thing.
 *
 * Rules:   S1  An outlier is a round further from the median than 6 times the median distance from it
 *              (MAD), and than 1 % of the median. Of normal rounds that is one in 20,000.
 *          S2  Rounds are unstable when their first half and their last disagree: the medians are more
 *              than 5 % apart, and Mann and Whitney's test has p < 0.01. (Of an odd number the middle
 *              one is left out.) Under 10 rounds that cannot be said.
 *          S3  Rounds drift when Mann and Kendall's test for a trend has p < 0.01. Under 8 rounds that
 *              cannot be said. How far, is the median slope between two rounds (Theil and Sen) times
 *              the length of the run. Of more than 200 rounds the medians of 200 parts are taken.
 */
import { median } from "./median.ts";
import { rankSumP, trendP } from "./ranks.ts";
import type { Rounds } from "./summary.ts";

const OUTLIER_MADS = 6;
const OUTLIER_LEAST = 0.01;
const HALVES_APART = 0.05;
const HALVES_ROUNDS = 10;
const DRIFT_ROUNDS = 8;
const DRIFT_PARTS = 200;
const CERTAIN = 0.01;

export interface Steadiness {
  readonly outliers: number;
  /** Null: too few rounds to say. */
  readonly unstable: boolean | null;
  readonly drift: Drift | null;
}

export interface Drift {
  /** From the first round to the last, % of the median; above 0: it took longer and longer. */
  readonly pct: number;
  /** Of Mann and Kendall's test. */
  readonly p: number;
}

/** @param rounds - in round order; those that were dropped do not count */
export function steadinessOf(rounds: Rounds): Steadiness {
  const kept = rounds.filter((x) => x !== null);
  return {
    outliers: kept.length === 0 ? 0 : outliersIn(kept),
    unstable: kept.length < HALVES_ROUNDS ? null : halvesDisagree(kept),
    drift: driftOf(rounds),
  };
}

/** S1. @param values - at least one */
export function outliersIn(values: readonly number[]): number {
  const middle = median(values);
  const distances = values.map((x) => Math.abs(x - middle));
  const most = Math.max(OUTLIER_MADS * median(distances), OUTLIER_LEAST * Math.abs(middle));
  return distances.filter((distance) => distance > most).length;
}

/** S2 */
function halvesDisagree(values: readonly number[]): boolean {
  const half = values.length >> 1;
  const [first, last] = [values.slice(0, half), values.slice(-half)];
  const [a, b] = [median(first), median(last)];
  const apart = Math.abs(a - b) > HALVES_APART * Math.min(Math.abs(a), Math.abs(b));
  return apart && rankSumP(first, last) < CERTAIN;
}

/** S3. @returns null for too few values, or a median of 0 */
export function driftOf(rounds: Rounds): Drift | null {
  const kept = rounds.filter((x) => x !== null);
  if (kept.length < DRIFT_ROUNDS) return null;
  const values = partsOf(kept, DRIFT_PARTS);
  const n = values.length;
  const middle = median(values);
  if (middle === 0) return null;
  const slopes: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      slopes.push(((values[i] as number) - (values[j] as number)) / (i - j));
    }
  }
  return { pct: ((median(slopes) * (n - 1)) / Math.abs(middle)) * 100, p: trendP(values) };
}

/** Every pair is looked at, and of thousands of rounds there are too many. */
function partsOf(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values;
  const at = (part: number) => Math.floor((part * values.length) / most);
  return Array.from({ length: most }, (_, part) => median(values.slice(at(part), at(part + 1))));
}

export function drifts(drift: Drift | null): boolean {
  return drift !== null && drift.p < CERTAIN;
}

/**
 * The pace of a whole run: what each round took, by the usual time of each row; 1 is the usual pace.
 *
 * @param rows - rounds of each row, all of one run
 * @returns one a round; null where no row has it
 */
export function paceOf(rows: readonly Rounds[]): Rounds {
  const scaled = rows.flatMap((rounds) => {
    const kept = rounds.filter((x) => x !== null);
    const usual = kept.length > 0 ? median(kept) : 0;
    return usual > 0 ? [rounds.map((x) => (x === null ? null : x / usual))] : [];
  });
  const length = Math.max(0, ...scaled.map((rounds) => rounds.length));
  return Array.from({ length }, (_, i) => {
    const here = scaled.flatMap((rounds) => rounds[i] ?? []);
    return here.length > 0 ? median(here) : null;
  });
}
