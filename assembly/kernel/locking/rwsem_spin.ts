// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem: a writer spins while the lock's owner runs, instead of sleeping. The rules (R14 to R16) stand
 * in rwsem.ts.
 *
 * Source:  kernel/locking/rwsem.c (v6.12): rwsem_can_spin_on_owner, rwsem_spin_on_owner,
 *          rwsem_rspin_threshold, rwsem_optimistic_spin.
 *
 * Differs: the kernel's spinner is bounded by the owner leaving its CPU. A worker that loses its core
 *          does not show, so a spinner here has a budget of looks besides (R14).
 * Not modelled: the extra try of a real-time task.
 */
import { atomic_cmpxchg_acquire, atomic_read, READ_ONCE } from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import {
  count_event,
  EV_RWSEM_OPT_FAIL,
  EV_RWSEM_OPT_LOCK,
  EV_RWSEM_OPT_NOSPIN,
} from "../../arch/wasm/events";
import { need_resched, owner_on_cpu, task_struct } from "../sched/core";
import { optimistic_spin_budget, osq_lock, osq_unlock } from "./osq_lock";
import {
  RWSEM_FLAG_HANDOFF,
  RWSEM_LOCK_MASK,
  RWSEM_NONSPINNABLE,
  RWSEM_OWNER_FLAGS_MASK,
  RWSEM_READER_OWNED,
  RWSEM_READER_SHIFT,
  RWSEM_WRITER_LOCKED,
  rw_semaphore,
  rwsem_count,
  rwsem_osq,
  rwsem_owner_word,
  rwsem_set_nonspinnable,
  rwsem_set_owner,
  rwsem_test_oflags,
} from "./rwsem_types";

export const OWNER_NULL: u32 = 1;
export const OWNER_WRITER: u32 = 2;
export const OWNER_READER: u32 = 4;
export const OWNER_NONSPINNABLE: u32 = 8;
const OWNER_SPINNABLE: u32 = OWNER_NULL | OWNER_WRITER | OWNER_READER;

const RSPIN_CLOCK_MASK: u32 = 15; // the clock is read every 16th time

function rwsem_owner_state(owner: u32): u32 {
  if ((owner & RWSEM_NONSPINNABLE) !== 0) return OWNER_NONSPINNABLE;
  if ((owner & RWSEM_READER_OWNED) !== 0) return OWNER_READER;
  return owner !== 0 ? OWNER_WRITER : OWNER_NULL;
}

function owner_task(owner: u32): task_struct {
  return changetype<task_struct>(<usize>(owner & ~RWSEM_OWNER_FLAGS_MASK));
}

/**
 * While one and the same writer owns the lock and runs, looks at the owner word.
 *
 * @returns OWNER_*: what the owner word says now; OWNER_NONSPINNABLE too when the writer went to
 *   sleep, this CPU should reschedule, or the budget is used up
 */
export function rwsem_spin_on_owner(sem: rw_semaphore): u32 {
  const word = rwsem_owner_word(sem);
  const owner = READ_ONCE(word);
  const state = rwsem_owner_state(owner);
  if (state !== OWNER_WRITER) return state;
  for (let budget = optimistic_spin_budget(); budget !== 0; budget--) {
    const now = READ_ONCE(word);
    if (now !== owner) return rwsem_owner_state(now);
    if (need_resched() || !owner_on_cpu(owner_task(owner))) break;
  }
  return OWNER_NONSPINNABLE;
}

/** The owner word, when it names a reader, may be stale: only a writer's sleep counts. */
function rwsem_can_spin_on_owner(sem: rw_semaphore): bool {
  if (optimistic_spin_budget() === 0 || need_resched()) return false;
  const owner = READ_ONCE(rwsem_owner_word(sem));
  const state = rwsem_owner_state(owner);
  if (state === OWNER_NONSPINNABLE) return false;
  return state !== OWNER_WRITER || owner_on_cpu(owner_task(owner));
}

/** Steals the lock, past all who are queued, while it is free and no handoff is asked for (R11). */
function rwsem_try_write_lock_unqueued(sem: rw_semaphore): bool {
  const word = rwsem_count(sem);
  let count = atomic_read(word);
  while ((count & (RWSEM_LOCK_MASK | RWSEM_FLAG_HANDOFF)) === 0) {
    const seen = atomic_cmpxchg_acquire(word, count, count | RWSEM_WRITER_LOCKED);
    if (seen === count) {
      rwsem_set_owner(sem);
      count_event(EV_RWSEM_OPT_LOCK);
      return true;
    }
    count = seen;
  }
  return false;
}

/** R15: until when to spin on readers: 10 us and 0.5 us for each reader, up to 30 of them. */
function rwsem_rspin_threshold(sem: rw_semaphore): u64 {
  let readers = atomic_read(rwsem_count(sem)) >> RWSEM_READER_SHIFT;
  if (readers < 0) readers = 0;
  if (readers > 30) readers = 30;
  return ktime_get() + <u64>((20 + readers) * 500);
}

/** The spinning loop, by the holder of the OSQ. @returns true with the lock held */
function rwsem_spin_and_steal(sem: rw_semaphore): bool {
  let prev_state = OWNER_NULL;
  let threshold: u64 = 0;
  let looks: u32 = 0;
  for (let budget = optimistic_spin_budget(); budget !== 0; budget--) {
    const state = rwsem_spin_on_owner(sem);
    if ((state & OWNER_SPINNABLE) === 0) return false;
    if (rwsem_try_write_lock_unqueued(sem)) return true;
    if (state === OWNER_READER) {
      if (prev_state !== OWNER_READER) {
        if (rwsem_test_oflags(sem, RWSEM_NONSPINNABLE)) return false;
        threshold = rwsem_rspin_threshold(sem);
        looks = 0;
      } else if ((++looks & RSPIN_CLOCK_MASK) === 0 && ktime_get() > threshold) {
        rwsem_set_nonspinnable(sem);
        count_event(EV_RWSEM_OPT_NOSPIN);
        return false;
      }
    }
    // A writer's owner state was watched for this in rwsem_spin_on_owner().
    if (state !== OWNER_WRITER && need_resched()) return false;
    prev_state = state;
  }
  return false;
}

/**
 * Spins for the lock, one CPU at a time (R14 to R16).
 *
 * @returns true with the lock held for writing; false when the caller should queue
 * Context: never sleeps. Ordering: acquire on success.
 */
export function rwsem_optimistic_spin(sem: rw_semaphore): bool {
  let taken = false;
  if (rwsem_can_spin_on_owner(sem) && osq_lock(rwsem_osq(sem))) {
    if (rwsem_spin_and_steal(sem)) taken = true;
    osq_unlock(rwsem_osq(sem));
  }
  if (!taken) count_event(EV_RWSEM_OPT_FAIL);
  return taken;
}
