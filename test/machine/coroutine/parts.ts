// SPDX-License-Identifier: GPL-2.0-only
/** The parts of a coroutine machine, without a kernel in it. */
import * as assert from "uvu/assert";
import { ACCESS, ACCESS_BYTES_SHIFT } from "../../../host/machine/coroutine/access-table.ts";
import { Accounts } from "../../../host/machine/coroutine/accounts.ts";
import { FutexQueues } from "../../../host/machine/coroutine/futex-queues.ts";
import { Heap } from "../../../host/machine/coroutine/heap.ts";
import { WORD } from "../../../host/machine/coroutine/knowledge.ts";
import { layOutCoroutines } from "../../../host/machine/coroutine/layout.ts";
import { Regions } from "../../../host/machine/coroutine/regions.ts";
import { StoreBuffer } from "../../../host/machine/coroutine/store-buffer.ts";
import { TrackedMemory } from "../../../host/machine/coroutine/tracked-memory.ts";
import { Violation } from "../../../host/machine/coroutine/violation.ts";
import { kernelImage, PAGE_BYTES } from "../../../host/machine/image.ts";
import type { MemoryModel } from "../../../host/result/check.ts";

export function partsFor(threads: number, model: MemoryModel = "sc") {
  const layout = layOutCoroutines(kernelImage("default").abi, threads);
  const words = new Int32Array((layout.pages * PAGE_BYTES) / 4);
  const tracked = new TrackedMemory(words);
  const regions = new Regions(words, layout);
  const heap = new Heap(tracked, layout, regions);
  const accounts = new Accounts(tracked, heap, regions, threads);
  const queues = new FutexQueues(regions, threads);
  const buffer = new StoreBuffer(tracked, regions, model);
  for (let t = 0; t <= threads; t++) regions.clear(t);
  tracked.flags.fill(WORD.heap, layout.heapStart >>> 2, layout.heapEnd >>> 2);
  tracked.begin();
  /** A word of the host's memory. */
  const word = layout.map.hostStart >>> 2;
  return { layout, words, tracked, regions, heap, accounts, queues, buffer, word };
}

export type Parts = ReturnType<typeof partsFor>;

const { read, write, atomic, marked } = ACCESS;

function bits(of: number, bytes = 4): number {
  return of | (bytes << ACCESS_BYTES_SHIFT);
}

/** Accesses of four bytes, as accounts know them. */
export const BITS = {
  load: bits(read),
  store: bits(write),
  readOnce: bits(read | marked),
  writeOnce: bits(write | marked),
  add: bits(read | write | atomic | marked),
  wideStore: bits(write, 8),
} as const;

/** Does something that breaks a property; returns its name. */
export function broken(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Violation) return error.property;
    throw error;
  }
  return assert.unreachable("nothing was broken") as never;
}
