// SPDX-License-Identifier: GPL-2.0-only
/** Goes through a schedule on a terminal, forwards and backwards, a key a move. */
import { drawEnd, drawSteps } from "../report/counterexample.ts";
import type { Canvas } from "../report/style.ts";
import type { CheckRow, CheckStep, CounterExample } from "../result/check.ts";
import { type Keyboard, pageOn, type Terminal } from "./terminal.ts";

export type Move = "forward" | "back" | "switch" | "end" | "quit";

const KEYS: Readonly<Record<string, Move>> = {
  ...{ n: "forward", " ": "forward", "\r": "forward", "\x1b[C": "forward", "\x1b[B": "forward" },
  ...{ p: "back", "\x1b[D": "back", "\x1b[A": "back" },
  ...{ s: "switch", e: "end" },
  ...{ q: "quit", "\x03": "quit", "\x04": "quit" },
};
const HELP = "n, space, right: on  p, left: back  s: to the next switch  e: end  q: quit";

/** The screen that was there comes back when this one is left. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const CLEAR = "\x1b[H\x1b[2J";
const ROWS = 24;

/** What others may notice, or what has more to it than an access: the rest is passed over. */
function isStop({ visible, note }: CheckStep): boolean {
  return visible || note !== null;
}

/** @param at - steps that are behind. @returns how many are after the move */
export function moved({ steps }: CounterExample, at: number, move: Move): number {
  const last = steps.length;
  if (move === "end") return last;
  if (move === "back") {
    const before = steps.slice(0, Math.max(at - 1, 0)).findLastIndex(isStop);
    return before + 1;
  }
  const thread = (steps[at - 1] ?? steps[0])?.thread;
  const stops = (step: CheckStep) => (move === "switch" ? step.thread !== thread : isStop(step));
  const next = steps.findIndex((step, index) => index >= at && stops(step));
  return next < 0 ? last : next + 1;
}

/** The screen, when `at` steps are behind. */
export function drawScreen(
  found: CounterExample,
  at: number,
  canvas: Canvas,
  rows: number,
): string[] {
  const { steps, threads } = found;
  const next = steps[at];
  const where = next
    ? [`step ${at} of ${steps.length}; next: ${threads[next.thread]}, ${next.fn} ${next.at ?? ""}`]
    : drawEnd(found, canvas);
  const foot = ["", ...where, canvas.style.dim(HELP.slice(0, canvas.width))];
  const { head, body } = drawSteps(found, canvas, at);
  const room = Math.max(rows - head.length - foot.length, 1);
  return [...head, ...body.slice(-room), ...foot];
}

/** Runs until the user has had enough; leaves the terminal as it was, whatever ends it. */
export async function stepThrough(
  { counterexample: found }: CheckRow,
  { stdin, stdout, env }: Terminal,
  width: number | null,
): Promise<void> {
  if (found === null) return;
  const restore = () => {
    stdin.setRawMode?.(false);
    stdout.write(LEAVE);
  };
  process.on("exit", restore);
  stdin.setRawMode?.(true);
  stdout.write(ENTER);
  let at = 0;
  const draw = () => {
    const { canvas } = pageOn(stdout, env, width);
    stdout.write(CLEAR + drawScreen(found, at, canvas, stdout.rows || ROWS).join("\r\n"));
  };
  stdout.on?.("resize", draw);
  try {
    draw();
    await eachMove(stdin, (move) => {
      at = moved(found, at, move);
      draw();
    });
  } finally {
    stdout.off?.("resize", draw);
    process.off("exit", restore);
    restore();
  }
}

/** Resolves at the key that quits, and when nothing can come any more. */
function eachMove(stdin: Keyboard, act: (move: Move) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      stdin.off("data", onData);
      stdin.off("end", end);
      stdin.pause();
      resolve();
    };
    const onData = (chunk: Buffer | string) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: an arrow key begins with one
      for (const key of String(chunk).match(/\x1b\[.|./gs) ?? []) {
        const move = KEYS[key];
        if (move === "quit") return end();
        if (move !== undefined) act(move);
      }
    };
    stdin.on("data", onData);
    stdin.on("end", end);
    stdin.resume();
  });
}
