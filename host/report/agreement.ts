// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether a run is fit to be a baseline: the same was measured twice, in two processes, because what
 * threads pay for a line that they share is steady within a process and moves between them.
 *
 * A row agrees unless the 95 % interval of the ratio of its medians lies wholly further from 1 than
 * TOLERANCE_PCT: the two runs must be *certain* to differ by more than that. Two runs that do not
 * differ are then called so in far less than 5 % of the rows, and two whose rows are noise agree all
 * the more easily: a baseline is as sharp as its intervals, which --fail-over compares.
 */
import { pairMetric, removalMetric } from "../result/comparison.ts";
import type { ComparisonRow, Repeat, Result } from "../result/result.ts";
import { roleTimes } from "../result/role-comparison.ts";
import type { RoleRow } from "../result/roles.ts";
import { MIN_SAMPLES } from "../stats/bootstrap.ts";
import { rowName } from "./rows.ts";
import { compareResults, unlikeness } from "./side-by-side.ts";
import { formatNumber } from "./units.ts";

export const TOLERANCE_PCT = 5;

/**
 * @param first, second - results of equal parameters; the second is the one to be stored
 * @throws UsageError when they have no row in common
 */
export function repeatOf(first: Result, second: Result, baseline: string): Repeat {
  const asked = { a: "the first run", b: "the second", force: true, failOverPct: null };
  const { comparisons } = compareResults(first, second, asked, second);
  const unlike = unlikeness(first, second, true);
  const enough = comparisons.filter((row) => row.pairs >= MIN_SAMPLES);
  const named = new Set(enough.map(rowName));
  const all = new Set([...namesOf(first), ...namesOf(second)]);
  const lacking = [...all].filter((name) => !named.has(name));
  const { pairs, removals, roles } = first;
  return {
    ...{ baseline, tolerancePct: TOLERANCE_PCT, comparisons: enough, lacking, unlike },
    first: { pairs, removals, ...(roles ? { roles } : {}) },
  };
}

/** @returns a line for each row in which the runs differ or cannot be compared, and for what moved */
export function disagreements(repeat: Repeat): string[] {
  const { comparisons, lacking, unlike, tolerancePct } = repeat;
  const limit = 1 + tolerancePct / 100;
  const apart = comparisons.filter(({ ratio }) => ratio.low > limit || ratio.high < 1 / limit);
  return [
    ...apart.map((row) => `${rowName(row)}, ${formatNumber(row.ratio.median)} times as long`),
    ...lacking.map((name) => `${name}, too few rounds`),
    ...unlike,
  ];
}

/** Whether a row's interval lies above the limit with all its length. */
export function isOver({ ratio, word }: ComparisonRow, limitPct: number): boolean {
  return word === "slower" && ratio.low > 1 + limitPct / 100;
}

/** Rows whose interval reaches further below its median than that: they cannot show so small a slowdown. */
export function tooWide(rows: readonly ComparisonRow[], pct: number): ComparisonRow[] {
  return rows.filter(({ ratio }) => ratio.low * (1 + pct / 100) < ratio.median);
}

/** Rows of a baseline that a run has no counterpart of. */
export function unmeasured(baseline: Result, run: Result): string[] {
  const names = new Set(namesOf(run));
  return namesOf(baseline).filter((name) => !names.has(name));
}

/** A latency of a role is there if its rounds have samples enough, which is chance; its score always is. */
function scoreName(row: RoleRow): string[] {
  const scores = roleTimes(row).filter(({ metric }) => metric.figure === "score");
  return scores.map(({ metric }) => rowName({ a: row.contender, metric }));
}

function namesOf({ pairs, removals, roles = [] }: Result): string[] {
  return [
    ...pairs.map((row) => rowName({ a: row.contender, metric: pairMetric(row) })),
    ...removals.map((row) => rowName({ a: row.contender, metric: removalMetric(row) })),
    ...roles.flatMap(scoreName),
  ];
}
