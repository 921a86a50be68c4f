// SPDX-License-Identifier: GPL-2.0-only
/** The cells as figures, and as a table: a row a name, a group of columns a number of threads. */

import { type Canvas, wrap } from "../../host/report/style.ts";
import { type Column, drawTable, type Group, NOT_MEASURED } from "../../host/report/table.ts";
import { formatNumber } from "../../host/report/units.ts";
import type { Devices } from "../../host/result/asked.ts";
import { formatPlural } from "../../host/result/counts.ts";
import { MIN_SAMPLES } from "../../host/stats/bootstrap.ts";
import { pairedRatio, type Ratio } from "../../host/stats/ratio.ts";
import { type Rounds, type Summary, summarize } from "../../host/stats/summary.ts";
import type { Cell } from "./rounds.ts";

/** Over this a gate of ours costs more than the algorithm does, and needs a reason. */
export const TARGET = 1.15;

export interface Row extends Cell {
  readonly nativeNs: Summary | null;
  readonly wasmNs: Summary | null;
  /** Median of wasm over native within a round. */
  readonly ratio: Ratio | null;
}

export function rowsOf(cells: readonly Cell[], seed: number): Row[] {
  return cells.map(({ name, kind, threads, devices, oversubscribed, native, wasm }) => ({
    ...{ name, kind, threads, devices, oversubscribed, native, wasm },
    nativeNs: summaryOf(native, seed),
    wasmNs: summaryOf(wasm, seed),
    ratio: native && wasm ? pairedRatio(wasm, native, seed) : null,
  }));
}

function summaryOf(rounds: Rounds | null, seed: number): Summary | null {
  return rounds?.some((ns) => ns !== null) ? summarize(rounds, "ns", seed) : null;
}

export function drawRows(rows: readonly Row[], canvas: Canvas): string[] {
  const names = [...new Set(rows.map(({ name }) => name))];
  const first: Column = { title: "contender", align: "left", cells: names };
  return drawTable(
    first,
    settingsOf(rows).map((setting) => groupOf(rows, names, setting)),
    canvas,
  );
}

interface Setting {
  readonly threads: number;
  readonly devices: Devices;
  readonly oversubscribed: boolean;
}

function settingsOf(rows: readonly Row[]): Setting[] {
  const settings = new Map(rows.map((row) => [`${row.threads} ${row.devices}`, row as Setting]));
  return [...settings.values()];
}

function groupOf(rows: readonly Row[], names: readonly string[], setting: Setting): Group {
  const own = names.map((name) =>
    rows.find(
      (row) =>
        row.name === name && row.threads === setting.threads && row.devices === setting.devices,
    ),
  );
  const ns = (summary: Summary | null | undefined) =>
    summary ? formatNumber(summary.median) : NOT_MEASURED;
  const where = setting.devices === "same" ? "shared device" : "a device each";
  const star = setting.oversubscribed ? " *" : "";
  return {
    title: `${formatPlural(setting.threads, "thread")}${setting.threads > 1 ? `, ${where}` : ""}${star}`,
    columns: [
      { title: "native", align: "right", cells: own.map((row) => ns(row?.nativeNs)) },
      { title: "wasm", align: "right", cells: own.map((row) => ns(row?.wasmNs)) },
      { title: "wasm/native", align: "left", cells: own.map((row) => ratioCell(row?.ratio)) },
    ],
  };
}

function ratioCell(ratio: Ratio | null | undefined): { text: string; look?: "bad" } {
  if (!ratio) return { text: NOT_MEASURED };
  const { median, low, high } = ratio.ratio;
  const range = ratio.pairs < MIN_SAMPLES ? "" : ` (${low.toFixed(2)}-${high.toFixed(2)})`;
  return {
    text: `${median.toFixed(2)}${range}`,
    ...(low > TARGET ? { look: "bad" as const } : {}),
  };
}

/** What a reader of the table must know to read it. */
export function drawNotes(
  rows: readonly Row[],
  { without, peers }: { readonly without: readonly string[]; readonly peers: boolean },
  canvas: Canvas,
): string[] {
  const rounds = Math.max(0, ...rows.map(({ ratio }) => ratio?.pairs ?? 0));
  const notes = [
    `ns a section: enter, test the pointer, read one word through it, keep it, exit; the loop itself is the empty loop. Medians of up to ${rounds} rounds; wasm/native: median of the ratios within a round, with its 95 % interval from ${MIN_SAMPLES} rounds on.`,
  ];
  const lonely = namesOf(rows.filter(({ kind, native }) => kind !== "peer" && native === null));
  if (lonely.length > 0) notes.push(`without a native twin: ${lonely.join(", ")}.`);
  const dropped = rows.filter(({ native, nativeNs, wasm, wasmNs }) => {
    return (native !== null && nativeNs === null) || (wasm !== null && wasmNs === null);
  });
  if (dropped.length > 0) {
    const which = namesOf(dropped).join(", ");
    notes.push(
      `${NOT_MEASURED}: no round could be used, some thread was kept off its core: ${which}.`,
    );
  }
  if (peers && without.length > 0)
    notes.push(`peers that are not installed: ${without.join(", ")}.`);
  if (rows.some((row) => row.oversubscribed)) {
    notes.push("* more threads than cores: the figure is the scheduler's too.");
  }
  return notes.flatMap((note) => wrap(note, canvas.width));
}

function namesOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ name }) => name))];
}
