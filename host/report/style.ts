// SPDX-License-Identifier: GPL-2.0-only
/** The few styles that the drawings use; with colour off each of them gives its text back. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly good: (text: string) => string;
}

/** How a drawing is to look. */
export interface Canvas {
  /** Columns; no line of a table is longer, whatever it takes. */
  readonly width: number;
  readonly style: Style;
}

const plain = (text: string) => text;

function sgr(on: number, off: number): (text: string) => string {
  return (text) => (text === "" ? text : `\x1b[${on}m${text}\x1b[${off}m`);
}

/** @param colour - whether the reader is a terminal that wants colour */
export function styleFor(colour: boolean): Style {
  if (!colour) return { bold: plain, dim: plain, bad: plain, good: plain };
  return { bold: sgr(1, 22), dim: sgr(2, 22), bad: sgr(31, 39), good: sgr(32, 39) };
}

/**
 * Whether to colour what goes to a stream (no-color.org: any value of NO_COLOR but the empty one).
 *
 * @param isTerminal - of the stream in question
 */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** Text from a file may hold anything: what could move the cursor becomes a question mark. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

/**
 * Breaks prose at spaces; a word longer than the line stays whole.
 *
 * @param first, rest - what the first line and those after it begin with
 */
export function wrap(text: string, width: number, first = "", rest = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of printable(text).split(" ")) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
