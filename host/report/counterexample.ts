// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule that breaks something, drawn so that the bug is seen: time runs down, and each thread has
 * a column; where the terminal is too narrow for that, each step begins with its thread's name.
 */
import type { CheckRow, CounterExample } from "../result/check.ts";
import { formatCount, formatPlural } from "../result/counts.ts";
import { lastObject, objectOf, type Shown, shownSteps, skippedLines, stepLines } from "./steps.ts";
import { type Canvas, printable, type Style, wrap } from "./style.ts";

/** A column that is narrower has more breaks than words. */
const COLUMN_MIN = 30;
const COLUMN_MAX = 64;
const BAR = " | ";
/** Names of the threads, and a rule. */
const HEAD_LINES = 2;
/** In the column of a thread that sleeps. */
const ASLEEP = ":";
const CYCLE = "== from here on the same again, for ever";

type Paint = (text: string) => string;

/** The command that runs this very schedule again. */
export function replayOf(row: CheckRow, { schedule }: CounterExample): string {
  const quoted = /^[\w.,:=+@%/-]+$/.test(schedule) ? schedule : `'${schedule}'`;
  return `${row.command} --replay ${quoted}`;
}

export function drawCounterExample(row: CheckRow, found: CounterExample, canvas: Canvas): string[] {
  const { steps, switches } = found;
  const length = `${formatPlural(steps.length, "step")}, ${formatSwitches(switches)}`;
  const { head, body } = drawSteps(found, canvas);
  return [
    ...wrap(length, canvas.width, "  "),
    "",
    ...[...head, ...body],
    "",
    ...drawEnd(found, canvas),
    // Left whole, for copying. Who replayed what breaks nothing has just given that command.
    ...(row.verdict === "bounded" ? [] : [`  again: ${printable(replayOf(row, found))}`]),
  ];
}

/** The first `most` steps, a column a thread where there is room, and what stands above them. */
export function drawSteps(
  found: CounterExample,
  canvas: Canvas,
  most: number = found.steps.length,
): { head: string[]; body: string[] } {
  const { steps, threads } = found;
  const gutter = String(steps.length).length + 1;
  const room = canvas.width - gutter - BAR.length * (threads.length - 1);
  const width = Math.min(Math.floor(room / threads.length), COLUMN_MAX);
  const inColumns = width >= COLUMN_MIN && steps.every(({ thread }) => thread in threads);
  const first = { ...found, steps: steps.slice(0, most) };
  if (!inColumns) return { head: [], body: drawInARow(first, gutter, canvas) };
  const lines = drawColumns(first, gutter, width, canvas.style);
  return { head: lines.slice(0, HEAD_LINES), body: lines.slice(HEAD_LINES) };
}

function formatSwitches(switches: number): string {
  return switches === 1 ? "1 context switch" : `${formatCount(switches)} context switches`;
}

/** The last step, and what was done before to the same object, stand out. */
function paintOf(shown: Shown, found: CounterExample, style: Style): Paint {
  if (shown.kind === "skipped") return style.dim;
  if (shown.index === found.steps.length - 1) return style.bad;
  const same = objectOf(shown.step.object) === lastObject(found);
  return same ? style.bold : (text) => text;
}

/** Whether two neighbours are at one place in the source, in one thread. */
function isSameSite(a: Shown | undefined, b: Shown): boolean {
  if (a?.kind !== "step" || b.kind !== "step") return false;
  const [x, y] = [a.step, b.step];
  return x.thread === y.thread && x.fn === y.fn && x.at === y.at;
}

const threadOf = (shown: Shown) => (shown.kind === "step" ? shown.step.thread : shown.thread);

function linesOf(shown: Shown, name: string, sameSite: boolean, width: number): string[] {
  if (shown.kind === "skipped") return skippedLines(shown.count, name, width);
  return stepLines(shown.step, name, sameSite, width);
}

function drawColumns(found: CounterExample, gutter: number, width: number, style: Style): string[] {
  const names = found.threads.map((name) => printable(name).slice(0, width).padEnd(width));
  const lines = [
    style.bold(`${" ".repeat(gutter)}${names.join(BAR)}`.trimEnd()),
    `${" ".repeat(gutter)}${names.map(() => "-".repeat(width)).join("-+-")}`,
  ];
  const asleep = new Set<number>();
  const all = shownSteps(found);
  for (const [i, shown] of all.entries()) {
    const thread = threadOf(shown);
    asleep.delete(thread);
    if (shown.index === found.cycleFrom) lines.push(CYCLE);
    const cells = linesOf(shown, "", isSameSite(all[i - 1], shown), width);
    const paint = paintOf(shown, found, style);
    for (const [n, text] of cells.entries()) {
      const number = n === 0 ? String(shown.index + 1) : "";
      const row = names.map((_, column) => {
        if (column === thread) return paint(text) + " ".repeat(width - text.length);
        return (asleep.has(column) ? ASLEEP : "").padEnd(width);
      });
      lines.push(`${number.padEnd(gutter)}${row.join(BAR)}`.trimEnd());
    }
    if (shown.kind === "step" && shown.step.note?.startsWith("sleeps")) asleep.add(thread);
  }
  return lines;
}

function drawInARow(found: CounterExample, gutter: number, { width, style }: Canvas): string[] {
  const lines: string[] = [];
  for (const shown of shownSteps(found)) {
    const thread = threadOf(shown);
    const name = found.threads[thread] ?? `thread ${thread}`;
    if (shown.index === found.cycleFrom) lines.push(CYCLE);
    const paint = paintOf(shown, found, style);
    for (const [n, text] of linesOf(shown, name, false, width - gutter).entries()) {
      const number = n === 0 ? String(shown.index + 1) : "";
      lines.push(number.padEnd(gutter) + paint(text));
    }
  }
  return lines;
}

/** What was broken, who sleeps, what the objects are and how the locks stand. */
export function drawEnd(found: CounterExample, { width, style }: Canvas): string[] {
  const { property, detail, sleepers, origins, locks } = found;
  return [
    ...wrap(`${property}: ${detail}`, width, "  ", "    ").map(style.bad),
    ...sleepers.flatMap((line) => wrap(`asleep: ${line}`, width, "  ", "    ")),
    ...origins.flatMap((line) => wrap(line, width, "  ", "    ")),
    ...locks.flatMap((line) => wrap(line, width, "  ", "    ")),
  ];
}
