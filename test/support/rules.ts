// SPDX-License-Identifier: GPL-2.0-only
/** The numbered rules in the headers of the kernel's files, and lists of their tags. */

/** Tags in a list like "R1", "R1, R4" or "R1-R4". */
export function expand(list: string): string[] {
  return list.split(", ").flatMap((item) => {
    const [first = "", last = first] = item.split("-");
    const [from, to] = [Number(first.slice(1)), Number(last.slice(1))];
    return Array.from({ length: to - from + 1 }, (_, i) => `${first[0]}${from + i}`);
  });
}

/** Every tag that a comment of the file defines: its rules, and the likes of "O1". */
export function definedIn(source: string): string[] {
  return [...source.matchAll(/^ \*.*?\b([A-Z]\d+) {2,}\S/gm)].map(([, tag = ""]) => tag);
}
