// SPDX-License-Identifier: GPL-2.0-only
/**
 * A line for each configuration that was checked, with its verdict, states, transitions, depth and time: in
 * one table; else below the name of its scenario, and what was broken below it; and only where that is too
 * wide as well without the depth, and then without the transitions; else on two lines.
 */
import type { CheckRow } from "../result/check.ts";
import { formatCount } from "../result/counts.ts";
import { distinct, isUndone, isUnexpected } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Cell, type Column, drawTable, fits, type Group, NOT_MEASURED } from "./table.ts";
import { formatNs } from "./units.ts";

/** The verdict as it is printed; in capitals where it is not as it must be. */
export function checkWord(row: CheckRow): Cell {
  const { verdict, expected, property } = row;
  const unexpected = isUnexpected(row);
  if (isUndone(row)) return { text: "INTERNAL ERROR", look: "bad" };
  if (verdict === "violated") {
    const text = `violated: ${property ?? "see the JSON"}`;
    if (unexpected) return { text: text.replace("violated", "VIOLATED"), look: "bad" };
    return { text, look: expected === null ? "bold" : "good" };
  }
  if (unexpected) return { text: `NOT CAUGHT: ${verdict}`, look: "bad" };
  return verdict === "holds" ? { text: verdict, look: "good" } : { text: verdict };
}

/** @returns "removal, put_device+rwsem", and the memory model where it is not the usual one */
export function rowName({ scenario, subject, memory }: CheckRow): string {
  return [scenario, subject, ...(memory === "sc" ? [] : [memory])].join(", ");
}

/** A way to draw the rows; the first that fits is taken. */
interface Layout {
  readonly first: Column;
  readonly groups: readonly Group[];
  /** Whether rows stand below the name of their scenario, and broken properties below their row. */
  readonly isGrouped: boolean;
  readonly isBelow: boolean;
}

export function drawRows(rows: readonly CheckRow[], canvas: Canvas): string[] {
  const scenarios = distinct(rows.map(({ scenario }) => scenario));
  const sorted = scenarios.flatMap((name) => rows.filter(({ scenario }) => scenario === name));
  const layouts = [...flatLayouts(rows), ...groupedLayouts(sorted)];
  const layout = layouts.find(({ first, groups }) => fits(first, groups, canvas.width));
  if (layout === undefined) return rows.flatMap((row) => drawRow(row, canvas));
  const [titles = "", ...lines] = drawTable(layout.first, layout.groups, canvas);
  if (!layout.isGrouped) return [titles, ...lines];
  const { style } = canvas;
  return [
    titles,
    ...lines.flatMap((line, i) => {
      const row = sorted[i] as CheckRow;
      const begins = sorted[i - 1]?.scenario !== row.scenario;
      const heading = begins ? [style.bold(row.scenario)] : [];
      const { look } = checkWord(row);
      const property = layout.isBelow ? shortWord(row).below : "";
      const below = property === "" ? [] : [`   ${property}`];
      return [...heading, line, ...below.map((one) => (look ? style[look](one) : one))];
    }),
  ];
}

/** The verdict in a word, and the property that is to be told below. */
function shortWord(row: CheckRow): { readonly cell: Cell; readonly below: string } {
  const cell = checkWord(row);
  if (row.verdict !== "violated" || isUndone(row)) return { cell, below: "" };
  const [word = "", ...property] = cell.text.split(": ");
  return { cell: { ...cell, text: word }, below: property.join(": ") };
}

function flatLayouts(rows: readonly CheckRow[]): Layout[] {
  const memory = rows.some((row) => row.memory !== "sc");
  const first = column("scenario", "left", rows, (row) => row.scenario);
  const subject = [
    column("subject", "left", rows, (row) => row.subject),
    ...(memory ? [column("memory", "left", rows, (row) => row.memory)] : []),
  ];
  const verdict = [...subject, column("verdict", "left", rows, checkWord)];
  const expected = column("expected", "left", rows, (row) => row.expected ?? NOT_MEASURED);
  const figures = figuresOf(rows);
  return [[...verdict, expected], verdict].map((columns) => ({
    ...{ first, groups: groupsOf(columns, figures), isGrouped: false, isBelow: false },
  }));
}

/** The subjects of each scenario below its name. */
function groupedLayouts(rows: readonly CheckRow[]): Layout[] {
  const first = column("", "left", rows, ({ subject, memory }) => {
    return memory === "sc" ? ` ${subject}` : ` ${subject}, ${memory}`;
  });
  const whole = column("verdict", "left", rows, checkWord);
  const word = column("verdict", "left", rows, (row) => shortWord(row).cell);
  const figures = figuresOf(rows);
  const [states, transitions, , time] = figures as [Column, Column, Column, Column];
  return [
    { verdict: whole, shown: figures },
    { verdict: word, shown: figures },
    { verdict: word, shown: [states, transitions, time] },
    { verdict: word, shown: [states, time] },
  ].map(({ verdict, shown }) => ({
    ...{ first, groups: groupsOf([verdict], shown), isGrouped: true, isBelow: verdict === word },
  }));
}

function groupsOf(...groups: readonly (readonly Column[])[]): Group[] {
  return groups.map((columns) => ({ title: "", columns }));
}

/** States, transitions, depth and time. */
function figuresOf(rows: readonly CheckRow[]): Column[] {
  const figure = (title: string, cell: (row: CheckRow) => string) =>
    column(title, "right", rows, cell);
  return [
    figure("states", (row) => formatCount(row.states)),
    figure("transitions", (row) => formatCount(row.transitions)),
    figure("depth", (row) => formatCount(row.depth)),
    figure("time", (row) => formatNs(row.seconds * 1e9)),
  ];
}

function column<T>(
  title: string,
  align: Column["align"],
  rows: readonly T[],
  cell: (row: T) => Cell | string,
): Column {
  return { title, align, cells: rows.map(cell) };
}

function drawRow(row: CheckRow, { width, style }: Canvas): string[] {
  const { states, transitions, depth, seconds } = row;
  const word = checkWord(row);
  const counts = `${formatCount(states)} states, ${formatCount(transitions)} transitions`;
  const figures = `${counts}, depth ${formatCount(depth)}, ${formatNs(seconds * 1e9)}`;
  const [verdict = "", ...more] = wrap(`${rowName(row)}: ${word.text}`, width, "", "  ");
  const paint = word.look ? style[word.look] : (text: string) => text;
  return [verdict, ...more].map(paint).concat(wrap(figures, width, "  "));
}
