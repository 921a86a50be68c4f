// SPDX-License-Identifier: GPL-2.0-only
/** One configuration, checked: a variant of a scenario under a memory model, by a search. */

import { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { MemoryModel } from "../result/check.ts";
import { Exhaustive } from "./exhaustive.ts";
import type { Explored, SearchOptions } from "./explored.ts";
import { Futures } from "./futures.ts";
import type { CheckImage } from "./image.ts";
import type { SetUp, Variant } from "./scenario.ts";
import { scout } from "./scouting.ts";
import { Walks } from "./walks.ts";
import { bootCoroutines } from "./workbench.ts";

export interface Configuration extends Omit<SearchOptions, "onProgress"> {
  readonly variant: Variant;
  readonly memory: MemoryModel;
  /** False: every access is a step of its own, and every step is taken. */
  readonly reduction: boolean;
}

/** How a configuration is searched unless told otherwise. */
export const DEFAULT_SEARCH = {
  search: "bfs",
  seed: 1,
  reduction: true,
  maxStates: 5_000_000,
  memoryBytes: 2 ** 30,
  preemptions: null,
  liveness: true,
} as const satisfies Omit<Configuration, "variant" | "memory">;

/** A machine with the variant's objects, and its threads at their start. */
export function prepare(image: CheckImage, configuration: Configuration): Interleaver {
  const { variant, memory, reduction } = configuration;
  const { spinLimit = 0, rwsemWaitNs = 4_000_000, ticks = 0 } = variant;
  const threads = variant.threads.length;
  const options = { threads, model: memory, reduction };
  const machine = bootCoroutines(image, options, {
    spinLimit,
    rwsemWaitTimeoutNs: BigInt(rwsemWaitNs),
  });
  const { abi, layout } = machine;
  const bytes = new Uint8Array(machine.words.buffer);
  const setUp: SetUp = {
    machine,
    call: (fn, ...args) => Number(machine.call(fn, ...args)),
    constant: (name) => abi.constant(name),
    user: (thread) => {
      const { userStart, userBytesPerCpu } = layout.map;
      const address = userStart + thread * userBytesPerCpu;
      return { address, bytes: bytes.subarray(address, address + userBytesPerCpu) };
    },
  };
  return new Interleaver(machine, variant.build(setUp), ticks);
}

/**
 * Explores until nothing new is learnt of what others may notice.
 *
 * Steps that conflict with nothing that others may still do are taken alone (futures.ts) where three
 * threads or more make that worth its cost, and where no cycles are looked for, which that would hide.
 */
export function explore(
  on: Interleaver,
  configuration: Configuration,
  onProgress: SearchOptions["onProgress"],
): Explored {
  const { search, seed, reduction } = configuration;
  const options = { ...configuration, onProgress };
  if (search === "random" || search === "pct") return new Walks(on, options, search, seed).run();
  const liveness = configuration.liveness && searchesCycles(configuration);
  const watched = on.program.watch !== undefined; // every state is to be looked at
  const futures = reduction && !liveness && !watched && on.threads > 2 ? new Futures() : null;
  for (let round = 1; ; round++) {
    scout(on, futures, round);
    const explored = new Exhaustive(on, { ...options, liveness }, futures).run();
    if (explored.found.kind !== "contended") return explored;
  }
}

/** Whether cycles can be looked for: the graph is whole, and its states are numbered in order. */
export function searchesCycles({ search, preemptions }: Configuration): boolean {
  return search === "bfs" && preemptions === null;
}
