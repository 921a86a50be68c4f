// SPDX-License-Identifier: GPL-2.0-only
/** From a byte offset in a module to a line of assembly/, by the source map that asc writes beside it. */
import { originalPositionFor, type SourceMapInput, TraceMap } from "@jridgewell/trace-mapping";

export interface SourceLine {
  /** Relative to the repository: "assembly/kernel/locking/rwsem.ts". */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export class SourceMap {
  readonly #map: TraceMap;

  /** @param json - the text of the map */
  constructor(json: string) {
    // asc sets a root of its own, under which no file lies.
    const parsed = JSON.parse(json) as Exclude<SourceMapInput, string>;
    this.#map = new TraceMap({ ...parsed, sourceRoot: "" } as SourceMapInput);
  }

  /** The line that the instruction at `offset` was made from, null if the map has none. */
  locate(offset: number): SourceLine | null {
    const { source, line } = originalPositionFor(this.#map, { line: 1, column: offset });
    return source === null ? null : { file: source, line };
  }
}
