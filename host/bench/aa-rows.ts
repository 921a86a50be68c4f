// SPDX-License-Identifier: GPL-2.0-only
/** Comparisons of each gate with its own second contender, and the times behind them. */
import {
  compareGates,
  EMPTY_LOOP,
  netRounds,
  pairMetric,
  removalMetric,
} from "../result/comparison.ts";
import type { ComparisonRow, PairRow, RemovalRow } from "../result/result.ts";
import type { AaRow } from "../result/selftest.ts";
import type { Rounds } from "../stats/summary.ts";
import type { Gate } from "./contenders.ts";

/** @param both - each gate and its second contender */
export function aaRows(
  pairs: readonly PairRow[],
  removals: readonly RemovalRow[],
  both: readonly Gate[],
  run: number,
  seed: number,
): AaRow[] {
  return both.flatMap(({ name, of }) => {
    if (of === undefined) return [];
    const ours = new Set([name, of, EMPTY_LOOP]);
    const isOurs = (row: PairRow | RemovalRow) => ours.has(row.contender);
    const comparisons = compareGates(pairs.filter(isOurs), removals.filter(isOurs), of, seed);
    return comparisons.map((row) => ({
      ...row,
      run,
      times: { a: timesOf(row.a, row, pairs, removals), b: timesOf(row.b, row, pairs, removals) },
    }));
  });
}

/** What compareGates() put into the ratio for one of the two. */
function timesOf(
  contender: string,
  { metric }: ComparisonRow,
  pairs: readonly PairRow[],
  removals: readonly RemovalRow[],
): Rounds {
  const setting = JSON.stringify(metric);
  const ofContender = <R extends PairRow | RemovalRow>(row: R) => row.contender === contender;
  const removal = removals
    .filter(ofContender)
    .find((row) => JSON.stringify(removalMetric(row)) === setting);
  if (removal) return removal.samples;
  const pair = pairs.filter(ofContender).find((row) => JSON.stringify(pairMetric(row)) === setting);
  return pair ? netRounds(pair, pairs) : [];
}
