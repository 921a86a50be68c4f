// SPDX-License-Identifier: GPL-2.0-only
import type { Canvas } from "../report/style.ts";
import { styleFor, wantsColour } from "../report/style.ts";

/** The part of a standard stream that the commands use. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Of a terminal: whoever draws whole screens draws again. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

/** The part of standard input that a command uses which is steered by keys. */
export interface Keyboard {
  readonly isTTY?: boolean | undefined;
  /** Each key at once, and Ctrl-C as one of them. */
  setRawMode?(on: boolean): unknown;
  on(event: "data", listener: (chunk: Buffer | string) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data" | "end", listener: (chunk: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface Terminal {
  readonly stdin: Keyboard;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
}

/** Into a pipe or a file, where nothing says how wide the reader's page is. */
const PIPED_COLUMNS = 100;

/** Where a command's text goes: to stdout, or beside JSON that has it, to stderr. */
export interface Page {
  readonly canvas: Canvas;
  print(lines: readonly string[]): void;
}

/** @param width - from `--width`; null: that of the terminal */
export function pageOn(stream: Stream, env: NodeJS.ProcessEnv, width: number | null): Page {
  const isTerminal = stream.isTTY === true;
  const columns = width ?? (isTerminal ? stream.columns || 80 : PIPED_COLUMNS);
  return {
    canvas: { width: columns, style: styleFor(wantsColour(isTerminal, env)) },
    print(lines) {
      if (lines.length > 0) stream.write(`${lines.join("\n")}\n`);
    },
  };
}
