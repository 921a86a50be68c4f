// SPDX-License-Identifier: GPL-2.0-only
/** The tables that bench:check prints. */
import { median } from "../host/stats/median.ts";

const WIDTHS = [46, 10, 12, 14, 16, 16, 10];

export function print(...cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[i] ?? 10)))
      .join(""),
  );
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString("en-US", {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
}

export function timesOf(times: readonly number[]): [median: string, range: string] {
  return [number(median(times)), `${number(Math.min(...times))}-${number(Math.max(...times))}`];
}
