// SPDX-License-Identifier: GPL-2.0-only
/** One configuration, checked: a variant of a scenario under a memory model, by a search. */

import { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { MemoryModel } from "../result/check.ts";
import { Exhaustive } from "./exhaustive.ts";
import type { Explored, SearchOptions } from "./explored.ts";
import { Futures } from "./futures.ts";
import type { SetUp, Variant } from "./scenario.ts";
import { Walks } from "./walks.ts";
import { bootCoroutines, type CheckImage } from "./workbench.ts";

export interface Configuration extends Omit<SearchOptions, "onProgress"> {
  readonly variant: Variant;
  readonly memory: MemoryModel;
  /** False: every access is a step of its own, and every step is taken. */
  readonly reduction: boolean;
}

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

/** Explores until nothing new is learnt of what others may notice. */
export function explore(
  on: Interleaver,
  configuration: Configuration,
  onProgress: SearchOptions["onProgress"],
): Explored {
  const { search, seed } = configuration;
  const options = { ...configuration, onProgress };
  if (search === "random" || search === "pct") return new Walks(on, options, search, seed).run();
  const futures = configuration.reduction ? new Futures() : null;
  for (;;) {
    const explored = new Exhaustive(on, options, futures).run();
    if (explored.found.kind !== "contended") return explored;
  }
}
