// SPDX-License-Identifier: GPL-2.0-only
/** What a result says about where it was measured. */
import { availableParallelism, cpus, loadavg, release, type } from "node:os";
import type { KernelFunction } from "../abi/kernel.ts";
import type { Environment, TierFacts } from "../result/result.ts";
import { canPin } from "./affinity.ts";
import { engineName, hasWaitBug, isV8, type Tier, tierInForce, tierSelectable } from "./engine.ts";
import { readHostFacts } from "./host-facts.ts";
import { type KernelImage, kernelImage, MIN_PAGES } from "./image.ts";
import type { Machine } from "./machine.ts";
import { othersPct, readProcStat, stealPct } from "./proc-stat.ts";
import { involuntarySwitches, switchesBetween } from "./switches.ts";
import { wasiImports } from "./wasi.ts";

const CLOCK_BATCHES = 21;
const CLOCK_BATCH = 200;

export interface ClockFacts {
  /** The smallest step seen between two reads that differ, ns. */
  readonly resolutionNs: number;
  /** Median cost of one ktime_get() in the kernel, ns. */
  readonly costNs: number;
}

/** Measures the clock that the kernel reads, on this thread; takes some milliseconds. */
export function measureClock(image: KernelImage): ClockFacts {
  const memory = new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MIN_PAGES, shared: true });
  const { exports } = new WebAssembly.Instance(image.module, wasiImports(memory));
  const kernel = exports as unknown as Record<"set_smp_processor_id" | "ktime_get", KernelFunction>;
  kernel.set_smp_processor_id(0);
  const now = () => kernel.ktime_get() as bigint;
  let resolutionNs = Number.POSITIVE_INFINITY;
  const costs: number[] = [];
  for (let batch = 0; batch < CLOCK_BATCHES; batch++) {
    const first = now();
    let last = first;
    for (let i = 0; i < CLOCK_BATCH; i++) {
      const read = now();
      if (read > last) resolutionNs = Math.min(resolutionNs, Number(read - last));
      last = read;
    }
    costs.push(Number(last - first) / CLOCK_BATCH);
  }
  costs.sort((a, b) => a - b);
  return { resolutionNs, costNs: Math.round(costs[CLOCK_BATCHES >> 1] ?? 0) };
}

/** Describes the computer, the engine and the kernel that a machine runs. */
export function environmentOf({ image, pinned }: Pick<Machine, "image" | "pinned">): Environment {
  const clock = measureClock(image);
  const facts = readHostFacts();
  return {
    engine: engineName(),
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    os: `${type()} ${release()} ${process.arch}`,
    node: process.versions.node,
    v8: isV8() ? (process.versions["v8"] ?? null) : null,
    v8Flags: [...image.engine.flags],
    tier: tierInForce(image.engine),
    waitBug: hasWaitBug(),
    kernelSha256: image.sha256,
    kernelVariant: image.variant,
    clockResolutionNs: clock.resolutionNs,
    clockCostNs: clock.costNs,
    pinned: pinned.every((core) => core !== null),
    affinity: facts.affinity,
    cpuQuotaCores: facts.quotaCores,
    governor: facts.governor,
    turbo: facts.turbo,
    smt: facts.smt,
    siblings: facts.siblings,
    hypervisor: facts.hypervisor,
    clocksource: facts.clocksource,
    caches: facts.caches,
    memoryBytes: facts.memoryBytes,
    memoryAvailableBytes: facts.memoryAvailableBytes,
    storeBypass: facts.storeBypass,
    mitigations: facts.mitigations,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** What a machine of this process would say of itself, without one. */
export async function placeOf(tier: Tier): Promise<{ environment: Environment; tier: TierFacts }> {
  const image = kernelImage(tierSelectable() ? tier : "default");
  const environment = environmentOf({ image, pinned: [(await canPin()) ? 0 : null] });
  const inForce = tierInForce(image.engine);
  return { environment, tier: { inForce, selectable: tierSelectable(), addOverExchange: null } };
}

/**
 * Begins to watch what only the end of a run can tell.
 *
 * @returns at the end of the run: what to add to its environment
 */
export function watchHost(): () => Environment {
  const before = readProcStat();
  const switchesBefore = involuntarySwitches();
  const startedMs = performance.now();
  const ours = process.cpuUsage();
  return () => {
    const after = readProcStat();
    const pct = stealPct(before?.all, after?.all);
    const { user, system } = process.cpuUsage(ours);
    const others = othersPct(before?.all, after?.all, (user + system) / 1e6);
    const switches = switchesBetween(switchesBefore, involuntarySwitches());
    const seconds = (performance.now() - startedMs) / 1e3;
    return {
      othersPct: others === null ? null : Math.round(others * 10) / 10,
      involuntarySwitches: switches,
      involuntarySwitchesPerS: switches === null ? null : Math.round(switches / seconds),
      stealPct: pct === null ? null : Math.round(pct * 100) / 100,
      stealTicks: [before?.all.steal ?? null, after?.all.steal ?? null],
      loadAverageAfter: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    };
  };
}
