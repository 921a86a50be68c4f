// SPDX-License-Identifier: GPL-2.0-only
/** How sure a share of so many cases is. */

/** A share of cases, and the ends of its 95 % interval: 0 to 1. */
export interface Share {
  readonly hits: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

const TAIL = 0.025;
const HALVINGS = 50;

/**
 * Clopper and Pearson's interval: the shares under which neither so many hits nor so few would have a
 * chance of less than 2.5 %. It holds the true share in at least 95 % of cases, whatever that is.
 *
 * @param hits, of - 0 <= hits <= of, the cases independent of one another; of none nothing is known
 */
export function shareOf(hits: number, of: number): Share {
  const low = hits === 0 ? 0 : crossing((p) => 1 - binomialCdf(hits - 1, of, p) > TAIL);
  const high = hits === of ? 1 : crossing((p) => binomialCdf(hits, of, p) < TAIL);
  return { hits, of, share: of === 0 ? 0 : hits / of, low, high };
}

/** Where a condition that is false at 0 becomes true. */
function crossing(holds: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** P(X <= k) of n cases with a chance of p each, 0 < p < 1; summed in logarithms, which never underflow. */
export function binomialCdf(k: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return Math.min(sum, 1);
}
