// SPDX-License-Identifier: GPL-2.0-only
import { bootstrapMedian, type Interval } from "./bootstrap.ts";

export type { Interval };

/** A median with its 95 % bootstrap interval, the number of samples behind it, and its unit. */
export interface Summary extends Interval {
  readonly n: number;
  readonly unit: string;
}

/** One value a round, in round order; null where the round was dropped. */
export type Rounds = readonly (number | null)[];

/**
 * @param rounds - at least one that is not null, in `unit`
 * @param seed - of the bootstrap
 */
export function summarize(rounds: Rounds, unit: string, seed: number): Summary {
  const kept = rounds.filter((x) => x !== null);
  return { ...bootstrapMedian(kept, seed), n: kept.length, unit };
}

/**
 * Takes a baseline off, round by round.
 *
 * @param rounds, baseline - of the same run: index = round
 * @returns one value a round, same unit; null where either side lacks it
 */
export function lessBaseline(rounds: Rounds, baseline: Rounds): (number | null)[] {
  return rounds.map((x, i) => {
    const base = baseline[i] ?? null;
    return x === null || base === null ? null : x - base;
  });
}
