// SPDX-License-Identifier: GPL-2.0-only
/** The read workload: what one enter/exit pair of a contender costs, one window at a time. */
import { MachineError } from "../errors.ts";
import type { Devices } from "../result/asked.ts";
import { median } from "../stats/median.ts";
import type { Contender } from "./contenders.ts";
import type { BenchJob } from "./job.ts";

const WARMUP_NS = 1_500_000;
const LEAST_SAMPLES = 8; // of each CPU, for a window to count

/** A contender's devices on one machine: devices[0] is the shared one, devices[cpu] a CPU's own. */
export interface Site {
  readonly contender: Contender;
  readonly devices: readonly number[];
}

/** Makes a device a CPU for the contender. @throws MachineError when memory is short */
export async function makeSite(job: BenchJob, contender: Contender): Promise<Site> {
  const devices: number[] = [];
  for (let cpu = 0; cpu < job.machine.cpus; cpu++) {
    const device = Number(await job.machine.call(0, "bench_device_create", contender.id));
    if (device === 0) throw new MachineError(`${contender.name}: no memory for device ${cpu}`);
    devices.push(device);
  }
  return { contender, devices };
}

export async function freeSite(job: BenchJob, site: Site): Promise<void> {
  for (const device of site.devices) {
    await job.machine.call(0, "bench_device_destroy", site.contender.id, device);
  }
}

/**
 * One window on all CPUs of the machine.
 *
 * @returns ns a pair: the median chunk of each CPU, averaged over the CPUs; null when some CPU had too
 * few chunks during which all others ran
 */
export async function measurePair(
  job: BenchJob,
  site: Site,
  devices: Devices,
  windowNs: number,
  signal?: AbortSignal,
): Promise<number | null> {
  const reports = await job.run({
    fn: "bench_read",
    contender: site.contender.id,
    ncpus: job.machine.cpus,
    windowNs,
    warmupNs: WARMUP_NS,
    cpu: (cpu) => ({ device: site.devices[devices === "same" ? 0 : cpu] ?? 0 }),
    name: site.contender.name,
    ...(signal ? { signal } : {}),
  });
  return meanOfMedians(reports.map((report) => report.samples));
}

/**
 * @param samples - Uint32Array[n] a CPU, in ps, or in ns with perNs = 1
 * @param least - samples of each CPU that it takes
 * @returns ns; null where some CPU has too few samples
 */
export function meanOfMedians(
  samples: readonly Uint32Array[],
  perNs = 1000,
  least = LEAST_SAMPLES,
): number | null {
  if (samples.some((s) => s.length < least)) return null;
  const medians = samples.map((s) => median([...s]));
  return medians.reduce((sum, m) => sum + m, 0) / medians.length / perNs;
}
