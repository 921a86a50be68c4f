// SPDX-License-Identifier: GPL-2.0-only
/** The roles workload, set side by side: each figure of a role as a time a round, less being better. */
import { pairedRatio, wordFor } from "../stats/ratio.ts";
import type { Rounds } from "../stats/summary.ts";
import type { ComparisonRow, Metric, RoleFigure } from "./compared.ts";
import type { RoleName, RoleRow } from "./roles.ts";

const NS_PER_S = 1e9;

/** What is compared of each role: its score, and the latencies that have something to say. */
const FIGURES: Readonly<Record<RoleName, readonly RoleFigure[]>> = {
  readers: ["score", "p99", "during"],
  others: ["score", "p99", "during"],
  removers: ["score", "p50", "p99"],
  adders: ["score", "p50"],
};

/** A figure of a row: what it is, and its times, ns, one a round. */
export interface RoleTimes {
  readonly metric: Metric;
  readonly times: Rounds;
}

/** @returns the figures that the row has in some round */
export function roleTimes(row: RoleRow): RoleTimes[] {
  const { role, cpus, oversubscribed } = row;
  return FIGURES[role].flatMap((figure) => {
    const times = timesOf(row, figure);
    if (!times.some((ns) => ns !== null)) return [];
    const place = { threads: cpus, devices: null, condition: null, oversubscribed };
    return [{ metric: { what: "role" as const, ...place, role, figure }, times }];
  });
}

function timesOf({ samples, rounds }: RoleRow, figure: RoleFigure): Rounds {
  if (figure !== "score") return rounds?.[figure] ?? [];
  return samples.map((rate) => (rate === null || rate === 0 ? null : NS_PER_S / rate));
}

/**
 * Sets each gate beside a reference, round by round, in every figure that both have.
 *
 * @param reference - the gate in the denominator
 * @param seed - of the bootstrap
 */
export function compareRoles(
  rows: readonly RoleRow[],
  reference: string,
  seed: number,
): ComparisonRow[] {
  return rows.flatMap((row) => {
    const other = rows.find((r) => r.contender === reference && r.role === row.role);
    if (row.contender === reference || !other) return [];
    return roleTimes(row).flatMap(({ metric, times }) => {
      const theirs = roleTimes(other).find((one) => one.metric.figure === metric.figure);
      const ratio = theirs && pairedRatio(times, theirs.times, seed);
      return ratio
        ? [{ metric, a: row.contender, b: reference, ...ratio, word: wordFor(ratio) }]
        : [];
    });
  });
}
