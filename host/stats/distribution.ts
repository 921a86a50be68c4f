// SPDX-License-Identifier: GPL-2.0-only
/**
 * Distributions of a time, as tables of equally likely values: the middles of as many equal slices of
 * probability, scaled to the mean that was asked for. Whoever draws an entry at random draws from the
 * distribution, but for what lies beyond the outermost middles.
 */

export const DISTRIBUTIONS = ["fixed", "uniform", "exp", "lognormal", "bimodal"] as const;
export type DistributionKind = (typeof DISTRIBUTIONS)[number];

/** A distribution of times with this mean, ns. */
export interface Distribution {
  readonly kind: DistributionKind;
  readonly meanNs: number;
}

/** The 99.9th percentile of 1024 values is the second but last. */
const ENTRIES = 1024;
const SIGMA = 1; // of the logarithm of a log-normal time: a p99 of 6 times the mean
const BIMODAL_LONG_SHARE = 0.1;
const BIMODAL_LONG = 10; // times the short one

/** @returns ns, ascending, at least one; their mean is the distribution's, to within rounding to ns */
export function serviceTable({ kind, meanNs }: Distribution): readonly number[] {
  if (kind === "fixed" || meanNs === 0) return [meanNs];
  const shape = Array.from({ length: ENTRIES }, (_, i) => QUANTILES[kind]((i + 0.5) / ENTRIES));
  const scale = meanNs / (shape.reduce((sum, x) => sum + x, 0) / ENTRIES);
  return shape.map((x) => Math.round(x * scale));
}

/** Of a distribution of any mean: its value at probability p, 0 < p < 1. */
const QUANTILES: Readonly<Record<Exclude<DistributionKind, "fixed">, (p: number) => number>> = {
  uniform: (p) => p,
  exp: (p) => -Math.log(1 - p),
  lognormal: (p) => Math.exp(SIGMA * normalQuantile(p)),
  bimodal: (p) => (p < 1 - BIMODAL_LONG_SHARE ? 1 : BIMODAL_LONG),
};

/** Abramowitz and Stegun 26.2.23, 0 < p < 1; absolute error under 4.5e-4. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return above / below - t;
}
