// SPDX-License-Identifier: GPL-2.0-only
/** How evenly something was shared out. */

/**
 * Jain's index (Jain, Chiu and Hawe, 1984): (sum x)^2 / (n * sum x^2).
 *
 * @param shares - what each got, none negative, any unit
 * @returns 1 where all got the same, 1/n where one got everything; null where nobody got anything
 */
export function jainIndex(shares: readonly number[]): number | null {
  const sum = shares.reduce((a, x) => a + x, 0);
  const squares = shares.reduce((a, x) => a + x * x, 0);
  return squares > 0 ? sum ** 2 / (shares.length * squares) : null;
}

/** @returns how many times what the poorest got the richest has; null where the poorest got nothing */
export function maxOverMin(shares: readonly number[]): number | null {
  const least = Math.min(...shares);
  return shares.length > 0 && least > 0 ? Math.max(...shares) / least : null;
}
