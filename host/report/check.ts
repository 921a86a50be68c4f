// SPDX-License-Identifier: GPL-2.0-only
/** What `check` explored and found: a line a row, then the schedules that break what does not hold. */
import type { CheckRow } from "../result/check.ts";
import type { Result } from "../result/result.ts";
import { drawCounterExample, replayOf } from "./counterexample.ts";
import { isUndone, isUnexpected } from "./rows.ts";
import { type Canvas, printable, type Style, wrap } from "./style.ts";
import { type Cell, type Column, drawTable, fits, NOT_MEASURED } from "./table.ts";
import { formatCount, formatNs } from "./units.ts";

const NOTE =
  "holds: every schedule of the scenario was explored; bounded: nothing was found in what was. A control must be violated, and a driver that is looked at as it stood may be. In capitals: not as it must be.";

/**
 * @param full - false: only what the decision table does not say already
 * @returns lines; none when nothing was checked
 */
export function drawChecks(result: Result, canvas: Canvas, full: boolean): string[] {
  const checks = result.checks ?? [];
  const rows = full ? checks : checks.filter((row) => isUnexpected(row) || isUndone(row));
  if (rows.length === 0) return [];
  const { dim } = canvas.style;
  const blocks = rows.flatMap((row) => drawFound(row, rows.length === 1, canvas));
  return [
    ...drawRows(rows, canvas),
    "",
    ...wrap(NOTE, canvas.width).map(dim),
    ...wrap(collisionText(rows), canvas.width).map(dim),
    ...rows.flatMap((row) => drawUnexplored(row, canvas)),
    ...rows.flatMap((row) => drawError(row, canvas)),
    ...blocks,
  ];
}

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

/** A table with all figures or with the most important ones, whichever fits; else two lines a row. */
function drawRows(rows: readonly CheckRow[], canvas: Canvas): string[] {
  const column = (title: string, cell: (row: CheckRow) => Cell | string): Column => ({
    title,
    align: "left",
    cells: rows.map(cell),
  });
  const figure = (title: string, cell: (row: CheckRow) => string): Column => ({
    ...column(title, cell),
    align: "right",
  });
  const memory = rows.some((row) => row.memory !== "sc");
  const first = column("scenario", (row) => row.scenario);
  const verdict = [
    column("subject", (row) => row.subject),
    ...(memory ? [column("memory", (row) => row.memory)] : []),
    column("verdict", checkWord),
  ];
  const expected = column("expected", (row) => row.expected ?? NOT_MEASURED);
  const states = figure("states", (row) => formatCount(row.states));
  const time = figure("time", (row) => formatNs(row.seconds * 1e9));
  const transitions = figure("transitions", (row) => formatCount(row.transitions));
  const depth = figure("depth", (row) => formatCount(row.depth));
  const tables = [
    [
      [...verdict, expected],
      [states, transitions, depth, time],
    ],
    [verdict, [states, time]],
  ].map((groups) => groups.map((columns) => ({ title: "", columns })));
  const fitting = tables.find((groups) => fits(first, groups, canvas.width));
  return fitting ? drawTable(first, fitting, canvas) : rows.flatMap((row) => drawRow(row, canvas));
}

function drawRow(row: CheckRow, { width, style }: Canvas): string[] {
  const { states, transitions, depth, seconds } = row;
  const word = checkWord(row);
  const counts = `${formatCount(states)} states, ${formatCount(transitions)} transitions`;
  const figures = `${counts}, depth ${formatCount(depth)}, ${formatNs(seconds * 1e9)}`;
  const [verdict = "", ...more] = wrap(`${nameOf(row)}: ${word.text}`, width, "", "  ");
  const paint = word.look ? style[word.look] : (text: string) => text;
  return [verdict, ...more].map(paint).concat(wrap(figures, width, "  "));
}

/** @returns "removal, put_device+rwsem", and the memory model where it is not the usual one */
function nameOf({ scenario, subject, memory }: CheckRow): string {
  return [scenario, subject, ...(memory === "sc" ? [] : [memory])].join(", ");
}

function collisionText(rows: readonly CheckRow[]): string {
  const most = Math.max(...rows.map(({ collision }) => collision));
  if (most <= 0) return "No state was taken for another.";
  const exponent = Math.floor(Math.log10(most));
  const bound = `${Math.ceil(most / 10 ** exponent)}e${exponent}`;
  return `The chance that some state was taken for another, and not explored, is at most ${bound}.`;
}

function drawUnexplored(row: CheckRow, { width }: Canvas): string[] {
  if (row.unexplored.length === 0) return [];
  return wrap(`${nameOf(row)}: left out: ${row.unexplored.join(" ")}`, width, "", "  ");
}

function drawError(row: CheckRow, { width, style }: Canvas): string[] {
  if (row.error === undefined) return [];
  return wrap(`${nameOf(row)}: internal error: ${row.error}`, width, "", "  ").map(style.bad);
}

/** The counterexample; of a control among other rows one line, for it is no news. */
function drawFound(row: CheckRow, alone: boolean, canvas: Canvas): string[] {
  const { counterexample: found } = row;
  if (!found) return [];
  const { style, width } = canvas;
  if (!alone && row.expected === "violated") {
    const said = `${nameOf(row)}: caught: ${found.property}: ${found.detail}`;
    // Left whole, for copying.
    return ["", ...wrap(said, width, "", "  "), `  again: ${printable(replayOf(row, found))}`];
  }
  const look: keyof Style = isUnexpected(row) ? "bad" : "bold";
  const heading = wrap(`${nameOf(row)}: ${checkWord(row).text}`, width, "", "  ");
  return ["", ...heading.map(style[look]), ...drawCounterExample(row, found, canvas)];
}
