// SPDX-License-Identifier: GPL-2.0-only
/**
 * The memory of a coroutine machine: the kernel's, as memory-map.ts lays it out, but for its arena, which
 * is a heap for each thread; then a region for each thread. The last thread is that of the set-up.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import { PAGE_BYTES } from "../image.ts";
import { layOut, type MemoryMap } from "../memory-map.ts";

const REGION_WORDS = 4096;
/** Heap of a thread, and of it what small objects have: powers of two. */
export const ARENA_BYTES = 512 * 1024;
export const SMALL_BYTES = 256 * 1024;
const PAGES_AT_LEAST = 16;

export interface CoroutineLayout {
  readonly map: MemoryMap;
  readonly pages: number;
  /** Word index of the region of each thread. */
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
    pages: Math.max(PAGES_AT_LEAST, Math.ceil(end / PAGE_BYTES)),
    regions: all.map((i) => firstRegion / 4 + i * REGION_WORDS),
    small: all.map((i) => heapStart + i * ARENA_BYTES),
    large: all.map((i) => heapStart + i * ARENA_BYTES + SMALL_BYTES),
    heapStart,
    heapEnd: heapStart + (threads + 1) * ARENA_BYTES,
  };
}
