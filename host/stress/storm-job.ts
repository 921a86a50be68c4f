// SPDX-License-Identifier: GPL-2.0-only
/** The records of assembly/workload/storm_job.ts, written once before a storm. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { DriverChoice } from "./drivers.ts";
import { hungAfterMs, type StormRequest } from "./request.ts";

const MEETING_BYTES = 64;
const NS_PER_MS = 1e6;
const IOCTLS_PER_OPEN = 64;
const PAUSE_NS = 5_000;
/** With faults, openers get this long to race into a device that is live but not added yet. */
const LIVE_WINDOW_NS = 20_000;

/** @returns the address of the job, in zeroed host memory */
export function writeJob(machine: Machine, driver: DriverChoice, request: StormRequest): number {
  const { kernel: k, memory } = machine;
  const { devices, removers, seed, timeMs, faultRate, serviceNs, stutterMs, delayNs } = request;
  const job = machine.hostAlloc(k.constant("SIZEOF_STORM_JOB"));
  const view = new DataView(memory.buffer);
  const at = (field: string) => job + k.constant(`OFFSETOF_STORM_JOB_${field}`);
  const u32 = (field: string, value: number) => view.setUint32(at(field), value, true);
  const u64 = (field: string, value: number) =>
    view.setBigUint64(at(field), BigInt(Math.round(value)), true);
  u32("DRIVER", driver.id);
  u32("NCPUS", machine.cpus);
  u32("REMOVERS", removers);
  u32("NDEVICES", devices);
  u64("DURATION_NS", timeMs * NS_PER_MS);
  u64("DEADLINE_NS", 2 * hungAfterMs(request) * NS_PER_MS);
  u32("SLOTS", machine.hostAlloc(k.constant("SIZEOF_STORM_SLOT") * devices));
  u32("MEETINGS", machine.hostAlloc(MEETING_BYTES * k.constant("STORM_MEETINGS")));
  u32("SEED", seed);
  u32("FAULT_MASK", faultRate > 0 ? faultMask(k, request.faultSites) : 0);
  u32("FAULT_RATE", Math.round(faultRate * k.constant("FAULT_RATE_ALWAYS")));
  u32("IOCTLS_PER_OPEN", IOCTLS_PER_OPEN);
  u64("SERVICE_NS", serviceNs);
  u64("STUTTER_NS", stutterMs * NS_PER_MS);
  u32("DELAY_NS", delayNs);
  u32("PAUSE_NS", PAUSE_NS);
  u32("LIVE_WINDOW_NS", faultRate > 0 ? LIVE_WINDOW_NS : 0);
  return job;
}

/** Names of the steps of add that can be made to fail. */
export function faultSiteNames(abi: KernelAbi): string[] {
  const sites = [...abi.group("FAULT_").values()].filter((name) => name !== "FAULT_RATE_ALWAYS");
  return sites.map((name) => name.replace("FAULT_", "").toLowerCase());
}

function faultMask(abi: KernelAbi, sites: readonly string[] = faultSiteNames(abi)): number {
  let mask = 0;
  for (const site of sites) {
    const bit = abi.constants.get(`FAULT_${site.toUpperCase()}`);
    if (bit === undefined) throw new UsageError(`there is no fault site ${JSON.stringify(site)}`);
    mask |= 1 << bit;
  }
  return mask;
}
