// SPDX-License-Identifier: GPL-2.0-only
/** What a reader must know of how a run went before believing its figures, one line each. */
import { pairMetric, removalMetric } from "../result/comparison.ts";
import { formatCount, formatPlural } from "../result/counts.ts";
import type { PairRow, RemovalRow, Result } from "../result/result.ts";
import { drifts } from "../stats/steadiness.ts";
import { hasOversubscribed, metricName } from "./rows.ts";
import { formatNumber } from "./units.ts";

/** Behind the figures of a row whose halves disagree. */
export const UNSTABLE_MARK = "~";

export const UNSTABLE_NOTE =
  "~ unstable: the first half of the rounds and the last are more than 5 % apart, and not by chance.";

const STEAL_PCT = 1;
const OTHERS_PCT = 5;
const SWITCHES_PER_S = 50;
const OUTLIERS_PCT = 2;
const NAMED = 3;

export function isUnstable({ steadiness }: PairRow | RemovalRow): boolean {
  return steadiness?.unstable === true;
}

export function hasUnstable({ pairs, removals }: Result): boolean {
  return [...pairs, ...removals].some(isUnstable);
}

/** @returns warnings and notes, one sentence each */
export function steadinessRemarks(result: Result): string[] {
  // Nothing was timed, or by a writer that did not look.
  if (result.drift === undefined && !result.selftest) return [];
  return [
    ...driftWarning(result),
    ...unstableWarning(result),
    ...placeWarnings(result),
    ...outlierNote(result),
    ...unknownNote(result),
  ];
}

function driftWarning({ drift }: Result): string[] {
  if (!drift || !drifts(drift)) return [];
  const { pct, p } = drift;
  const way = pct > 0 ? "slower" : "faster";
  const size = formatNumber(Math.abs(pct));
  return [
    `warning: drift: from the first round to the last all rows together became ${size} % ${way} (Mann and Kendall's test, p ${formatNumber(p)}).`,
  ];
}

function unstableWarning({ pairs, removals }: Result): string[] {
  const names = [
    ...pairs.filter(isUnstable).map((row) => `${row.contender}, ${metricName(pairMetric(row))}`),
    ...removals
      .filter(isUnstable)
      .map((row) => `${row.contender}, ${metricName(removalMetric(row))}`),
  ];
  if (names.length === 0) return [];
  const more = names.length > NAMED ? `; and ${names.length - NAMED} more` : "";
  const rows = formatPlural(names.length, "row");
  return [`warning: ${rows} unstable: ${names.slice(0, NAMED).join("; ")}${more}.`];
}

function placeWarnings(result: Result): string[] {
  const { environment } = result;
  const over = (key: string, limit: number, text: (x: number) => string): string[] => {
    const value = environment[key];
    return typeof value === "number" && value > limit ? [`warning: ${text(value)}`] : [];
  };
  return [
    ...over("stealPct", STEAL_PCT, (pct) => {
      return `steal time: the hypervisor took ${formatNumber(pct)} % of the CPUs' time during the run.`;
    }),
    ...over("othersPct", OTHERS_PCT, (pct) => {
      return `other programs took ${formatNumber(pct)} % of the CPUs' time during the run.`;
    }),
    // Threads that outnumber the cores push one another off: that is what such rows measure.
    ...(hasOversubscribed(result)
      ? []
      : over("involuntarySwitchesPerS", SWITCHES_PER_S, (perS) => {
          return `the threads of this run were pushed off their cores ${formatCount(perS)} times a second.`;
        })),
  ];
}

function outlierNote({ pairs, removals }: Result): string[] {
  const rows = [...pairs, ...removals].flatMap(({ samples, steadiness }) =>
    steadiness
      ? [{ outliers: steadiness.outliers, rounds: samples.filter((x) => x !== null).length }]
      : [],
  );
  const outliers = rows.reduce((sum, row) => sum + row.outliers, 0);
  const rounds = rows.reduce((sum, row) => sum + row.rounds, 0);
  if (outliers <= (OUTLIERS_PCT / 100) * rounds) return [];
  const among = rows.filter((row) => row.outliers > 0).length;
  return [
    `note: ${formatCount(outliers)} of ${formatPlural(rounds, "round")}, in ${among} of ${formatPlural(rows.length, "row")}, are outliers: beyond 6 times the median distance from the row's median.`,
  ];
}

function unknownNote({ environment }: Result): string[] {
  const unknown = [
    ["stealPct", "steal time"],
    ["othersPct", "what other programs took"],
    ["involuntarySwitches", "involuntary context switches"],
  ].flatMap(([key = "", name = ""]) => (environment[key] === null ? [name] : []));
  return unknown.length > 0 ? [`note: not known on this system: ${unknown.join(", ")}.`] : [];
}
