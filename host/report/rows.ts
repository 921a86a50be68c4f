// SPDX-License-Identifier: GPL-2.0-only
/** How the drawings find, order and name the rows of a result. */
import type { Devices } from "../result/asked.ts";
import type { CheckRow } from "../result/check.ts";
import { EMPTY_LOOP, samePairSetting } from "../result/comparison.ts";
import { formatPlural } from "../result/counts.ts";
import type { ComparisonRow, Metric, Result, StormRow } from "../result/result.ts";
import type { RoleName } from "../result/roles.ts";
import type { Cell } from "./table.ts";

/** Contenders in the order to be drawn: gates as listed, then baselines, the empty loop last. */
export function contendersOf(result: Result): string[] {
  const names = new Set(result.gates.map((gate) => gate.name));
  for (const row of result.pairs) if (row.kind === "gate") names.add(row.contender);
  for (const row of result.removals) names.add(row.contender);
  for (const row of verdictStorms(result)) if (row.gate !== null) names.add(row.gate);
  const baselines = result.pairs.filter((row) => row.kind === "baseline");
  for (const row of baselines) if (row.contender !== EMPTY_LOOP) names.add(row.contender);
  if (baselines.some((row) => row.contender === EMPTY_LOOP)) names.add(EMPTY_LOOP);
  return [...names];
}

/** A negative control is there to be caught; what it costs is the floor, not an offer. */
export function isControl(result: Result, gate: string | null): boolean {
  return result.gates.some((facts) => facts.name === gate && facts.control === true);
}

/** Whether no ioctl goes through it: a body may not sleep inside, and an ioctl does. */
export function isUnfit(result: Result, gate: string | null): boolean {
  return result.gates.some((facts) => facts.name === gate && facts.atomic === true);
}

/** The storms that a verdict is drawn from: not those of the driver as it stood. */
export function verdictStorms(result: Result): StormRow[] {
  return result.storms.filter((storm) => !storm.asFound);
}

/** What a storm says of its driver, in a word or two, and whether that is as it should be. */
export function stormWord(result: Result, storm: StormRow): { text: string; expected: boolean } {
  if (!isControl(result, storm.gate)) {
    return { text: storm.held ? "held" : "VIOLATED", expected: storm.held };
  }
  return { text: storm.held ? "NOT CAUGHT" : "caught", expected: !storm.held };
}

/** Whether a check says the opposite of what a sound tool must say of a sound driver, or of a control. */
export function isUnexpected(row: CheckRow): boolean {
  const { expected, verdict } = row;
  if (isUndone(row)) return false;
  return expected === "violated"
    ? verdict !== "violated"
    : expected === "holds" && verdict === "violated";
}

/** A verdict in the words of the storms, for a table of both. */
export function checkedWord(row: CheckRow): Cell {
  const { verdict, expected } = row;
  const unexpected = isUnexpected(row);
  if (isUndone(row)) return { text: "ERROR", look: "bad" };
  if (expected === "violated" && unexpected) return { text: "NOT CAUGHT", look: "bad" };
  if (expected === "violated") return { text: "caught", look: "good" };
  if (verdict === "violated") {
    return unexpected ? { text: "VIOLATED", look: "bad" } : { text: "violated", look: "bold" };
  }
  return verdict === "holds" ? { text: "held", look: "good" } : { text: verdict };
}

/** Whether the checker failed before it had a verdict. */
export function isUndone({ error, verdict }: CheckRow): boolean {
  return error !== undefined && verdict !== "violated";
}

/** What the threads do not share in words, or do. */
export function devicesName(devices: Devices): string {
  return devices === "same" ? "shared device" : "own device";
}

/** @returns "pair, shared device, 2 threads", "removal, busy, 1 reader"; "*" where oversubscribed */
export function metricName(metric: Metric): string {
  const mark = metric.oversubscribed ? "*" : "";
  if (metric.what === "removal") {
    const readers =
      metric.condition === "idle" ? "" : `, ${formatPlural(metric.threads, "reader")}`;
    return `removal, ${metric.condition}${readers}${mark}`;
  }
  if (metric.what === "role") return `${roleFigureName(metric)}${mark}`;
  const where = devicesName(metric.devices ?? "same");
  return `${metric.what}, ${where}, ${formatPlural(metric.threads, "thread")}${mark}`;
}

/** What each role does, in a word. */
export const OPERATION: Readonly<Record<RoleName, string>> = {
  readers: "enter()",
  others: "enter()",
  removers: "kill()",
  adders: "add",
};

/** @returns "2 readers, time per operation", "1 remover, kill() p50" */
function roleFigureName({ role = "readers", figure = "score", threads }: Metric): string {
  const who = formatPlural(threads, role.slice(0, -1));
  if (figure === "score") return `${who}, time per operation`;
  const during = role === "others" ? "during removals" : "during a removal";
  return `${who}, ${OPERATION[role]} ${figure === "during" ? `p99 ${during}` : figure}`;
}

/** @returns "rwsem, pair, shared device, 2 threads" */
export function rowName({ a, metric }: Pick<ComparisonRow, "a" | "metric">): string {
  return `${a}, ${metricName(metric)}`;
}

/** Whether the rows set one saved result beside another, and not gates beside each other. */
export function isSideBySide(rows: readonly ComparisonRow[]): boolean {
  return rows.length > 0 && rows.every((row) => row.a === row.b);
}

/** Distinct values in the order of first appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** Whether a drawing of the result has a figure that needs the footnote. */
export function hasOversubscribed(result: Result): boolean {
  return [...result.pairs, ...result.removals].some((row) => row.oversubscribed);
}

/** Whether some gate has no figure in a setting where another one has: rounds can be dropped. */
export function lacksRows(result: Result): boolean {
  const { pairs } = result;
  const gates = distinct(pairs.filter((row) => row.kind === "gate").map((row) => row.contender));
  return pairs.some((row) =>
    gates
      .filter((gate) => row.workload !== "ioctl" || !isUnfit(result, gate))
      .some((gate) => !pairs.some((r) => r.contender === gate && samePairSetting(r, row))),
  );
}
