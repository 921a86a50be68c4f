// SPDX-License-Identifier: GPL-2.0-only
/** The read workload: what one enter/exit pair of a contender costs, one window at a time. */
import { MachineError } from "../errors.ts";
import type { Devices } from "../result/asked.ts";
import { median } from "../stats/median.ts";
import { type Random, shuffled } from "../stats/random.ts";
import type { Contender } from "./contenders.ts";
import { oversubscribed } from "./fleet.ts";
import type { CpuReport, Job } from "./job.ts";

const WARMUP_NS = 1_500_000;
const LEAST_SAMPLES = 8; // of each CPU, for a window to count
/** A window is this much longer where threads take turns on a core: the system's turns are some ms. */
const OVERSUBSCRIBED_WINDOWS = 4;

/**
 * A contender's devices on one machine. Each round has other ones of them, in an order drawn for this
 * site: what threads pay for a line that they share depends on where it lies. Of 8 devices with a rwsem
 * each, on a 2-core virtual machine, some took 35 ns a pair with 2 threads and the others 43, each of
 * them all along. With one device for all rounds a contender is called slower that only lies worse.
 */
export interface Site {
  readonly contender: Contender;
  readonly devices: readonly number[];
}

/** As many as the usual number of rounds, so that each round has a fresh one. */
const PLACES = 16;

/** Makes a device. @throws MachineError when memory is short */
export async function makeDevice(job: Job, contender: Contender): Promise<number> {
  const device = await job.machine.call(0, "bench_device_create", contender.id);
  if (device === 0) throw new MachineError(`${contender.name}: no memory for a device`);
  return device;
}

/** @throws MachineError when memory is short */
export async function makeSite(job: Job, contender: Contender, random: Random): Promise<Site> {
  const devices: number[] = [];
  for (let i = 0; i < placesOn(job.machine); i++) devices.push(await makeDevice(job, contender));
  return { contender, devices: shuffled(devices, random) };
}

/** How many devices a contender has on a machine: one for each round, and for each CPU. */
export function placesOn({ cpus }: Pick<Job["machine"], "cpus">): number {
  return Math.max(PLACES, cpus);
}

/** Of a contender's places the one that a CPU works at in a round: the shared one, or one of its own. */
export function placeIn<P>(
  places: readonly P[],
  { devices }: { readonly devices: Devices },
  round: number,
  cpu: number,
): P {
  const place = round + (devices === "same" ? 0 : cpu);
  return places[place % places.length] as P; // there are places
}

export interface WindowOptions {
  readonly devices: Devices;
  /** From 0 on: it says which of the site's devices are used. */
  readonly round: number;
  readonly windowNs: number;
  readonly signal: AbortSignal;
}

/**
 * One window on all CPUs of the machine.
 *
 * @returns ns a pair, or null, as nsPerOp(); undefined when the signal ended the window
 */
export async function measurePair(
  job: Job,
  site: Site,
  { devices, round, windowNs, signal }: WindowOptions,
): Promise<number | null | undefined> {
  const reports = await job.run({
    fn: "bench_read",
    contender: site.contender.id,
    ncpus: job.machine.cpus,
    windowNs: windowNs * (oversubscribed(job.machine.cpus) ? OVERSUBSCRIBED_WINDOWS : 1),
    warmupNs: WARMUP_NS,
    cpu: (cpu) => ({ device: placeIn(site.devices, { devices }, round, cpu) }),
    name: site.contender.name,
    signal,
  });
  return reports === null ? undefined : nsPerOp(reports);
}

export interface SampleForm {
  /** Units of a sample in a ns: 1000 for ps. */
  readonly perNs: number;
  /** Samples of each CPU that it takes. */
  readonly least: number;
}

/**
 * What an operation costs each thread, averaged over the threads.
 *
 * With a core for every CPU: the median of its chunks during which all others ran, or null where some
 * CPU has too few. With fewer cores hardly a chunk sees all others run: then the time that went by on
 * the clock, in which a thread that waits for a core gets nothing done.
 *
 * @param reports - one a CPU, at least one
 * @returns ns
 */
export function nsPerOp(
  reports: readonly CpuReport[],
  { perNs, least }: SampleForm = { perNs: 1000, least: LEAST_SAMPLES },
): number | null {
  const each = oversubscribed(reports.length)
    ? reports.map(({ ops, elapsedNs }) => (ops > 0 && elapsedNs > 0 ? elapsedNs / ops : null))
    : reports.map(({ samples }) => (samples.length < least ? null : median([...samples]) / perNs));
  let sum = 0;
  for (const ns of each) {
    if (ns === null) return null;
    sum += ns;
  }
  return sum / each.length;
}
