// SPDX-License-Identifier: GPL-2.0-only
/** Removal: how long kill() takes, and what those who are inside, or come, or are elsewhere feel of it. */
import { median } from "../stats/median.ts";
import type { Contender } from "./contenders.ts";
import type { CpuReport, Job } from "./job.ts";
import { makeDevice } from "./pairs.ts";

const PAUSE_NS = 20_000; // mean pause of the remover before each removal

/** One round of removals of one gate. */
export interface RemovalRound {
  /** kill() from call to return, ns, one a removal. */
  readonly latencies: Uint32Array;
  /** Longest slow entry of each reader in each removal, ns; 0 where no entry was slow. */
  readonly entrants: readonly Uint32Array[];
  /** Reads a second and reader while its device was open; null where nobody read. */
  readonly readerRate: number | null;
}

export interface RemovalRequest {
  readonly contender: Contender;
  readonly removals: number;
  /** Whether the readers use the device that is removed, or another one. */
  readonly readers: "same" | "other";
  /** Leave the removals out: the readers' undisturbed rate. */
  readonly dry?: boolean;
  readonly signal: AbortSignal;
}

/**
 * CPU 0 of the machine removes, all others read; with one CPU the device is idle.
 *
 * @returns null when the signal ended the round
 */
export async function measureRemoval(
  job: Job,
  request: RemovalRequest,
): Promise<RemovalRound | null> {
  const { machine } = job;
  const { contender, readers, removals, dry = false, signal } = request;
  const victim = await makeDevice(job, contender);
  const other = await makeDevice(job, contender);
  const reports = await job.run({
    fn: "bench_removal",
    contender: contender.id,
    ncpus: machine.cpus,
    removals,
    pauseNs: PAUSE_NS,
    dry,
    cpu: (cpu) => {
      const same = cpu === 0 || readers === "same";
      return { device: same ? victim : other, same: cpu !== 0 && same };
    },
    name: contender.name,
    signal,
  });
  if (reports === null) return null; // stopped in the middle: the machine is done with
  for (const device of [victim, other]) {
    await machine.call(0, "bench_device_destroy", contender.id, device);
  }
  const [remover, ...rest] = reports as [CpuReport, ...CpuReport[]]; // a machine has a CPU 0
  return {
    latencies: remover.samples,
    entrants: rest.map((reader) => reader.samples),
    readerRate: meanRate(rest),
  };
}

/** @returns a second; null without a reader that read */
export function meanRate(readers: readonly CpuReport[]): number | null {
  const rates = readers.filter((r) => r.elapsedNs > 0).map((r) => (r.ops / r.elapsedNs) * 1e9);
  if (rates.length === 0) return null;
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/** @returns ns; null when there was no removal */
export function medianLatency(round: RemovalRound): number | null {
  return round.latencies.length === 0 ? null : median([...round.latencies]);
}

/**
 * How much of the undisturbed rate is missing.
 *
 * @returns %, negative when more got done than without removals; null when either rate is unknown
 */
export function lossPct(disturbed: RemovalRound, undisturbed: RemovalRound): number | null {
  const { readerRate: calm } = undisturbed;
  if (calm === null || calm === 0 || disturbed.readerRate === null) return null;
  return (1 - disturbed.readerRate / calm) * 100;
}
