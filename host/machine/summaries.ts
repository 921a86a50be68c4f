// SPDX-License-Identifier: GPL-2.0-only
/**
 * One line on a gate or a revision, for people: the first line of its file's header. The source map
 * carries the sources that the module was compiled from, so the line is that of the very kernel.
 */
import { readFileSync } from "node:fs";
import { KERNEL_MAP_PATH } from "./image.ts";

interface SourceMapJson {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

/** `assembly/gates/rwsem.ts`: the file of gate "rwsem". */
const GATE_FILE = /^assembly\/gates\/(\w+)\.ts$/;

/** The first line of a file's header, less its own name; "" where there is no header. */
export function summaryIn(text: string, name: string): string {
  const line = /^\/\*\*\n \* (.+)$/m.exec(text)?.[1] ?? "";
  return line.replace(new RegExp(`^${name} — `), "").replace(/[.:,;]$/, "");
}

/** The paragraph of a header that begins with "Title:", as one line; "" where there is none. */
export function paragraphIn(text: string, title: string): string {
  const header = /^\/\*\*\n.*?^ \*\//ms.exec(text)?.[0] ?? "";
  const paragraph = new RegExp(`^ \\* ${title}: +(.*(?:\n \\* {2,}.*)*)`, "m").exec(header)?.[1];
  return paragraph?.replace(/\n \* +/g, " ").trim() ?? "";
}

/** Name to summary of every gate. Empty when there is no source map. */
export function gateSummaries(): ReadonlyMap<string, string> {
  const summaries = new Map<string, string>();
  for (const [source, text] of kernelSources()) {
    const name = GATE_FILE.exec(source)?.[1];
    if (name === undefined || !text.includes(`class ${name}_gate `)) continue;
    summaries.set(name, summaryIn(text, name));
  }
  return summaries;
}

/** Path and text of every source that the module was compiled from; none without a source map. */
export function kernelSources(): [string, string][] {
  try {
    const map = JSON.parse(readFileSync(KERNEL_MAP_PATH, "utf8")) as SourceMapJson;
    return map.sources.flatMap((source, i) => {
      const text = map.sourcesContent?.[i];
      return text ? [[source, text] as [string, string]] : [];
    });
  } catch {
    return []; // a list without summaries is better than no list
  }
}
