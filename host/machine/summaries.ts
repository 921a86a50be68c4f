// SPDX-License-Identifier: GPL-2.0-only
/**
 * One line on each gate and revision, for people: the first line of its file's header. The source map
 * carries the sources that the module was compiled from, so the line is that of the very kernel.
 */
import { readFileSync } from "node:fs";
import { KERNEL_MAP_PATH } from "./image.ts";

interface SourceMapJson {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

/** ` * rwsem — one reader/writer semaphore for all devices`: the name, and what it is. */
const HEADER_LINE = /^ \* (\w+) — (.+)$/m;

/** Name to summary for every file in a folder of assembly/. Empty when there is no source map. */
export function summariesIn(folder: string): ReadonlyMap<string, string> {
  const summaries = new Map<string, string>();
  for (const [source, text] of kernelSources()) {
    if (!source.startsWith(`${folder}/`)) continue;
    const header = HEADER_LINE.exec(text);
    if (header?.[1] && header[2]) summaries.set(header[1], header[2]);
  }
  return summaries;
}

export function gateSummaries(): ReadonlyMap<string, string> {
  return summariesIn("assembly/gates");
}

export function revisionSummaries(): ReadonlyMap<string, string> {
  return summariesIn("assembly/drivers/cxl/memdev");
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
