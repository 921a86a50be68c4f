// SPDX-License-Identifier: GPL-2.0-only
/** What follows from the rows of a run by arithmetic alone. */
import { pairedRatio, type Ratio, wordFor } from "../stats/ratio.ts";
import { lessBaseline, type Rounds } from "../stats/summary.ts";
import type { BreakEvenRow, ComparisonRow, Metric, PairRow, RemovalRow } from "./result.ts";

/** The contender whose time is taken off every other. */
export const EMPTY_LOOP = "empty loop";

/** The share of an ioctl that a gate may cost before it is worth a thought. */
const BREAK_EVEN_SHARE = 0.01;

/**
 * Sets each gate beside a reference, round by round, in every setting that both were measured in.
 * Pairs and ioctls are compared net of the empty loop of the same round.
 *
 * @param reference - the gate in the denominator: a ratio of 2 means twice the reference's time
 * @param seed - of the bootstrap
 */
export function compareGates(
  pairs: readonly PairRow[],
  removals: readonly RemovalRow[],
  reference: string,
  seed: number,
): ComparisonRow[] {
  const rows: ComparisonRow[] = [];
  const push = (metric: Metric, a: string, ratio: Ratio | null) => {
    if (ratio) rows.push({ metric, a, b: reference, ...ratio, word: wordFor(ratio) });
  };
  for (const row of pairs) {
    const other = pairs.find((r) => r.contender === reference && samePairSetting(r, row));
    if (row.kind !== "gate" || row.contender === reference || !other) continue;
    const ratio = pairedRatio(netRounds(row, pairs), netRounds(other, pairs), seed);
    push(pairMetric(row), row.contender, ratio);
  }
  for (const row of removals) {
    const other = removals.find((r) => r.contender === reference && sameRemovalSetting(r, row));
    if (row.contender === reference || !other) continue;
    push(removalMetric(row), row.contender, pairedRatio(row.samples, other.samples, seed));
  }
  return rows;
}

/**
 * For each gate and setting of the read workload, how long an ioctl must be for the gate to cost
 * less than 1 % of it. Rows on an oversubscribed machine are left out: they measure the scheduler.
 */
export function breakEvens(pairs: readonly PairRow[]): BreakEvenRow[] {
  return pairs
    .filter((row) => row.kind === "gate" && row.workload === "read" && !row.oversubscribed)
    .map((row) => {
      const gateCostNs = Math.max(row.net.median, 0);
      const { contender: gate, threads, devices } = row;
      return { gate, threads, devices, gateCostNs, ioctlNs: gateCostNs / BREAK_EVEN_SHARE };
    });
}

/** @returns ns, one a round: the row less the empty loop, or the row where none was measured */
export function netRounds(row: PairRow, pairs: readonly PairRow[]): Rounds {
  const empty = pairs.find((r) => r.contender === EMPTY_LOOP && samePairSetting(r, row));
  return empty ? lessBaseline(row.samples, empty.samples) : row.samples;
}

export function samePairSetting(a: PairRow, b: PairRow): boolean {
  return a.workload === b.workload && a.threads === b.threads && a.devices === b.devices;
}

export function sameRemovalSetting(a: RemovalRow, b: RemovalRow): boolean {
  return a.condition === b.condition && a.readers === b.readers;
}

export function pairMetric(row: PairRow): Metric {
  const { threads, devices, oversubscribed } = row;
  const what = row.workload === "read" ? "pair" : "ioctl";
  return { what, threads, devices, condition: null, oversubscribed };
}

export function removalMetric(row: RemovalRow): Metric {
  const { condition, oversubscribed } = row;
  return { what: "removal", threads: row.readers, devices: null, condition, oversubscribed };
}
