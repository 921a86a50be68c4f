// SPDX-License-Identifier: GPL-2.0-only

/**
 * P(X > x) of a standard normal X for x >= 0. Abramowitz and Stegun 26.2.17; absolute error under 1e-7.
 */
export function normalTail(x: number): number {
  const t = 1 / (1 + 0.2316419 * x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const poly =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return density * poly;
}
