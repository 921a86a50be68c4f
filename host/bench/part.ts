// SPDX-License-Identifier: GPL-2.0-only
/** What the parts of a measurement have in common: each goes through its cells once a round. */
import type { Devices } from "../result/asked.ts";
import type { Random } from "../stats/random.ts";

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

/** One thread has one device either way: it is measured once. */
export function devicesFor(threads: number, devices: readonly Devices[]): readonly Devices[] {
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
