// SPDX-License-Identifier: GPL-2.0-only
/** What `check` explored and found: a line a row, then the schedules that break what does not hold. */
import type { CheckRow } from "../result/check.ts";
import type { Result } from "../result/result.ts";
import { checkWord, drawRows, rowName } from "./check-rows.ts";
import { drawCounterExample, replayOf } from "./counterexample.ts";
import { distinct, isUndone, isUnexpected } from "./rows.ts";
import { type Canvas, printable, type Style, wrap } from "./style.ts";

const NOTE =
  "holds: every schedule of the scenario was explored; bounded: nothing was found in what was. A control must be violated, wherever it has something to break, and a driver that is looked at as it stood may be. In capitals: not as it must be.";

/**
 * @param full - false: only what the decision table does not say already
 * @returns lines; none when nothing was checked
 */
export function drawChecks(result: Result, canvas: Canvas, full: boolean): string[] {
  const checks = result.checks ?? [];
  const rows = full ? checks : checks.filter((row) => isUnexpected(row) || isUndone(row));
  if (rows.length === 0) return [];
  const { dim } = canvas.style;
  const found = rows.filter(({ counterexample }) => counterexample !== null);
  const isNews = (row: CheckRow) => rows.length === 1 || isUnexpected(row);
  const known = found.filter((row) => !isNews(row)).flatMap((row) => drawKnown(row, canvas));
  return [
    ...drawRows(rows, canvas),
    "",
    ...wrap(NOTE, canvas.width).map(dim),
    ...drawCollision(rows, canvas),
    ...drawUnexplored(rows, canvas),
    ...rows.flatMap((row) => drawError(row, canvas)),
    ...(known.length > 0 ? ["", ...known] : []),
    ...found.filter(isNews).flatMap((row) => drawFound(row, canvas)),
  ];
}

function drawCollision(rows: readonly CheckRow[], { width, style }: Canvas): string[] {
  const most = rows.reduce((sum, { collision }) => sum + collision, 0);
  if (most <= 0) return []; // nothing was explored as a whole
  const exponent = Math.floor(Math.log10(most));
  const digit = Math.ceil(most / 10 ** exponent);
  const bound = digit === 10 ? `1e${exponent + 1}` : `${digit}e${exponent}`;
  const said = `The chance that some state was taken for another, and not explored, is at most ${bound}.`;
  return wrap(said, width).map(style.dim);
}

/** A line for each row of which something was left out; one for all rows where it is the same of each. */
function drawUnexplored(rows: readonly CheckRow[], { width }: Canvas): string[] {
  const of = ({ unexplored }: CheckRow) => unexplored.join(" ");
  const left = rows.filter(({ unexplored }) => unexplored.length > 0);
  const [text = "", ...others] = distinct(left.map(of));
  if (left.length === rows.length && left.length > 1 && others.length === 0) {
    return wrap(`Left out of each: ${text}`, width, "", "  ");
  }
  return left.flatMap((row) => wrap(`${rowName(row)}: left out: ${of(row)}`, width, "", "  "));
}

function drawError(row: CheckRow, { width, style }: Canvas): string[] {
  if (row.error === undefined) return [];
  return wrap(`${rowName(row)}: internal error: ${row.error}`, width, "", "  ").map(style.bad);
}

/** Among other rows: a control, or a driver as it stood. */
function drawKnown(row: CheckRow, { width }: Canvas): string[] {
  const { counterexample: found } = row;
  if (!found) return [];
  const word = row.expected === "violated" ? "caught" : "found";
  const said = `${rowName(row)}: ${word}: ${found.property}: ${found.detail}`;
  // Left whole, for copying.
  return [...wrap(said, width, "", "  "), `  again: ${printable(replayOf(row, found))}`];
}

function drawFound(row: CheckRow, canvas: Canvas): string[] {
  const { counterexample: found } = row;
  if (!found) return [];
  const { style, width } = canvas;
  const look: keyof Style = isUnexpected(row) ? "bad" : "bold";
  const heading = wrap(`${rowName(row)}: ${checkWord(row).text}`, width, "", "  ");
  return ["", ...heading.map(style[look]), ...drawCounterExample(row, found, canvas)];
}
