// SPDX-License-Identifier: GPL-2.0-only
/** From an offset in kernel.wasm to a line of assembly/, by the source map that asc wrote. */
import { SourceMap } from "../abi/source-map.ts";

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

/** The part of a source map that has the sources themselves. */
interface Sources {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly string[];
}

export class SourceLines {
  readonly #map: SourceMap;
  readonly #functions = new Map<string, string[]>();

  /** @param map - the text of kernel.wasm.map */
  constructor(map: string) {
    this.#map = new SourceMap(map);
    const { sources, sourcesContent = [] } = JSON.parse(map) as Sources;
    for (const [i, source] of sources.entries()) {
      this.#functions.set(source, functionsOf(sourcesContent[i] ?? ""));
    }
  }

  /** The line that the instruction at `offset` was made from; null where the compiler names none. */
  at(offset: number): SourceLine | null {
    const found = this.#map.locate(offset);
    if (found === null || !found.file.startsWith(TREE)) return null;
    const { file, line } = found;
    return { file: file.slice(TREE.length), line, fn: this.#functions.get(file)?.[line] ?? "" };
  }
}
