// SPDX-License-Identifier: GPL-2.0-only
/** What the parts of a measurement have in common: each goes through its cells once a round. */
import type { Devices } from "../result/asked.ts";
import { type Random, shuffled } from "../stats/random.ts";
import type { Contender } from "./contenders.ts";

export interface Part {
  /** Measurements that a round makes, and what one weighs in the progress bar. */
  readonly cells: number;
  readonly weight: number;
  /**
   * Measures every cell once. An aborted signal ends the measurement in hand without a result.
   *
   * @param onCell - told before each measurement what it is
   */
  round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void>;
  /** What a reader of the rows should know. */
  notes(): string[];
}

/** One cell of the table: what is measured once a round. */
export interface Cell {
  readonly contender: Contender;
  readonly threads: number;
  readonly devices: Devices;
  /** ns, one a round; null where the round was dropped. */
  readonly samples: (number | null)[];
}

export interface CellOptions {
  readonly contenders: readonly Contender[];
  readonly threads: readonly number[];
  readonly devices: readonly Devices[];
}

export function cellsOf({ contenders, threads, devices }: CellOptions): Cell[] {
  return threads.flatMap((count) =>
    devicesFor(count, devices).flatMap((shared) =>
      contenders.map((contender) => ({
        contender,
        threads: count,
        devices: shared,
        samples: [],
      })),
    ),
  );
}

export function labelOf({ contender, threads, devices }: Cell): string {
  return `${contender.name}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${devices} device`;
}

/**
 * Measures each cell once, in an order drawn anew, and keeps what came out.
 *
 * @param measure - ns, null for a dropped round, undefined when the signal ended it
 */
export async function measureCells(
  cells: readonly Cell[],
  random: Random,
  signal: AbortSignal,
  measure: (cell: Cell) => Promise<number | null | undefined>,
): Promise<void> {
  for (const cell of shuffled(cells, random)) {
    if (signal.aborted) return;
    const ns = await measure(cell);
    if (ns !== undefined) cell.samples.push(ns);
  }
}

/** One thread has one device either way: it is measured once. */
function devicesFor(threads: number, devices: readonly Devices[]): readonly Devices[] {
  return threads === 1 ? devices.slice(0, 1) : devices;
}

const NAMED = 3;

/** @param labels - of cells without a figure */
export function missingNote(labels: readonly string[]): string[] {
  if (labels.length === 0) return [];
  const named = labels.slice(0, NAMED).join("; ");
  const more = labels.length > NAMED ? `; and ${labels.length - NAMED} more` : "";
  return [
    `no figure for ${named}${more}: in every round some thread was kept off its core by something else.`,
  ];
}
