// SPDX-License-Identifier: GPL-2.0-only
/** The decision table: a row a gate, everything that speaks for or against it beside it. */
import type { CheckRow } from "../result/check.ts";
import { EMPTY_LOOP } from "../result/comparison.ts";
import { formatPlural } from "../result/counts.ts";
import type { PairRow, RemovalRow, Result, StormRow } from "../result/result.ts";
import {
  checkedWord,
  contendersOf,
  devicesName,
  distinct,
  isUnfit,
  stormWord,
  verdictStorms,
} from "./rows.ts";
import { isUnstable, UNSTABLE_MARK } from "./steadiness.ts";
import type { Canvas } from "./style.ts";
import { type Cell, type Column, drawTable, type Group, NOT_MEASURED } from "./table.ts";
import { formatBytes, formatChangePct, formatNs, formatPairTime } from "./units.ts";

/** Where nothing was measured, or nothing applies. */
const NOTHING: Cell = { text: NOT_MEASURED, look: "dim" };
/** Where an ioctl would have gone through a gate that no body may sleep in. */
const UNFIT: Cell = { text: "unfit", look: "dim" };

/** @returns lines; none when the result has no row that the table could show */
export function drawDecision(result: Result, canvas: Canvas): string[] {
  const names = contendersOf(result);
  const groups = [
    ...pairGroups(result, names),
    ...removalGroups(result, names),
    duringRemoval(result, names),
    memory(result, names),
    storms(result, names),
    checks(result, names),
  ].filter((group) => group.columns.length > 0);
  if (names.length === 0 || groups.length === 0) return [];
  return drawTable({ title: "gate", align: "left", cells: names }, groups, canvas);
}

/** One group for each workload and sharing of devices, one column for each number of threads. */
function pairGroups(result: Result, names: readonly string[]): Group[] {
  const keyOf = (row: PairRow) => `${row.workload} ${row.devices}`;
  return distinct(result.pairs.map(keyOf)).map((key) => {
    const rows = result.pairs.filter((row) => keyOf(row) === key);
    const { devices, unit, workload } = rows[0] as PairRow; // the key came from a row
    const columns = distinct(rows.map((row) => row.threads)).map((threads): Column => {
      const here = rows.filter((row) => row.threads === threads);
      const mark = here.some((row) => row.oversubscribed) ? "*" : "";
      const cells = names.map((name) => {
        if (workload === "ioctl" && isUnfit(result, name)) return UNFIT;
        return pairCell(here.find((row) => row.contender === name));
      });
      return { title: `${threads} thr${mark}`, align: "right", cells };
    });
    return { title: `${unit}, ${devicesName(devices)}`, columns };
  });
}

/** Net of the empty loop; of the empty loop itself what was taken off, in brackets. */
function pairCell(row: PairRow | undefined): Cell {
  if (!row) return NOTHING;
  if (row.contender === EMPTY_LOOP) {
    return { text: `(${formatPairTime(row.raw.median)})${markOf(row)}`, look: "dim" };
  }
  return { text: `${formatPairTime(row.net.median)}${markOf(row)}` };
}

function markOf(row: PairRow | RemovalRow): string {
  return isUnstable(row) ? UNSTABLE_MARK : "";
}

/** One group for each condition and number of readers. */
function removalGroups(result: Result, names: readonly string[]): Group[] {
  const keyOf = (row: RemovalRow) => `${row.condition} ${row.readers}`;
  return distinct(result.removals.map(keyOf)).map((key) => {
    const rows = result.removals.filter((row) => keyOf(row) === key);
    const { condition, readers } = rows[0] as RemovalRow; // the key came from a row
    const mark = rows.some((row) => row.oversubscribed) ? "*" : "";
    const columns = (["p50", "p99", "max"] as const).map((title): Column => {
      const cells = names.map((name) => {
        const row = rows.find((r) => r.contender === name);
        if (!row) return NOTHING;
        const mark = title === "p50" ? markOf(row) : "";
        return { text: `${formatNs(row.latency[title])}${mark}` };
      });
      return { title, align: "right", cells };
    });
    const load = condition === "idle" ? "idle" : formatPlural(readers, "reader");
    return { title: `removal, ${load}${mark}`, columns };
  });
}

/** What others suffer while a device in use is removed: of the busy row with the most readers. */
function duringRemoval(result: Result, names: readonly string[]): Group {
  const busy = result.removals.filter((row) => row.condition === "busy");
  if (busy.length === 0) return { title: "", columns: [] };
  const rowOf = (name: string) =>
    busy
      .filter((row) => row.contender === name)
      .reduce<RemovalRow | null>((a, b) => (a && a.readers >= b.readers ? a : b), null);
  const column = (
    title: string,
    align: Column["align"],
    text: (row: RemovalRow) => string | null,
  ): Column => ({
    title,
    align,
    cells: names.map((name) => {
      const row = rowOf(name);
      const cell = row && text(row);
      return cell ? { text: cell } : NOTHING;
    }),
  });
  const change = (summary: { median: number } | null, sign: number) =>
    summary && formatChangePct(sign * summary.median);
  return {
    title: "during removal",
    columns: [
      column("entrants", "left", entrantText),
      column("readers", "right", (row) => change(row.readersLossPct, -1)),
      column("others", "right", (row) => change(row.othersEffectPct, 1)),
    ],
  };
}

function entrantText(row: RemovalRow): string {
  const word = { blocks: "block", fails: "fail", passes: "pass", spins: "spin" }[
    row.entrantOutcome
  ];
  const waits = row.entrantOutcome === "blocks" || row.entrantOutcome === "spins";
  return waits && row.entrant ? `${word} ${formatNs(row.entrant.p99)}` : word;
}

function memory(result: Result, names: readonly string[]): Group {
  if (result.gates.length === 0) return { title: "", columns: [] };
  const column = (title: string, bytesOf: (gate: Result["gates"][number]) => number): Column => ({
    title,
    align: "right",
    cells: names.map((name) => {
      const facts = result.gates.find((gate) => gate.name === name);
      return facts ? { text: formatBytes(bytesOf(facts)) } : NOTHING;
    }),
  });
  return {
    title: "memory",
    columns: [
      column("a device", (gate) => gate.bytesPerDevice),
      column("and CPU", (gate) => gate.bytesPerCpuPerDevice),
      column("global", (gate) => gate.globalBytes),
      ...(result.gates.some((gate) => gate.globalBytesPerCpu)
        ? [column("and CPU", (gate) => gate.globalBytesPerCpu ?? 0)]
        : []),
    ],
  };
}

/** What the storms said of each gate; a column for those under the sanitizer, and one for the others. */
function storms(result: Result, names: readonly string[]): Group {
  const ours = verdictStorms(result);
  const column = (title: string, rows: readonly StormRow[]): Column[] => {
    if (rows.length === 0) return [];
    const cells = names.map((name) => {
      if (isUnfit(result, name)) return UNFIT;
      const ofGate = rows.filter((storm) => storm.gate === name);
      return worstWord(ofGate.map((storm) => stormWord(result, storm)));
    });
    return [{ title, align: "left", cells }];
  };
  const sanitized = ours.filter((storm) => storm.sanitized);
  const plain = ours.filter((storm) => !storm.sanitized);
  const columns = [...column("plain", plain), ...column("sanitized", sanitized)];
  return { title: "storm", columns };
}

/** What the checks said of each gate, in the words of the storms; of an unfit one its own is all there is. */
function checks(result: Result, names: readonly string[]): Group {
  const ours = (result.checks ?? []).filter(({ gate }) => gate !== null);
  const ofDrivers = ours.filter(({ gate }) => !isUnfit(result, gate));
  const titled = ofDrivers.length > 0 ? ofDrivers : ours;
  const columns = distinct(titled.map(({ scenario }) => scenario)).map((title): Column => {
    const cells = names.map((name) => {
      const isIn = ({ scenario }: CheckRow) => scenario === title || isUnfit(result, name);
      const row = ours.find((check) => check.gate === name && isIn(check));
      return row ? checkedWord(row) : NOTHING;
    });
    return { title, align: "left", cells };
  });
  return { title: "check", columns };
}

function worstWord(words: readonly { text: string; expected: boolean }[]): Cell {
  const word = words.find(({ expected }) => !expected) ?? words[0];
  return word ? { text: word.text, look: word.expected ? "good" : "bad" } : NOTHING;
}
