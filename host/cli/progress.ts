// SPDX-License-Identifier: GPL-2.0-only
/** How far a run is: a bar that redraws itself on a terminal, else a plain line now and then. */
import type { Progress } from "../result/run.ts";
import type { Stream } from "./terminal.ts";

export interface ProgressView {
  update(progress: Progress): void;
  /** Removes the bar; lines stay. */
  end(): void;
}

/** A terminal is not drawn on more often than this; redrawing is not free, and nobody sees more. */
const REDRAW_MS = 100;

/** Without a terminal: a line at least so far apart in time, and in progress. */
const LINE_MS = 5_000;
const LINE_STEP = 0.1;

const BAR_COLUMNS = 24;

/**
 * @param stream - stderr, so that stdout holds the result alone
 * @param now - ms, of any monotonic clock
 */
export function progressOn(stream: Stream, now: () => number = performance.now.bind(performance)) {
  return stream.isTTY === true ? barOn(stream, now) : linesOn(stream, now);
}

function barOn(stream: Stream, now: () => number): ProgressView {
  const startedMs = now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update({ done, label }) {
      const nowMs = now();
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const full = Math.round(done * BAR_COLUMNS);
      const bar = "#".repeat(full) + ".".repeat(BAR_COLUMNS - full);
      const left = leftText(done, nowMs - startedMs);
      const line = `[${bar}] ${percentText(done)}${left}  ${label}`;
      // One column short of the edge: a full last column makes some terminals wrap.
      stream.write(`\r${line.slice(0, (stream.columns || 80) - 1)}\x1b[K`);
    },
    end() {
      if (drawnMs > Number.NEGATIVE_INFINITY) stream.write("\r\x1b[K");
    },
  };
}

function linesOn(stream: Stream, now: () => number): ProgressView {
  let saidMs = now();
  let said = 0;
  return {
    update({ done, label }) {
      const nowMs = now();
      if (nowMs - saidMs < LINE_MS || done - said < LINE_STEP) return;
      saidMs = nowMs;
      said = done;
      stream.write(`${percentText(done)}  ${label}\n`);
    },
    end() {},
  };
}

function percentText(done: number): string {
  return `${Math.floor(done * 100)} %`.padStart(5);
}

/** From the rate so far; nothing while that says little. */
function leftText(done: number, elapsedMs: number): string {
  if (done < 0.02 || done >= 1 || elapsedMs < 1000) return "";
  const leftS = Math.ceil((elapsedMs * (1 - done)) / done / 1000);
  return `  ${leftS} s left`;
}
