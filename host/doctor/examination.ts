// SPDX-License-Identifier: GPL-2.0-only
/** What `doctor` looks at: some of it read, some of it measured; nothing of it is judged here. */
import { setTimeout as sleep } from "node:timers/promises";
import { BootError } from "../errors.ts";
import { canPin } from "../machine/affinity.ts";
import { engineName, tierInForce, tierSelectable } from "../machine/engine.ts";
import { measureClock } from "../machine/environment.ts";
import { type HostFacts, readHostFacts } from "../machine/host-facts.ts";
import { kernelImage } from "../machine/image.ts";
import { boot } from "../machine/machine.ts";
import { type ProcStat, readProcStat, stealPct } from "../machine/proc-stat.ts";

export interface Examination {
  readonly facts: HostFacts;
  readonly seen: SecondSeen;
  readonly clocks: {
    /** Smallest step seen between two reads that differ, ns. */
    readonly performanceNs: number;
    readonly kernelNs: number;
    /** What a read costs in the kernel, ns. */
    readonly kernelCostNs: number;
  };
  /** Whether a thread can be bound to a core. */
  readonly pinning: boolean;
  readonly engine: EngineSeen;
}

/** While this process slept. */
export interface SecondSeen {
  readonly stealPct: number | null;
  /** Cores' worth of time that others used. */
  readonly othersCores: number | null;
}

export interface EngineSeen {
  readonly name: string;
  /** The compiler that `bench` runs by default. */
  readonly tier: "baseline" | "optimized" | "unknown";
  readonly tierSelectable: boolean;
  readonly flags: readonly string[];
  /** Options that this process was started with, of node and of V8. */
  readonly options: readonly string[];
  /** Whether compiled code loses a local across a wait, and whether the kernel's own code does. */
  readonly waitBug: boolean;
  readonly canaryFailure: string | null;
}

const SAMPLE_MS = 1000;
const CLOCK_READS = 100_000;

/** Takes a little over a second. @throws MachineError when there is no kernel.wasm */
export async function examine(): Promise<Examination> {
  const image = kernelImage(tierSelectable() ? "baseline" : "default");
  const clock = measureClock(image);
  const seen = await watchASecond();
  const canary = await tryCanary();
  return {
    facts: readHostFacts(),
    seen,
    clocks: {
      performanceNs: performanceStep(),
      kernelNs: clock.resolutionNs,
      kernelCostNs: clock.costNs,
    },
    pinning: await canPin(),
    engine: {
      name: engineName(),
      tier: tierInForce(image.engine),
      tierSelectable: tierSelectable(),
      flags: image.engine.flags,
      options: [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")].filter(
        (option) => option !== "",
      ),
      ...canary,
    },
  };
}

async function watchASecond(): Promise<SecondSeen> {
  const before = readProcStat();
  await sleep(SAMPLE_MS);
  return between(before, readProcStat());
}

/** @returns what went by between two readings */
export function between(before: ProcStat | null, after: ProcStat | null): SecondSeen {
  if (!before || !after) return { stealPct: null, othersCores: null };
  const total = after.all.total - before.all.total;
  const busy = total - (after.all.idle - before.all.idle);
  return {
    stealPct: stealPct(before.all, after.all),
    othersCores: total > 0 ? (busy / total) * after.cpus.size : null,
  };
}

/** Every CPU runs the canary before it is used: one that boots has passed. */
async function tryCanary(): Promise<Pick<EngineSeen, "waitBug" | "canaryFailure">> {
  try {
    const machine = await boot({ cpus: 1, ...(tierSelectable() ? { tier: "baseline" } : {}) });
    const { waitBug } = machine;
    await machine.close();
    return { waitBug, canaryFailure: null };
  } catch (error) {
    if (!(error instanceof BootError)) throw error;
    return { waitBug: true, canaryFailure: error.message };
  }
}

function performanceStep(): number {
  let step = Number.POSITIVE_INFINITY;
  let last = performance.now();
  for (let i = 0; i < CLOCK_READS; i++) {
    const now = performance.now();
    if (now > last) step = Math.min(step, now - last);
    last = now;
  }
  return Math.round(step * 1e6);
}
