// SPDX-License-Identifier: GPL-2.0-only
/** Two saved results, row by row: B beside A. */
import { UsageError } from "../errors.ts";
import type { SavedAsked } from "../result/asked.ts";
import {
  netRounds,
  pairMetric,
  removalMetric,
  samePairSetting,
  sameRemovalSetting,
} from "../result/comparison.ts";
import type { ComparisonRow, Json, Metric, Result, StormRow } from "../result/result.ts";
import { roleTimes } from "../result/role-comparison.ts";
import type { RolesAsked } from "../result/roles.ts";
import { type Ratio, unpairedRatio, wordFor } from "../stats/ratio.ts";
import { acrossProcesses, capturesOf } from "./captures.ts";
import { distinct, verdictStorms } from "./rows.ts";

/** What differs between any two runs of the same machine, and says nothing about it. */
const VOLATILE_KEYS = new Set([
  ...["loadAverage", "loadAverageAfter", "stealPct", "stealTicks", "memoryAvailableBytes"],
  ...["othersPct", "involuntarySwitches", "involuntarySwitchesPerS"],
  ...["clockResolutionNs", "clockCostNs", "tier"],
]);

/** What two results are usually compared *for*: named, but no reason to refuse. */
const SUBJECT_KEYS = new Set(["kernelSha256"]);

/** Parameters that change what a figure means. */
const ASKED_KEYS = ["windowMs", "serviceNs", "service", "body", "tier"] as const;

const SEED = 1;

/** The part of a result that says whether its figures may be set beside another's. */
export type Place = Pick<Result, "environment" | "tier" | "asked">;

/**
 * @param ofOneKernel - whether two builds of kernel.wasm are unlike too
 * @returns one line for each thing that makes the figures of two runs incomparable
 */
export function unlikeness(a: Place, b: Place, ofOneKernel = false): string[] {
  const differs = (name: string, x: Json | undefined, y: Json | undefined): string[] => {
    const [left, right] = [
      JSON.stringify(x) ?? "not recorded",
      JSON.stringify(y) ?? "not recorded",
    ];
    return left === right ? [] : [`${name}: ${left} and ${right}`];
  };
  const keys = new Set([...Object.keys(a.environment), ...Object.keys(b.environment)]);
  const environment = [...keys]
    .filter((key) => !VOLATILE_KEYS.has(key) && (ofOneKernel || !SUBJECT_KEYS.has(key)))
    .flatMap((key) => differs(key, a.environment[key], b.environment[key]));
  const [askedA, askedB] = [a, b].map((r) => r.asked as unknown as Record<string, Json>);
  const asked = ASKED_KEYS.flatMap((key) => differs(key, askedA?.[key], askedB?.[key]));
  const roles = rolesApart(a, b).map(([name, x, y]) => differs(name, x, y));
  const tier = differs("tier in force", a.tier.inForce, b.tier.inForce);
  return [...environment, ...tier, ...asked, ...roles.flat()];
}

/** What of the roles is to be compared, of two runs of that workload. */
function rolesApart(a: Place, b: Place): [name: string, x: Json, y: Json][] {
  const [left, right] = [a, b].map(({ asked }) => ("roles" in asked ? asked.roles : undefined));
  if (!left || !right) return []; // then they have no row in common
  const flat = ({ roles, ...others }: RolesAsked) =>
    ({ ...roles, ...others }) as unknown as Record<string, Json>;
  const [x, y] = [flat(left), flat(right)];
  return Object.keys(x).map((key) => [key, x[key] ?? null, y[key] ?? null]);
}

/**
 * @param asked - a, b: what messages call the two
 * @throws UsageError that names every difference, unless forced
 * @returns the differences all the same
 */
export function refuseUnlike(
  a: Place,
  b: Place,
  asked: Pick<SavedAsked, "a" | "b" | "force">,
  ofOneKernel = false,
): string[] {
  const unlike = unlikeness(a, b, ofOneKernel);
  if (unlike.length === 0 || asked.force) return unlike;
  throw new UsageError(
    `${asked.a} and ${asked.b} were measured in unlike environments (--force compares them all the same): ${unlike.join("; ")}`,
  );
}

/**
 * @param now - when and by which version the comparison is made
 * @returns a result that holds ratios only: time in B over time in A
 * @throws UsageError, unless forced, when the environments are unlike; when no row is in both
 */
export function compareResults(
  a: Result,
  b: Result,
  asked: SavedAsked,
  now: Pick<Result, "tool" | "startedAt">,
  ofOneKernel = false,
): Result {
  const unlike = refuseUnlike(a, b, asked, ofOneKernel);
  const lists = capturesOf(b).flatMap((now) => capturesOf(a).map((then) => rowsOf(then, now)));
  const comparisons = acrossProcesses(lists);
  if (comparisons.length === 0) {
    throw new UsageError(`${asked.a} and ${asked.b} have no row in common`);
  }
  return {
    ...now,
    schema: a.schema,
    command: "compare",
    asked,
    environment: b.environment,
    tier: b.tier,
    durationS: 0,
    gates: b.gates,
    pairs: [],
    removals: [],
    storms: [],
    comparisons,
    breakEvens: [],
    notes: [...notesOf(a, b), ...unlike.map((line) => `unlike environments: ${line}`)],
  };
}

function rowsOf(a: Result, b: Result): ComparisonRow[] {
  return [...pairRows(a, b), ...removalRows(a, b), ...roleRows(a, b)];
}

function pairRows(a: Result, b: Result): ComparisonRow[] {
  return b.pairs.flatMap((row) => {
    const other = a.pairs.find((r) => r.contender === row.contender && samePairSetting(r, row));
    if (!other) return [];
    const raw = () => unpairedRatio(row.samples, other.samples, SEED);
    const net = () => unpairedRatio(netRounds(row, b.pairs), netRounds(other, a.pairs), SEED);
    // Net where there is something left to divide by: not of baselines, nor of a gate that does nothing.
    const ratio = row.kind === "baseline" ? raw() : (net() ?? raw());
    return rowOf(pairMetric(row), row.contender, ratio);
  });
}

function removalRows(a: Result, b: Result): ComparisonRow[] {
  return b.removals.flatMap((row) => {
    const same = (r: typeof row) => r.contender === row.contender && sameRemovalSetting(r, row);
    const other = a.removals.find(same);
    if (!other) return [];
    const ratio = unpairedRatio(row.samples, other.samples, SEED);
    return rowOf(removalMetric(row), row.contender, ratio);
  });
}

function roleRows(a: Result, b: Result): ComparisonRow[] {
  return (b.roles ?? []).flatMap((row) => {
    const other = a.roles?.find((r) => r.contender === row.contender && r.role === row.role);
    if (!other) return [];
    return roleTimes(row).flatMap(({ metric, times }) => {
      const before = roleTimes(other).find((one) => one.metric.figure === metric.figure);
      return before ? rowOf(metric, row.contender, unpairedRatio(times, before.times, SEED)) : [];
    });
  });
}

function rowOf(metric: Metric, contender: string, ratio: Ratio | null): ComparisonRow[] {
  if (!ratio) return [];
  return [{ metric, a: contender, b: contender, ...ratio, word: wordFor(ratio) }];
}

function notesOf(a: Result, b: Result): string[] {
  const notes: string[] = [];
  const [left, right] = [a, b].map((result) => result.environment["kernelSha256"]);
  if (left !== right) notes.push("the two runs timed different builds of kernel.wasm.");
  for (const [name, result] of [["A", a] as const, ["B", b] as const]) {
    if (result.interrupted) notes.push(`${name} was interrupted: it may lack rows.`);
  }
  const before = verdictStorms(a);
  const verdicts = verdictStorms(b).flatMap((storm) => {
    const alike = (s: StormRow) => s.driver === storm.driver && s.sanitized === storm.sanitized;
    const other = before.find(alike);
    if (!other || other.held === storm.held) return [];
    const [then, now] = other.held ? ["held", "did not"] : ["did not hold", "did"];
    return [`${storm.driver} ${then} in A and ${now} in B.`];
  });
  return [...notes, ...distinct(verdicts)];
}
