// SPDX-License-Identifier: GPL-2.0-only
/**
 * The noise floor of a run: what comes out when a gate is set beside itself, as two contenders with
 * devices and turns of their own, by the same arithmetic as any two gates. Whatever is said of two
 * gates that differ by less is said of the computer.
 */
import { compareGates, EMPTY_LOOP } from "./comparison.ts";
import type { ComparisonRow, NoiseFloor, PairRow, RemovalRow } from "./result.ts";
import { compareRoles } from "./role-comparison.ts";
import type { RoleRow } from "./roles.ts";

/**
 * @param names - of the two contenders of the gate
 * @param seed - of the bootstrap
 * @returns null where no setting has rounds of both
 */
export function noiseFloor(
  pairs: readonly PairRow[],
  removals: readonly RemovalRow[],
  { first, second }: { readonly first: string; readonly second: string },
  seed: number,
): NoiseFloor | null {
  const both = new Set([first, second]);
  const comparisons = compareGates(
    pairs.filter((row) => both.has(row.contender) || row.contender === EMPTY_LOOP),
    removals.filter((row) => both.has(row.contender)),
    first,
    seed,
  );
  const ofSecond = <R extends PairRow | RemovalRow>(rows: readonly R[]) =>
    rows.filter((row) => row.contender === second);
  return floorOf(first, comparisons, { pairs: ofSecond(pairs), removals: ofSecond(removals) });
}

/** The same, of the roles workload. */
export function noiseFloorOfRoles(
  rows: readonly RoleRow[],
  { first, second }: { readonly first: string; readonly second: string },
  seed: number,
): NoiseFloor | null {
  const both = rows.filter(({ contender }) => contender === first || contender === second);
  return floorOf(first, compareRoles(both, first, seed), { pairs: [], removals: [] });
}

/** @param ofSecond - rows of the second contender. @returns null without comparisons */
function floorOf(
  gate: string,
  comparisons: readonly ComparisonRow[],
  ofSecond: Pick<NoiseFloor, "pairs" | "removals">,
): NoiseFloor | null {
  if (comparisons.length === 0) return null;
  const calm = comparisons.filter(({ metric }) => !metric.oversubscribed);
  const distances = (calm.length > 0 ? calm : comparisons)
    .flatMap(({ ratio }) => (ratio.median > 0 ? [distancePct(ratio.median)] : []))
    .sort((a, b) => a - b);
  return {
    gate,
    comparisons,
    alarms: comparisons.filter(({ word }) => word !== "no difference seen").length,
    middlePct: distances[distances.length >> 1] ?? null,
    mostPct: distances.at(-1) ?? null,
    ...ofSecond,
  };
}

/** How much longer the longer of two times is, %; the same whichever comes first. */
export function distancePct(ratio: number): number {
  return (Math.max(ratio, 1 / ratio) - 1) * 100;
}
