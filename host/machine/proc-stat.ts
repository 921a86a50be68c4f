// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the CPUs' time went, as /proc/stat counts it: ticks since boot, of which there are USER_HZ
 * (100 on every Linux that node runs on) a second and CPU. A share of less than a tick is not seen.
 *
 *   cpu0 user nice system idle iowait irq softirq steal guest guest_nice
 *
 * Guest time is in user and nice already (proc(5)), so it is not added again.
 */
import { readFileSync } from "node:fs";

/** Ticks. */
export interface CpuTimes {
  readonly total: number;
  /** Idle, or idle while waiting for a disk. */
  readonly idle: number;
  /** What the hypervisor gave to others while this CPU wanted to run; null where it is not counted. */
  readonly steal: number | null;
}

export interface ProcStat {
  /** All CPUs together. */
  readonly all: CpuTimes;
  /** By number: those that are online. */
  readonly cpus: ReadonlyMap<number, CpuTimes>;
}

/** Columns that make up the whole; steal is the last of them. */
const WHOLE = 8;
const STEAL = 7;

/** @returns null for text that is no /proc/stat */
export function parseProcStat(text: string): ProcStat | null {
  let all: CpuTimes | null = null;
  const cpus = new Map<number, CpuTimes>();
  for (const [, number = "", fields = ""] of text.matchAll(/^cpu(\d*)((?: +\d+){4,})$/gm)) {
    const times = timesOf(fields.trim().split(/ +/).map(Number));
    if (number === "") all = times;
    else cpus.set(Number(number), times);
  }
  return all && { all, cpus };
}

function timesOf(ticks: readonly number[]): CpuTimes {
  const total = ticks.slice(0, WHOLE).reduce((sum, one) => sum + one, 0);
  return { total, idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), steal: ticks[STEAL] ?? null };
}

/** @returns null where there is no such file */
export function readProcStat(path = "/proc/stat"): ProcStat | null {
  try {
    return parseProcStat(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/**
 * The share of the CPUs' time between two readings that went to other guests of the host.
 *
 * @returns %, 0 to 100; null where it is not counted, or no tick went by between the two
 */
export function stealPct(before: CpuTimes | undefined, after: CpuTimes | undefined): number | null {
  if (!before || !after || before.steal === null || after.steal === null) return null;
  const ticks = after.total - before.total;
  // Counters of a CPU that was taken offline meanwhile may have gone back.
  if (ticks <= 0 || after.steal < before.steal) return null;
  return ((after.steal - before.steal) / ticks) * 100;
}

const USER_HZ = 100;

/**
 * The share of the CPUs' time between two readings that other programs of this system used.
 *
 * @param oursS - what this process used meanwhile, seconds
 * @returns %, 0 to 100; null where it is not counted, or too short a time went by
 */
export function othersPct(
  before: CpuTimes | undefined,
  after: CpuTimes | undefined,
  oursS: number,
): number | null {
  if (!before || !after) return null;
  const ticks = after.total - before.total;
  if (ticks <= 0) return null;
  const stolen = (after.steal ?? 0) - (before.steal ?? 0);
  const busy = ticks - (after.idle - before.idle) - stolen;
  const pct = ((busy - oursS * USER_HZ) / ticks) * 100;
  return Math.min(Math.max(pct, 0), 100); // ticks are coarse
}
