// SPDX-License-Identifier: GPL-2.0-only
/** From workers and zeroed memory to CPUs that take calls; see assembly/init/main.ts for the order. */
import { BootError } from "../errors.ts";
import type { Board, CpuSet } from "./cpu-set.ts";
import { type MemoryMap, writeBootInfo } from "./memory-map.ts";
import type { MachineOptions } from "./options.ts";
import type { FromWorker } from "./protocol.ts";

/** What each CPU holds back of freed memory: all of them together at most a quarter of the arena. */
function defaultQuarantine({ arenaStart, arenaEnd, cpus }: MemoryMap): number {
  return Math.min(1 << 20, Math.floor((arenaEnd - arenaStart) / (4 * cpus)));
}

/** @returns whether raw code in this tier loses a local across a wait. @throws BootError */
export async function bringUp(
  board: Board,
  set: CpuSet,
  map: MemoryMap,
  options: MachineOptions,
): Promise<boolean> {
  const { image, kernel, memory } = board;
  const { module } = image;
  writeBootInfo(memory, kernel, map, {
    seed: options.seed ?? 1,
    idlePoll: options.idlePoll ?? 0,
    spinLimit: options.spinLimit ?? 1000,
    rcuStallTimeoutNs: BigInt(options.rcuStallMs ?? 10_000) * 1_000_000n,
    rwsemWaitTimeoutNs: BigInt(options.rwsemWaitMs ?? 4) * 1_000_000n,
    kasanQuarantineBytes: options.kasanQuarantineBytes ?? defaultQuarantine(map),
  });
  const cpus = Array.from({ length: board.cpus }, (_, cpu) => cpu);
  const ready = await Promise.all(
    // The null page holds 0.
    cpus.map((cpu) => set.submit(cpu, "boot", { type: "boot", cpu, module, memory, canary: 0 })),
  );
  const waitBug = checkCanaries(ready, image.engine.flags);
  const booted = await set.call(0, "kernel_boot", { bracket: false });
  if (booted !== 0) throw new BootError(`kernel_boot() returned ${booted}`);
  const up = await Promise.all(
    cpus.map((cpu) => set.call(cpu, "cpu_up", { args: [cpu], bracket: false })),
  );
  const refused = up.findIndex((status) => status !== 0);
  if (refused >= 0) throw new BootError(`cpu_up(${refused}) returned ${up[refused]}`);
  return waitBug;
}

function checkCanaries(answers: readonly FromWorker[], flags: readonly string[]): boolean {
  let waitBug = false;
  for (const [cpu, answer] of answers.entries()) {
    if (answer.type !== "ready") throw new BootError(`CPU ${cpu} did not come up`);
    waitBug ||= answer.waitBug;
    if (answer.canary) continue;
    throw new BootError(
      `CPU ${cpu}: this engine (V8 ${process.versions["v8"]}, flags ${flags.join(" ") || "none"}) ` +
        "loses local variables across memory.atomic.wait, even in the kernel's own futex_wait(): " +
        "results would be wrong. Use another tier or another version of node",
    );
  }
  return waitBug;
}
