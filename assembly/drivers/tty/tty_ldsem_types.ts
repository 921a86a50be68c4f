// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct ld_semaphore: its words and its waiters. The rules stand in tty_ldsem.ts.
 *
 * Source:  include/linux/tty_ldisc.h, drivers/tty/tty_ldsem.c (v6.12), the layout of 32-bit kernels.
 *
 * State:   count (i32), the sum of
 *            LDSEM_READ_BIAS    1         each reader that has the lock, or tries to
 *            LDSEM_WRITE_BIAS   -0xffff   the writer that has it, and each that tries to
 *            LDSEM_WAIT_BIAS    -0x10000  each that waits
 *          Its low 16 bits are who is active. It is positive when readers are, and nobody else is there.
 */
import { atomic_set } from "../../arch/wasm/atomic";

const LDSEM_UNLOCKED: i32 = 0;
export const LDSEM_ACTIVE_MASK: i32 = 0xffff;
export const LDSEM_ACTIVE_BIAS: i32 = 1;
export const LDSEM_WAIT_BIAS: i32 = -LDSEM_ACTIVE_MASK - 1;
export const LDSEM_READ_BIAS: i32 = LDSEM_ACTIVE_BIAS;
export const LDSEM_WRITE_BIAS: i32 = LDSEM_WAIT_BIAS + LDSEM_ACTIVE_BIAS;

@unmanaged
@final
export class ld_semaphore {
  count: i32;
  /** raw_spinlock_t: protects what follows. */
  wait_lock: u32;
  wait_readers: u32;
  read_first: u32;
  read_last: u32;
  write_first: u32;
  write_last: u32;
}

/** One a CPU: a task waits for one semaphore at a time. Under wait_lock while on a list. */
@unmanaged
@final
export class ldsem_waiter {
  next: u32;
  prev: u32;
  /** Of a reader: stored 0, with release, by who grants it the lock. */
  task: u32;
}

export const SIZEOF_LD_SEMAPHORE: u32 = offsetof<ld_semaphore>();
export const OFFSETOF_LD_SEMAPHORE_COUNT: u32 = offsetof<ld_semaphore>("count");
export const OFFSETOF_LD_SEMAPHORE_WAIT_LOCK: u32 = offsetof<ld_semaphore>("wait_lock");
export const OFFSETOF_LD_SEMAPHORE_WAIT_READERS: u32 = offsetof<ld_semaphore>("wait_readers");
export const OFFSETOF_LD_SEMAPHORE_READ_FIRST: u32 = offsetof<ld_semaphore>("read_first");
export const OFFSETOF_LD_SEMAPHORE_WRITE_FIRST: u32 = offsetof<ld_semaphore>("write_first");

export function ldsem_count(sem: ld_semaphore): usize {
  return changetype<usize>(sem) + offsetof<ld_semaphore>("count");
}

export function ldsem_wait_lock(sem: ld_semaphore): usize {
  return changetype<usize>(sem) + offsetof<ld_semaphore>("wait_lock");
}

export function ldsem_read_wait(sem: ld_semaphore): usize {
  return changetype<usize>(sem) + offsetof<ld_semaphore>("read_first");
}

export function ldsem_write_wait(sem: ld_semaphore): usize {
  return changetype<usize>(sem) + offsetof<ld_semaphore>("write_first");
}

export function ldsem_waiter_task(waiter: usize): usize {
  return waiter + offsetof<ldsem_waiter>("task");
}

/** Context: before the semaphore is published. Ordering: none but that of the publication. */
export function init_ldsem(sem: ld_semaphore): void {
  atomic_set(ldsem_count(sem), LDSEM_UNLOCKED);
  sem.wait_lock = 0; // plain: not published yet, as are the next five
  sem.wait_readers = 0;
  sem.read_first = 0;
  sem.read_last = 0;
  sem.write_first = 0;
  sem.write_last = 0;
}
