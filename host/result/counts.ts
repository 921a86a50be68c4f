// SPDX-License-Identifier: GPL-2.0-only
/** Counts as people read them. Not by Intl: its first use takes some 30 ms, in every start. */

/** @returns "812,345": for counts, which are exact */
export function formatCount(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** @returns "1 thread", "2 threads" */
export function formatPlural(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;
}
