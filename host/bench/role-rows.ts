// SPDX-License-Identifier: GPL-2.0-only
/** What the reports of a role come to. */
import type { Fairness, Pace, RemovalWaits, RoleName, RoleRow } from "../result/roles.ts";
import { jainIndex, maxOverMin } from "../stats/fairness.ts";
import { percentileOfSorted } from "../stats/median.ts";
import { type Rounds, type Summary, summarize } from "../stats/summary.ts";
import { type Tail, tailOf } from "../stats/tail.ts";
import type { RoleReport, Sampled } from "./role-job.ts";

/** Samples of a round below which its percentile would be the greatest of few. */
const LEAST_SAMPLES = { 50: 10, 99: 100 } as const;

/** The reports of a role's CPUs: with removals, and of the run without before it. */
export interface RoleRound {
  readonly calm: readonly RoleReport[];
  readonly busy: readonly RoleReport[];
}

export interface RoleSetting {
  readonly contender: string;
  readonly role: RoleName;
  readonly pace: Pace;
  readonly oversubscribed: boolean;
  readonly overdueMs: number;
}

/** @param rounds - at least one, each with a report at least */
export function roleRow(
  { contender, role, pace, oversubscribed, overdueMs }: RoleSetting,
  rounds: readonly RoleRound[],
  seed: number,
): RoleRow {
  const busy = rounds.map((round) => round.busy);
  const all = busy.flat();
  const samples = busy.map((reports) => sumOf(reports, rateOf));
  const reads = role === "readers" || role === "others";
  return {
    ...{ contender, role, cpus: busy[0]?.length ?? 0, pace, oversubscribed },
    rate: summarize(samples, "ops/s", seed),
    samples,
    refused: all.reduce((sum, { refused }) => sum + refused, 0),
    awayPct: summarize(busy.map(awayPct), "%", seed),
    latency: tailOfAll(all.map(({ calm }) => calm)),
    during: reads ? tailOfAll(all.map(({ during }) => during)) : null,
    rounds: {
      p50: busy.map((reports) => percentileOf(reports, "calm", 50)),
      p99: busy.map((reports) => percentileOf(reports, "calm", 99)),
      during: busy.map((reports) => (reads ? percentileOf(reports, "during", 99) : null)),
    },
    clockNs: Math.max(...all.map(({ clockNs }) => clockNs)),
    effectPct: reads ? summaryOf(rounds.map(effectPct), "%", seed) : null,
    fairness: reads ? fairnessOf(busy, seed) : null,
    waits: role === "removers" ? waitsOf(all, overdueMs) : null,
  };
}

function sumOf(
  reports: readonly RoleReport[],
  of: (report: RoleReport) => number | null,
): number | null {
  const values = reports.map(of).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** @returns operations a second of the window */
function rateOf({ ops, elapsedNs }: RoleReport): number | null {
  return elapsedNs > 0 ? (ops / elapsedNs) * 1e9 : null;
}

/** @returns operations a second of the time that there was a device */
function rateThere({ ops, elapsedNs, awayNs }: RoleReport): number | null {
  return elapsedNs > awayNs ? (ops / (elapsedNs - awayNs)) * 1e9 : null;
}

function awayPct(reports: readonly RoleReport[]): number | null {
  const elapsed = reports.reduce((sum, { elapsedNs }) => sum + elapsedNs, 0);
  const away = reports.reduce((sum, { awayNs }) => sum + awayNs, 0);
  return elapsed > 0 ? (away / elapsed) * 100 : null;
}

function effectPct({ calm, busy }: RoleRound): number | null {
  const [before, after] = [sumOf(calm, rateThere), sumOf(busy, rateThere)];
  return before === null || before === 0 || after === null ? null : (after / before - 1) * 100;
}

function fairnessOf(rounds: readonly (readonly RoleReport[])[], seed: number): Fairness | null {
  if ((rounds[0]?.length ?? 0) < 2) return null;
  const shares = rounds.map((reports) => reports.map((report) => rateOf(report) ?? 0));
  const jain = summaryOf(shares.map(jainIndex), "", seed);
  const spread = shares.map(maxOverMin);
  const known = spread.every((value) => value !== null);
  return jain && { jain, maxOverMin: known ? summaryOf(spread, "", seed) : null };
}

function waitsOf(reports: readonly RoleReport[], overdueMs: number): RemovalWaits {
  return {
    removals: reports.reduce((sum, { ops }) => sum + ops, 0),
    longestNs: Math.max(...reports.map(({ calm }) => calm.longestNs)),
    deadlineNs: overdueMs * 1e6,
    overdue: reports.reduce((sum, { overdue }) => sum + overdue, 0),
  };
}

function summaryOf(values: Rounds, unit: string, seed: number): Summary | null {
  return values.some((value) => value !== null) ? summarize(values, unit, seed) : null;
}

/** @returns ns; null with fewer samples than a percentile of one round stands on */
function percentileOf(
  reports: readonly RoleReport[],
  which: "calm" | "during",
  p: 50 | 99,
): number | null {
  const samples = reports.flatMap((report) => [...report[which].samples]);
  if (samples.length < LEAST_SAMPLES[p]) return null;
  return percentileOfSorted(Float64Array.from(samples).sort(), p);
}

function tailOfAll(parts: readonly Sampled[]): Tail | null {
  const samples = parts.flatMap((part) => [...part.samples]);
  return tailOf(samples, Math.max(...parts.map(({ longestNs }) => longestNs)));
}
