// SPDX-License-Identifier: GPL-2.0-only
/** Results of which each was measured in several processes, row by row. */
import type { ComparisonRow, Result } from "../result/result.ts";
import { envelopeOf } from "../stats/envelope.ts";
import { wordFor } from "../stats/ratio.ts";
import { rowName } from "./rows.ts";

/** A result as each of the processes that measured it saw it: a baseline has two, other results one. */
export function capturesOf(result: Result): Result[] {
  const first = result.repeat?.first;
  return first ? [result, { ...result, ...first }] : [result];
}

/**
 * Comparisons of the same two things in several pairs of processes, as one.
 *
 * @param lists - at least one; a row that some of them lack is left out: it cannot be confirmed
 */
export function acrossProcesses(lists: readonly (readonly ComparisonRow[])[]): ComparisonRow[] {
  const [first = [], ...others] = lists;
  if (others.length === 0) return [...first];
  const byName = others.map((rows) => new Map(rows.map((row) => [rowName(row), row])));
  return first.flatMap((row) => {
    const same = byName.map((rows) => rows.get(rowName(row))).filter((one) => one !== undefined);
    if (same.length < others.length) return [];
    const ratio = envelopeOf([row, ...same]);
    return [{ ...row, ...ratio, word: wordFor(ratio) }];
  });
}
