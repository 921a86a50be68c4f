// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests that look at the order of values only: no distribution is assumed, and one wild value weighs no
 * more than any other. Ties count half.
 */
import { normalTail } from "./normal.ts";

/** Up to so many values the chances are counted out; above, a normal distribution is near enough. */
const COUNTED_MOST = 40;

/**
 * Mann and Whitney's test: the chance, where two groups are alike, of ranks at least as far apart.
 *
 * @param a, b - at least one value each
 * @returns two-sided p
 */
export function rankSumP(a: readonly number[], b: readonly number[]): number {
  const ranks = doubledRanks([...a, ...b]);
  const n = ranks.length;
  const seen = sumOf(ranks.slice(0, a.length));
  const middle = a.length * (n + 1); // of a doubled rank sum
  const distance = Math.abs(seen - middle);
  if (n <= COUNTED_MOST) return countedP(ranks, a.length, middle, distance);
  const spread = sumOf(ranks.map((rank) => (rank - (n + 1)) ** 2));
  const variance = (a.length * b.length * spread) / (n * (n - 1));
  return variance === 0 ? 1 : 2 * normalTail(Math.max(distance - 1, 0) / Math.sqrt(variance));
}

/** Share of the ways to choose `k` of the ranks whose sum is as far from the middle. */
function countedP(ranks: readonly number[], k: number, middle: number, distance: number): number {
  const most = sumOf(ranks);
  // ways[j][s]: to choose j of the ranks looked at so far with the sum s
  const ways = Array.from({ length: k + 1 }, () => new Float64Array(most + 1));
  (ways[0] as Float64Array)[0] = 1;
  for (const rank of ranks) {
    for (let j = k; j > 0; j--) {
      const [to, from] = [ways[j] as Float64Array, ways[j - 1] as Float64Array];
      for (let s = most; s >= rank; s--) to[s] = (to[s] as number) + (from[s - rank] as number);
    }
  }
  let [all, far] = [0, 0];
  for (const [s, count] of (ways[k] as Float64Array).entries()) {
    all += count;
    if (Math.abs(s - middle) >= distance) far += count;
  }
  return far / all;
}

/** Twice the ranks, so that those of ties are whole: 1st is 2, and two that share 1st and 2nd are 3. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [i, value] of sorted.entries()) {
    if (!first.has(value)) first.set(value, i + 1);
    last.set(value, i + 1);
  }
  return values.map((value) => (first.get(value) as number) + (last.get(value) as number)); // of sorted
}

/**
 * Mann and Kendall's test: the chance, where the order means nothing, of as clear a trend.
 *
 * @param values - in order of time
 * @returns two-sided p by the normal distribution, which is near from 8 values on; 1 for fewer than 3
 */
export function trendP(values: readonly number[]): number {
  const n = values.length;
  let score = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) score += Math.sign((values[i] as number) - (values[j] as number));
  }
  const term = (t: number) => t * (t - 1) * (2 * t + 5);
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const variance = (term(n) - sumOf([...ties.values()].map(term))) / 18;
  if (n < 3 || variance <= 0) return 1;
  return Math.min(2 * normalTail(Math.max(Math.abs(score) - 1, 0) / Math.sqrt(variance)), 1);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
