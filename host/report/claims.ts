// SPDX-License-Identifier: GPL-2.0-only
/** What was said of the driver, and at which of its revisions some schedule gets there. */
import type { ClaimCell, ClaimRow } from "../result/check.ts";
import type { Result } from "../result/result.ts";
import { drawClaimTable } from "./claim-table.ts";
import { distinct } from "./rows.ts";
import { type Canvas, printable, wrap } from "./style.ts";
import { type Cell, type Column, drawTable, fits, NOT_MEASURED } from "./table.ts";

const HEADING = "What was said of the driver, and whether a schedule gets there";

/** @returns lines; none when no claim was looked into */
export function drawClaims(result: Result, canvas: Canvas): string[] {
  const rows = result.claims ?? [];
  if (rows.length === 0) return [];
  const heading = wrap(HEADING, canvas.width).map(canvas.style.bold);
  const revisions = distinct(rows.flatMap(({ cells }) => cells.map(({ revision }) => revision)));
  if (rows.every(({ id }) => id !== undefined)) {
    return [...heading, ...drawClaimTable(rows, revisions, canvas)];
  }
  const column = (title: string, cell: (row: ClaimRow) => Cell | string): Column => ({
    title,
    align: "left",
    cells: rows.map(cell),
  });
  const first = column("claim", (row) => row.claim);
  const columns = revisions.map((revision) =>
    column(revision, (row) => reachWord(row.cells.find((cell) => cell.revision === revision))),
  );
  const groups = [
    { title: "", columns },
    { title: "", columns: [column("said in", (row) => row.source)] },
  ];
  if (!fits(first, groups, canvas.width)) {
    return [...heading, ...rows.flatMap((row) => drawClaim(row, canvas))];
  }
  const table = drawTable(first, groups, canvas);
  return [...heading, ...table, ...drawBounds(rows, canvas), ...drawSchedules(rows, canvas)];
}

function reachWord(cell: ClaimCell | undefined): Cell {
  if (!cell) return { text: NOT_MEASURED };
  if (cell.reachable === null) return { text: "not known" };
  if (cell.reachable) return { text: "reachable", look: "bad" };
  return { text: "not reachable", look: "good" };
}

/** Where the table does not fit: the claim, then a line or two a revision. */
function drawClaim({ claim, source, cells }: ClaimRow, { width, style }: Canvas): string[] {
  return [
    ...wrap(claim, width, "", "  ").map(style.bold),
    ...wrap(`said in ${source}`, width, "  ", "    "),
    ...cells.flatMap((cell) => [
      ...wrap(`${cell.revision}: ${reachWord(cell).text}; ${cell.bound}`, width, "  ", "    "),
      ...scheduleLine(cell),
    ]),
  ];
}

/** Left whole, for copying. */
function scheduleLine({ schedule }: ClaimCell): string[] {
  return schedule === null ? [] : [`  schedule: ${printable(schedule)}`];
}

/** What "not reachable" is worth: what was searched for most of the cells, then where it was not that. */
function drawBounds(rows: readonly ClaimRow[], { width, style }: Canvas): string[] {
  const cells = rows.flatMap(({ claim, cells }) => cells.map((cell) => ({ ...cell, claim })));
  const times = (bound: string) => cells.filter((cell) => cell.bound === bound).length;
  const bounds = distinct(cells.map(({ bound }) => bound));
  const usual = bounds.sort((a, b) => times(b) - times(a))[0];
  if (usual === undefined) return [];
  const others = cells
    .filter(({ bound }) => bound !== usual)
    .map(({ claim, revision, bound }) => `${claim}, ${revision}: ${bound}`);
  const lines = [`searched: ${usual}${others.length > 0 ? ", but:" : ""}`, ...others];
  return lines.flatMap((line) => wrap(line, width, "", "  ").map(style.dim));
}

function drawSchedules(rows: readonly ClaimRow[], { width }: Canvas): string[] {
  return rows.flatMap(({ claim, cells }) =>
    cells
      .filter(({ schedule }) => schedule !== null)
      .flatMap((cell) => [
        ...wrap(`${claim}, ${cell.revision}:`, width, "", "  "),
        ...scheduleLine(cell),
      ]),
  );
}
