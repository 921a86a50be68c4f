// SPDX-License-Identifier: GPL-2.0-only
/**
 * A line for each configuration that was checked: in one table with all figures or the most important
 * ones, whichever fits; else below the name of its scenario; else on two lines.
 */
import type { CheckRow } from "../result/check.ts";
import { distinct, isUndone, isUnexpected } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Cell, type Column, drawTable, fits, type Group, NOT_MEASURED } from "./table.ts";
import { formatCount, formatNs } from "./units.ts";

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

export function drawRows(rows: readonly CheckRow[], canvas: Canvas): string[] {
  const memory = rows.some((row) => row.memory !== "sc");
  const subject = [
    column("subject", "left", rows, (row) => row.subject),
    ...(memory ? [column("memory", "left", rows, (row) => row.memory)] : []),
  ];
  const first = column("scenario", "left", rows, (row) => row.scenario);
  const flat = figureSets(rows, subject).find((groups) => fits(first, groups, canvas.width));
  if (flat !== undefined) return drawTable(first, flat, canvas);
  return drawGrouped(rows, canvas) ?? rows.flatMap((row) => drawRow(row, canvas));
}

/** The subjects of each scenario below its name. @returns null where that is too wide as well */
function drawGrouped(all: readonly CheckRow[], canvas: Canvas): string[] | null {
  const scenarios = distinct(all.map(({ scenario }) => scenario));
  const rows = scenarios.flatMap((name) => all.filter(({ scenario }) => scenario === name));
  const first = column("", "left", rows, ({ subject, memory }) => {
    return memory === "sc" ? ` ${subject}` : ` ${subject}, ${memory}`;
  });
  const groups = figureSets(rows, []).find((one) => fits(first, one, canvas.width));
  if (groups === undefined) return null;
  const [titles = "", ...lines] = drawTable(first, groups, canvas);
  return [
    titles,
    ...lines.flatMap((line, i) => {
      const scenario = rows[i]?.scenario ?? "";
      return rows[i - 1]?.scenario === scenario ? [line] : [canvas.style.bold(scenario), line];
    }),
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

/** From all columns to the most important ones. */
function figureSets(rows: readonly CheckRow[], subject: readonly Column[]): Group[][] {
  const figure = (title: string, cell: (row: CheckRow) => string) =>
    column(title, "right", rows, cell);
  const verdict = [...subject, column("verdict", "left", rows, checkWord)];
  const expected = column("expected", "left", rows, (row) => row.expected ?? NOT_MEASURED);
  const states = figure("states", (row) => formatCount(row.states));
  const transitions = figure("transitions", (row) => formatCount(row.transitions));
  const depth = figure("depth", (row) => formatCount(row.depth));
  const time = figure("time", (row) => formatNs(row.seconds * 1e9));
  return [
    [
      [...verdict, expected],
      [states, transitions, depth, time],
    ],
    [verdict, [states, transitions, depth, time]],
    [verdict, [states, transitions, time]],
    [verdict, [states, time]],
  ].map((groups) => groups.map((columns) => ({ title: "", columns })));
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
