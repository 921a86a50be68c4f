// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tables that fit the terminal. Columns come in groups; where the whole does not fit, it is cut into
 * blocks between groups, each with the first column again; where even one group does not fit, that
 * group is turned into a list, one row after the other. A cell is never wrapped or cut.
 */
import { type Canvas, printable, type Style } from "./style.ts";

export interface Cell {
  readonly text: string;
  readonly look?: keyof Style;
}

export interface Column {
  /** Above the cells; may be empty where the group's title says it all. */
  readonly title: string;
  readonly align: "left" | "right";
  /** One a row. */
  readonly cells: readonly (Cell | string)[];
}

export interface Group {
  /** Above its columns' titles; may be empty. */
  readonly title: string;
  readonly columns: readonly Column[];
}

/** A cell of it says that there is nothing to say; a row of nothing else is left out of a block. */
export const NOT_MEASURED = "-";

const GAP = "  ";
const GROUP_GAP = "   ";

/**
 * @param first - the column that names the rows
 * @returns lines without a newline; no line of it longer than canvas.width if a single cell fits
 */
export function drawTable(first: Column, groups: readonly Group[], canvas: Canvas): string[] {
  const shown = groups.filter((group) => group.columns.length > 0);
  const lines: string[] = [];
  for (const block of blocksOf(first, shown, canvas.width)) {
    if (lines.length > 0) lines.push("");
    lines.push(
      ...(blockWidth(first, block) <= canvas.width
        ? drawBlock(first, block, canvas.style)
        : drawList(first, block, canvas.style)),
    );
  }
  return lines;
}

/** Whether the table would be drawn in one block, each row on one line. */
export function fits(first: Column, groups: readonly Group[], width: number): boolean {
  return blockWidth(first, groups) <= width;
}

/** Greedy: a group goes to the block before it while that still fits. */
function blocksOf(first: Column, groups: readonly Group[], width: number): Group[][] {
  const blocks: Group[][] = [];
  for (const group of groups) {
    const last = blocks.at(-1);
    if (last && blockWidth(first, [...last, group]) <= width) last.push(group);
    else blocks.push([group]);
  }
  return blocks;
}

function blockWidth(first: Column, groups: readonly Group[]): number {
  return groups.reduce(
    (sum, group) => sum + GROUP_GAP.length + groupWidth(group),
    columnWidth(first),
  );
}

function groupWidth(group: Group): number {
  const columns = group.columns.reduce((sum, column) => sum + columnWidth(column), 0);
  return Math.max(columns + GAP.length * (group.columns.length - 1), group.title.length);
}

function columnWidth(column: Column): number {
  return Math.max(column.title.length, ...column.cells.map((cell) => textOf(cell).length));
}

function drawBlock(first: Column, groups: readonly Group[], style: Style): string[] {
  const lines: string[] = [];
  if (groups.some((group) => group.title !== "")) {
    lines.push(line([pad("", columnWidth(first), "left"), ...groups.map(groupTitle)], style.bold));
  }
  const titles = groups.map((group) => rowOfGroup(group, (column) => column.title));
  lines.push(line([pad(first.title, columnWidth(first), "left"), ...titles], style.bold));
  for (const [row, name] of first.cells.entries()) {
    if (isEmptyRow(groups, row)) continue;
    const cells = groups.map((group) => rowOfGroup(group, (column) => cellAt(column, row), style));
    lines.push(line([painted(name, columnWidth(first), "left", style), ...cells]));
  }
  return lines;
}

function groupTitle(group: Group): string {
  return pad(group.title, groupWidth(group), "left");
}

/** One row's cells of a group, joined; the last column takes up what the title needs beyond. */
function rowOfGroup(group: Group, cell: (c: Column) => Cell | string, style?: Style): string {
  const joined = group.columns
    .map((column) => painted(cell(column), columnWidth(column), column.align, style))
    .join(GAP);
  const used = group.columns.reduce((sum, c) => sum + columnWidth(c) + GAP.length, -GAP.length);
  return joined + " ".repeat(groupWidth(group) - used);
}

/** A row after the other: its name, then one line a cell. */
function drawList(first: Column, groups: readonly Group[], style: Style): string[] {
  const labels = groups.flatMap((group) => group.columns.map((column) => labelOf(group, column)));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const lines: string[] = [];
  for (const [row, name] of first.cells.entries()) {
    if (isEmptyRow(groups, row)) continue;
    lines.push(style.bold(textOf(name)));
    for (const [i, column] of groups.flatMap((group) => group.columns).entries()) {
      const cell = painted(cellAt(column, row), 0, "left", style);
      lines.push(`  ${pad(labels[i] ?? "", labelWidth, "left")}${GAP}${cell}`.trimEnd());
    }
  }
  return lines;
}

function isEmptyRow(groups: readonly Group[], row: number): boolean {
  const columns = groups.flatMap((group) => group.columns);
  return columns.every((column) => textOf(cellAt(column, row)) === NOT_MEASURED);
}

function labelOf(group: Group, column: Column): string {
  return [group.title, column.title].filter((part) => part !== "").join(", ");
}

function cellAt(column: Column, row: number): Cell | string {
  return column.cells[row] ?? "";
}

function textOf(cell: Cell | string): string {
  return printable(typeof cell === "string" ? cell : cell.text);
}

/** Padded first and painted after: escape sequences take no room on the screen. */
function painted(cell: Cell | string, width: number, align: Column["align"], style?: Style) {
  const text = textOf(cell);
  const paint = typeof cell === "string" || !cell.look ? undefined : style?.[cell.look];
  return pad(text, width, align).replace(text, () => (paint ? paint(text) : text));
}

function pad(text: string, width: number, align: Column["align"]): string {
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}

function line(parts: readonly string[], paint: (text: string) => string = (text) => text): string {
  const text = parts.join(GROUP_GAP).trimEnd();
  return text === "" ? text : paint(text);
}
