// SPDX-License-Identifier: GPL-2.0-only
/** Claims that have short names: a table of those, and below it what each says, where, and the bound. */
import type { ClaimCell, ClaimRow } from "../result/check.ts";
import { distinct } from "./rows.ts";
import { type Canvas, printable, wrap } from "./style.ts";
import { type Cell, drawTable, NOT_MEASURED } from "./table.ts";

const NOTE =
  "yes: some schedule gets there; no: none does of those that were searched, which are named below; -: not said of it; ?: not found out. The schedule of one revision is given, those of the others are in the JSON.";

/** @param rows - each with an id */
export function drawClaimTable(
  rows: readonly ClaimRow[],
  revisions: readonly string[],
  canvas: Canvas,
): string[] {
  const columns = revisions.map((revision) => ({
    title: revision,
    align: "left" as const,
    cells: rows.map(({ cells }) => wordOf(cells.find((cell) => cell.revision === revision))),
  }));
  const first = { title: "claim", align: "left" as const, cells: rows.map(({ id }) => id ?? "") };
  return [
    ...drawTable(first, [{ title: "", columns }], canvas),
    ...wrap(NOTE, canvas.width).map(canvas.style.dim),
    ...rows.flatMap((row) => drawLegend(row, canvas)),
  ];
}

function wordOf(cell: ClaimCell | undefined): Cell {
  if (cell === undefined) return { text: NOT_MEASURED };
  if (cell.reachable === null) return { text: "?" };
  return cell.reachable ? { text: "yes", look: "bad" } : { text: "no", look: "good" };
}

function drawLegend({ id = "", claim, source, cells }: ClaimRow, canvas: Canvas): string[] {
  const { width, style } = canvas;
  return [
    "",
    ...wrap(`${id}: ${claim}`, width, "", "  ").map(style.bold),
    ...wrap(`said in: ${source}`, width, "  ", "    "),
    ...drawBounds(cells, canvas),
    ...drawAgain(cells),
  ];
}

/** What was searched, or why nothing was: for all revisions, or for some of them by name. */
function drawBounds(cells: readonly ClaimCell[], { width }: Canvas): string[] {
  const bounds = distinct(cells.map(({ bound }) => bound));
  return bounds.flatMap((bound) => {
    const of = cells.filter((cell) => cell.bound === bound);
    const names = bounds.length === 1 ? "" : `${of.map(({ revision }) => revision).join(", ")}: `;
    const unknown = of.every(({ reachable }) => reachable === null);
    const word = unknown ? "not found out" : "searched";
    return wrap(`${names}${word}: ${bound}`, width, "  ", "    ");
  });
}

/** Left whole, for copying. */
function drawAgain(cells: readonly ClaimCell[]): string[] {
  const first = cells.find(({ schedule }) => schedule !== null);
  if (first?.schedule == null) return [];
  const { command = "", schedule } = first;
  return [`  again: ${printable(`${command} --replay ${schedule}`)}`];
}
