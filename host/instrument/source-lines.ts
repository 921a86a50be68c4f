// SPDX-License-Identifier: GPL-2.0-only
/** From an offset in kernel.wasm to a line of assembly/, by the source map that asc wrote. */
import { originalPositionFor, type SourceMapInput, TraceMap } from "@jridgewell/trace-mapping";

export interface SourceLine {
  /** As below assembly/: `mm/slab.ts`. */
  readonly file: string;
  readonly line: number;
  /** The function or method that the line is in, empty where none is. */
  readonly fn: string;
}

const TREE = "assembly/";
/** A top-level function, or a method of a class; Biome formats both so. */
const FUNCTION = /^(?:export )?function ([\w$]+)|^ {2}(?:static )?([\w$]+)(?:<[^>]*>)?\(.*\{$/;

/** The function that each line of a file is in, by line number. */
function functionsOf(text: string): string[] {
  const names = [""];
  let name = "";
  for (const line of text.split("\n")) {
    const found = FUNCTION.exec(line);
    if (found !== null) name = found[1] ?? found[2] ?? "";
    names.push(name);
    if (line === "}" || line === "  }") name = "";
  }
  return names;
}

export class SourceLines {
  readonly #map: TraceMap;
  readonly #functions = new Map<string, string[]>();

  /** @param map - the text of kernel.wasm.map, with its sources' content */
  constructor(map: string) {
    // asc sets a root of its own, under which no file lies.
    const parsed = JSON.parse(map) as Exclude<SourceMapInput, string>;
    this.#map = new TraceMap({ ...parsed, sourceRoot: "" } as SourceMapInput);
    for (const [i, source] of this.#map.sources.entries()) {
      const text = this.#map.sourcesContent?.[i];
      if (source !== null && text) this.#functions.set(source, functionsOf(text));
    }
  }

  /** The line that the instruction at `offset` was made from; null where the compiler names none. */
  at(offset: number): SourceLine | null {
    const { source, line } = originalPositionFor(this.#map, { line: 1, column: offset });
    if (source === null || line === null) return null;
    const start = source.lastIndexOf(TREE);
    if (start < 0) return null;
    const fn = this.#functions.get(source)?.[line] ?? "";
    return { file: source.slice(start + TREE.length), line, fn };
  }
}
