// SPDX-License-Identifier: GPL-2.0-only
/**
 * The yardstick: a small removal gate whose schedules can be counted by hand, and by other checkers that
 * are given the same program. Every access is atomic, and there is none but these.
 *
 * State:   three words
 *            0  lock: bit 0 the remover is inside or waits · bits 8 and up the readers inside
 *            4  pointer: 1 until it is removed
 *            8  freed: 1 once what it points to is gone
 *
 *   reader, n times                              remover
 *     again: old = lock += 0x100                   while compare-exchange(lock, 0 -> 1) fails
 *     if old & 1:                                    while lock != 0;
 *       lock -= 0x100                              pointer = 0
 *       while lock & 1;                            lock -= 1
 *       goto again                                 freed = 1
 *     if pointer != 0 and freed: violation
 *     lock -= 0x100
 */
import {
  atomic_cmpxchg,
  atomic_fetch_add,
  atomic_fetch_sub_release,
  atomic_read,
  atomic_set,
} from "../arch/wasm/atomic";
import { LEVEL_VIOLATION, printk } from "../arch/wasm/bug";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";

/** (record, the time round the loop) A reader inside has the pointer, and what it points to is gone. */
export const VIOLATION_YARDSTICK_USE_AFTER_FREE: u32 = 790;

const WRITER: i32 = 1;
const READER: i32 = 0x100;

@unmanaged
@final
class yardstick {
  lock: i32;
  pointer: i32;
  freed: i32;
}

const LOCK: usize = offsetof<yardstick>("lock");
const POINTER: usize = offsetof<yardstick>("pointer");
const FREED: usize = offsetof<yardstick>("freed");

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function yardstick_init(): usize {
  const p = kzalloc(offsetof<yardstick>(), SLAB_MISC);
  if (p !== 0) atomic_set(p + POINTER, 1);
  return p;
}

/** `n` read sections. @returns 0. Context: spins, never sleeps. Ordering: full at each access. */
export function yardstick_reader(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    while ((atomic_fetch_add(READER, p + LOCK) & WRITER) !== 0) {
      atomic_fetch_sub_release(READER, p + LOCK);
      while ((atomic_read(p + LOCK) & WRITER) !== 0);
    }
    if (atomic_read(p + POINTER) !== 0 && atomic_read(p + FREED) !== 0) {
      printk(LEVEL_VIOLATION, VIOLATION_YARDSTICK_USE_AFTER_FREE, <u32>p, i);
    }
    atomic_fetch_sub_release(READER, p + LOCK);
  }
  return 0;
}

/** Removes. @returns 0. Context, Ordering: as yardstick_reader(). */
export function yardstick_remover(p: usize): i32 {
  while (atomic_cmpxchg(p + LOCK, 0, WRITER) !== 0) {
    while (atomic_read(p + LOCK) !== 0);
  }
  atomic_set(p + POINTER, 0);
  atomic_fetch_sub_release(WRITER, p + LOCK);
  atomic_set(p + FREED, 1);
  return 0;
}

/** @returns 0. Context: runs alone, at the end. */
export function yardstick_end(p: usize): i32 {
  kfree(p);
  return 0;
}
