// SPDX-License-Identifier: GPL-2.0-only

/**
 * The name that a mistyped one was probably meant to be.
 *
 * @param typed - what the user wrote; case and the choice of - or _ do not count
 * @returns the nearest name within a third of its length (two edits at least), or null
 */
export function nearest(typed: string, names: readonly string[]): string | null {
  const wanted = plain(typed);
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const distance = editDistance(wanted, plain(name));
    const limit = Math.max(2, Math.floor(name.length / 3));
    if (distance < least && distance <= limit && distance < name.length) {
      best = name;
      least = distance;
    }
  }
  return best;
}

/** @returns "; did you mean NAME?", or nothing */
export function suggestion(typed: string, names: readonly string[]): string {
  const name = nearest(typed, names);
  return name === null ? "" : `; did you mean ${name}?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Insertions, deletions, substitutions and swaps of neighbours; O(|a| |b|). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const at = (cells: number[], k: number) => cells[k] ?? Number.POSITIVE_INFINITY;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(before, j - 2) + 1);
      }
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
