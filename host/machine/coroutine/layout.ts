// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory of a coroutine machine: the kernel's, as memory-map.ts lays it out, then a region for each
 * thread.
 *
 *   region   HEADER words, then the frames, then what the last step left: see T below
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import { PAGE_BYTES } from "../image.ts";
import { layOut, type MemoryMap } from "../memory-map.ts";

/** Words of a thread's header, by index. What a status does not need is 0. */
export const T = {
  status: 0,
  /** Site that the thread stands before, and its address. */
  site: 1,
  address: 2,
  /** End of the innermost frame, as words from the region's start. */
  stack: 3,
  /** Word that a wait expects; then its result. */
  expected: 4,
  /** Tick from which the wait has timed out; 0: never. */
  deadline: 5,
  /** Place in the queue of the word that it waits on. */
  order: 6,
  /** Call of the script that is being made. */
  call: 7,
  /** Next addresses of the thread's heap, less its start. */
  small: 8,
  large: 9,
  /** What calls returned that the script keeps. */
  kept: 10,
  /** Entries behind the frames: plain accesses of the last step, then stores that wait in its buffer. */
  footprint: 14,
  buffered: 15,
} as const;
export const HEADER_WORDS = 16;
export const KEPT_WORDS = 4;

export const STATUS = {
  /** Stands before an access. */
  ready: 0,
  /** Sleeps on a word. */
  waiting: 1,
  /** Was woken, or its time is up: `expected` is what the wait returns. */
  woken: 2,
  done: 3,
} as const;

const REGION_WORDS = 4096;
/** Heap of a thread, and of it what small objects have: powers of two. */
export const ARENA_BYTES = 512 * 1024;
export const SMALL_BYTES = 256 * 1024;

export interface CoroutineLayout {
  readonly map: MemoryMap;
  readonly pages: number;
  /** Word index of the region of each thread; the last one is that of the set-up. */
  readonly regions: readonly number[];
  /** Byte address of the heap of each thread: small objects, then large ones. */
  readonly small: readonly number[];
  readonly large: readonly number[];
  readonly heapStart: number;
  readonly heapEnd: number;
}

/** @param threads - without that of the set-up; each has a CPU of its own */
export function layOutCoroutines(abi: KernelAbi, threads: number): CoroutineLayout {
  const cpus = Math.max(threads, 1);
  const user = { userBytesPerCpu: PAGE_BYTES, hostBytes: PAGE_BYTES };
  const units = abi.constant("PERCPU_BASE") + cpus * abi.constant("PERCPU_STRIDE");
  const arena = (threads + 1) * ARENA_BYTES + 2 * PAGE_BYTES;
  const memoryBytes = units + arena + cpus * user.userBytesPerCpu + user.hostBytes;
  const map = layOut(abi, { cpus, ...user, memoryBytes });
  const heapStart = Math.ceil(map.arenaStart / PAGE_BYTES) * PAGE_BYTES;
  const all = Array.from({ length: threads + 1 }, (_, i) => i);
  const firstRegion = Math.ceil(map.hostEnd / PAGE_BYTES) * PAGE_BYTES;
  const end = firstRegion + (threads + 1) * REGION_WORDS * 4;
  return {
    map,
    pages: Math.ceil(end / PAGE_BYTES),
    regions: all.map((i) => firstRegion / 4 + i * REGION_WORDS),
    small: all.map((i) => heapStart + i * ARENA_BYTES),
    large: all.map((i) => heapStart + i * ARENA_BYTES + SMALL_BYTES),
    heapStart,
    heapEnd: heapStart + (threads + 1) * ARENA_BYTES,
  };
}
