// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct rw_semaphore: its words, its waiters, and the small steps on them. The rules stand in rwsem.ts.
 *
 * Source:  include/linux/rwsem.h, kernel/locking/rwsem.c (v6.12), the layout of 32-bit kernels.
 *
 * State:   count (i32)
 *            31  30                     8 7     3   2   1   0
 *           ├RF┼───── reader count ──────┼─ rsv ─┼ HO┼ WT┼ WL┤
 *            WL writer locked · WT the wait list is not empty · HO handoff asked for · RF overflow guard
 *          owner (u32)
 *            31                                 2   1   0
 *           ├── task of the writer, or of the ─────┼ NS┼ RO┤
 *           │   reader that came last              │   │   │
 *            RO reader-owned · NS not spinnable: writers must queue. A hint; 0 while nobody is known.
 *
 * Both words lie on one line: an uncontended operation touches nothing else.
 * Not modelled: lockdep, magic, the PREEMPT_RT variant.
 */
import {
  __READ_ONCE,
  atomic_andnot,
  atomic_cmpxchg,
  atomic_set,
  READ_ONCE,
  WRITE_ONCE,
} from "../../arch/wasm/atomic";
import { PERCPU_RWSEM_WAITER, this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_first } from "../list";

export const RWSEM_UNLOCKED_VALUE: i32 = 0;
export const RWSEM_WRITER_LOCKED: i32 = 1;
export const RWSEM_FLAG_WAITERS: i32 = 2;
export const RWSEM_FLAG_HANDOFF: i32 = 4;
export const RWSEM_FLAG_READFAIL: i32 = i32.MIN_VALUE;
export const RWSEM_READER_SHIFT: i32 = 8;
export const RWSEM_READER_BIAS: i32 = 0x100;
export const RWSEM_READER_MASK: i32 = ~0xff;
export const RWSEM_WRITER_MASK: i32 = RWSEM_WRITER_LOCKED;
export const RWSEM_LOCK_MASK: i32 = RWSEM_WRITER_MASK | RWSEM_READER_MASK;
export const RWSEM_READ_FAILED_MASK: i32 =
  RWSEM_WRITER_LOCKED | RWSEM_FLAG_WAITERS | RWSEM_FLAG_HANDOFF | RWSEM_FLAG_READFAIL;

export const RWSEM_READER_OWNED: u32 = 1;
export const RWSEM_NONSPINNABLE: u32 = 2;
export const RWSEM_OWNER_FLAGS_MASK: u32 = 3;

export const RWSEM_WAITING_FOR_WRITE: u32 = 0;
export const RWSEM_WAITING_FOR_READ: u32 = 1;

@unmanaged
@final
export class rw_semaphore {
  count: i32;
  owner: u32;
  /** Tail of the queue of writers that spin. */
  osq: u32;
  /** raw_spinlock_t: protects the list and the flags WAITERS and HANDOFF of count. */
  wait_lock: u32;
  wait_head: u32;
  wait_tail: u32;
}

/** One a CPU, in its unit: a task waits for one semaphore at a time. On the list: under wait_lock. */
@unmanaged
@final
export class rwsem_waiter {
  next: u32;
  prev: u32;
  /** Stored 0, with release, by the waker that grants a reader the lock. */
  task: u32;
  /** RWSEM_WAITING_FOR_*. */
  type: u32;
  /** ktime after which the waiter asks for the handoff, ns. */
  timeout: u64;
  /** True once HANDOFF was set for this waiter's sake. */
  handoff_set: u32;
}

export const SIZEOF_RW_SEMAPHORE: u32 = offsetof<rw_semaphore>();
export const OFFSETOF_RW_SEMAPHORE_COUNT: u32 = offsetof<rw_semaphore>("count");
export const OFFSETOF_RW_SEMAPHORE_OWNER: u32 = offsetof<rw_semaphore>("owner");
export const OFFSETOF_RW_SEMAPHORE_OSQ: u32 = offsetof<rw_semaphore>("osq");
export const OFFSETOF_RW_SEMAPHORE_WAIT_LOCK: u32 = offsetof<rw_semaphore>("wait_lock");
export const OFFSETOF_RW_SEMAPHORE_WAIT_HEAD: u32 = offsetof<rw_semaphore>("wait_head");
export const OFFSETOF_RW_SEMAPHORE_WAIT_TAIL: u32 = offsetof<rw_semaphore>("wait_tail");
export const SIZEOF_RWSEM_WAITER: u32 = offsetof<rwsem_waiter>();
export const OFFSETOF_RWSEM_WAITER_TASK: u32 = offsetof<rwsem_waiter>("task");
export const OFFSETOF_RWSEM_WAITER_TYPE: u32 = offsetof<rwsem_waiter>("type");
export const OFFSETOF_RWSEM_WAITER_TIMEOUT: u32 = offsetof<rwsem_waiter>("timeout");
export const OFFSETOF_RWSEM_WAITER_HANDOFF_SET: u32 = offsetof<rwsem_waiter>("handoff_set");

/** Context: before the semaphore is published. Ordering: none but that of the publication. */
export function init_rwsem(sem: rw_semaphore): void {
  atomic_set(rwsem_count(sem), RWSEM_UNLOCKED_VALUE);
  sem.owner = 0; // plain: not published yet, as are the next four
  sem.osq = 0;
  sem.wait_lock = 0;
  sem.wait_head = 0;
  sem.wait_tail = 0;
}

export function rwsem_count(sem: rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<rw_semaphore>("count");
}

export function rwsem_owner_word(sem: rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<rw_semaphore>("owner");
}

export function rwsem_osq(sem: rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<rw_semaphore>("osq");
}

export function rwsem_wait_lock(sem: rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<rw_semaphore>("wait_lock");
}

export function rwsem_set_owner(sem: rw_semaphore): void {
  WRITE_ONCE(rwsem_owner_word(sem), <u32>this_cpu_ptr(0));
}

export function rwsem_clear_owner(sem: rw_semaphore): void {
  WRITE_ONCE(rwsem_owner_word(sem), 0);
}

/** A reader became the last to come in. NONSPINNABLE stays as it was; an old value of it will do: a hint. */
export function __rwsem_set_reader_owned(sem: rw_semaphore, task: usize): void {
  const flags = __READ_ONCE(rwsem_owner_word(sem)) & RWSEM_NONSPINNABLE;
  WRITE_ONCE(rwsem_owner_word(sem), <u32>task | (RWSEM_READER_OWNED | flags));
}

export function rwsem_test_oflags(sem: rw_semaphore, flags: u32): bool {
  return (READ_ONCE(rwsem_owner_word(sem)) & flags) !== 0;
}

/** Sets NONSPINNABLE, but only while readers own the lock: it is they who will clear it. */
export function rwsem_set_nonspinnable(sem: rw_semaphore): void {
  const word = rwsem_owner_word(sem);
  let owner = READ_ONCE(word);
  while ((owner & RWSEM_OWNER_FLAGS_MASK) === RWSEM_READER_OWNED) {
    const seen = <u32>atomic_cmpxchg(word, <i32>owner, <i32>(owner | RWSEM_NONSPINNABLE));
    if (seen === owner) return;
    owner = seen;
  }
}

export function rwsem_clear_nonspinnable(sem: rw_semaphore): void {
  if (!rwsem_test_oflags(sem, RWSEM_NONSPINNABLE)) return;
  atomic_andnot(<i32>RWSEM_NONSPINNABLE, rwsem_owner_word(sem));
}

export function this_rwsem_waiter(): rwsem_waiter {
  return changetype<rwsem_waiter>(this_cpu_ptr(PERCPU_RWSEM_WAITER));
}

/** Root of the list of waiters. */
export function rwsem_wait_list(sem: rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<rw_semaphore>("wait_head");
}

export function rwsem_first_waiter(sem: rw_semaphore): rwsem_waiter {
  return changetype<rwsem_waiter>(list_first(rwsem_wait_list(sem)));
}
