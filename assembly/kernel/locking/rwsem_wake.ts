// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem: who is woken, and who is granted the lock. The rules stand in rwsem.ts.
 *
 * Source:  kernel/locking/rwsem.c (v6.12): rwsem_mark_wake, rwsem_cond_wake_waiter, rwsem_wake.
 *
 * All that begins with rwsem_mark runs under wait_lock and puts tasks on this CPU's wake queue; the
 * caller drops wait_lock and then calls wake_up_q().
 */
import {
  atomic_add,
  atomic_fetch_add,
  atomic_read,
  smp_store_release,
} from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import {
  add_events,
  count_event,
  EV_RWSEM_RLOCK_HANDOFF,
  EV_RWSEM_WAKE_READER,
  EV_RWSEM_WAKE_WRITER,
} from "../../arch/wasm/events";
import { list_del, list_empty, list_first, list_next } from "../list";
import { wake_q_add, wake_up_q } from "../sched/wake_q";
import {
  __rwsem_set_reader_owned,
  RWSEM_FLAG_HANDOFF,
  RWSEM_FLAG_WAITERS,
  RWSEM_READER_BIAS,
  RWSEM_READER_MASK,
  RWSEM_WAITING_FOR_READ,
  RWSEM_WAITING_FOR_WRITE,
  RWSEM_WRITER_MASK,
  rw_semaphore,
  rwsem_clear_nonspinnable,
  rwsem_count,
  rwsem_first_waiter,
  rwsem_wait_list,
  rwsem_wait_lock,
  rwsem_waiter,
} from "./rwsem_types";
import { raw_spin_lock, raw_spin_unlock } from "./spinlock";

/** Whoever is first. */
export const RWSEM_WAKE_ANY: u32 = 0;
/** Readers, if a reader is first. */
export const RWSEM_WAKE_READERS: u32 = 1;
/** The same, by a caller that holds the lock for reading itself. */
export const RWSEM_WAKE_READ_OWNED: u32 = 2;

/** A batch: bounds the time that wait_lock is held. */
export const MAX_READERS_WAKEUP: i32 = 0x100;

/**
 * R8: takes the lock for the readers to come, before any of them is let in. A writer may have stolen
 * the lock just now; then the bias goes out again, and a first reader past its time asks for the
 * handoff in the same RMW.
 *
 * @returns false if a writer has the lock
 */
function rwsem_mark_read_owned(sem: rw_semaphore, first: rwsem_waiter): bool {
  const old = atomic_fetch_add(RWSEM_READER_BIAS, rwsem_count(sem));
  if ((old & RWSEM_WRITER_MASK) === 0) {
    // An early hint for spinners: the lock is the readers' from now on.
    __rwsem_set_reader_owned(sem, first.task);
    return true;
  }
  let undo = -RWSEM_READER_BIAS;
  if (ktime_get() > first.timeout) {
    if ((old & RWSEM_FLAG_HANDOFF) === 0) {
      undo += RWSEM_FLAG_HANDOFF;
      count_event(EV_RWSEM_RLOCK_HANDOFF);
    }
    first.handoff_set = 1;
  }
  atomic_add(undo, rwsem_count(sem));
  return false;
}

/**
 * Takes at most a batch of readers off the list, past all writers (R9), chained by `next`. The first
 * waiter is a reader, so the chain begins with it.
 *
 * @returns their number, 1 or more
 */
function rwsem_mark_collect(sem: rw_semaphore): i32 {
  const list = rwsem_wait_list(sem);
  let woken = 0;
  let last: usize = 0;
  let w = list_first(list);
  while (w !== 0 && woken < MAX_READERS_WAKEUP) {
    const waiter = changetype<rwsem_waiter>(w);
    const next = list_next(w);
    if (waiter.type === RWSEM_WAITING_FOR_READ) {
      list_del(w, list);
      waiter.next = 0; // plain: under wait_lock, as is all in this file
      if (last !== 0) changetype<rwsem_waiter>(last).next = <u32>w;
      last = w;
      woken++;
    }
    w = next;
  }
  return woken;
}

/**
 * R8: lets the collected readers in. Once `task` is 0 the waiter is its reader's again: next is read
 * before.
 */
function rwsem_mark_grant(first: rwsem_waiter): void {
  let w = changetype<usize>(first);
  while (w !== 0) {
    const waiter = changetype<rwsem_waiter>(w);
    const next = <usize>waiter.next;
    const task = <usize>waiter.task;
    smp_store_release(w + offsetof<rwsem_waiter>("task"), 0); // O3: pairs with the reader's load
    wake_q_add(task);
    w = next;
  }
}

/**
 * Wakes the first writer, or grants the lock to all queued readers, as `wake_type` allows (R9).
 *
 * Context: wait_lock held, the list not empty; never sleeps. Ordering: full.
 */
export function rwsem_mark_wake(sem: rw_semaphore, wake_type: u32): void {
  const first = rwsem_first_waiter(sem);
  if (first.type === RWSEM_WAITING_FOR_WRITE) {
    if (wake_type !== RWSEM_WAKE_ANY) return;
    wake_q_add(first.task); // R10: woken, neither granted nor taken off the list
    count_event(EV_RWSEM_WAKE_WRITER);
    return;
  }
  const count = rwsem_count(sem);
  if (atomic_read(count) < 0) return;
  let counted = 0;
  if (wake_type !== RWSEM_WAKE_READ_OWNED) {
    if (!rwsem_mark_read_owned(sem, first)) return;
    counted = 1;
  }
  const woken = rwsem_mark_collect(sem);
  add_events(EV_RWSEM_WAKE_READER, woken);
  let adjustment = (woken - counted) * RWSEM_READER_BIAS;
  if (list_empty(rwsem_wait_list(sem))) adjustment -= RWSEM_FLAG_WAITERS; // R3
  // R4: whom the handoff was for, the first reader, is in. Stable: HANDOFF moves under wait_lock.
  if ((atomic_read(count) & RWSEM_FLAG_HANDOFF) !== 0) adjustment -= RWSEM_FLAG_HANDOFF;
  if (adjustment !== 0) atomic_add(adjustment, count);
  rwsem_mark_grant(first);
}

/**
 * Decides from `count` whom a task that has just queued must wake: the lock may have come free, or
 * to the readers, before WAITERS was there to be seen.
 *
 * Context: wait_lock held, the list not empty; never sleeps. Ordering: full.
 */
export function rwsem_mark_cond_wake(sem: rw_semaphore, count: i32): void {
  if ((count & RWSEM_WRITER_MASK) !== 0) return;
  if ((count & RWSEM_READER_MASK) !== 0) {
    rwsem_mark_wake(sem, RWSEM_WAKE_READERS);
    return;
  }
  rwsem_clear_nonspinnable(sem);
  rwsem_mark_wake(sem, RWSEM_WAKE_ANY);
}

/**
 * Wakes by type, if anybody is queued.
 *
 * Context: wait_lock not held; never sleeps, but may wait for wait_lock. Ordering: full.
 */
export function rwsem_wake(sem: rw_semaphore, wake_type: u32): void {
  const wait_lock = rwsem_wait_lock(sem);
  raw_spin_lock(wait_lock);
  if (!list_empty(rwsem_wait_list(sem))) rwsem_mark_wake(sem, wake_type);
  raw_spin_unlock(wait_lock);
  wake_up_q();
}
