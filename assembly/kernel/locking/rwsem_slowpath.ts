// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem: the slow paths of a reader and of a writer. The rules stand in rwsem.ts.
 *
 * Source:  kernel/locking/rwsem.c (v6.12): rwsem_down_read_slowpath, rwsem_down_write_slowpath,
 *          rwsem_try_write_lock; the same in v6.1.
 */
import {
  atomic_add_return,
  atomic_cmpxchg_acquire,
  atomic_or,
  atomic_read,
  READ_ONCE,
  smp_load_acquire,
} from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import {
  count_event,
  EV_RWSEM_RLOCK,
  EV_RWSEM_RLOCK_FAST,
  EV_RWSEM_RLOCK_STEAL,
  EV_RWSEM_SLEEP_READER,
  EV_RWSEM_SLEEP_WRITER,
  EV_RWSEM_WLOCK,
  EV_RWSEM_WLOCK_HANDOFF,
} from "../../arch/wasm/events";
import { boot } from "../../arch/wasm/memory";
import { this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_add_tail, list_del, list_empty, list_is_singular } from "../list";
import {
  end_wait,
  need_resched,
  resume_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  WAIT_RWSEM_READ,
  WAIT_RWSEM_WRITE,
} from "../sched/core";
import { wake_q_empty, wake_up_q } from "../sched/wake_q";
import { optimistic_spin_budget } from "./osq_lock";
import { OWNER_NULL, rwsem_optimistic_spin, rwsem_spin_on_owner } from "./rwsem_spin";
import {
  __rwsem_set_reader_owned,
  RWSEM_FLAG_HANDOFF,
  RWSEM_FLAG_WAITERS,
  RWSEM_LOCK_MASK,
  RWSEM_READER_BIAS,
  RWSEM_READER_OWNED,
  RWSEM_READER_SHIFT,
  RWSEM_WAITING_FOR_READ,
  RWSEM_WAITING_FOR_WRITE,
  RWSEM_WRITER_LOCKED,
  RWSEM_WRITER_MASK,
  rw_semaphore,
  rwsem_count,
  rwsem_first_waiter,
  rwsem_set_owner,
  rwsem_test_oflags,
  rwsem_wait_list,
  rwsem_wait_lock,
  rwsem_waiter,
  this_rwsem_waiter,
} from "./rwsem_types";
import { RWSEM_WAKE_READ_OWNED, rwsem_mark_cond_wake, rwsem_wake } from "./rwsem_wake";
import { raw_spin_lock, raw_spin_unlock } from "./spinlock";

function init_waiter(type: u32): rwsem_waiter {
  const waiter = this_rwsem_waiter();
  waiter.task = <u32>this_cpu_ptr(0); // plain: not on a list, as are the next three
  waiter.type = type;
  waiter.timeout = ktime_get() + boot().rwsem_wait_timeout_ns;
  waiter.handoff_set = 0;
  return waiter;
}

/**
 * R5, R6: may this reader, whose bias is in, keep the lock although the fast path failed?
 * `count` is what its add returned.
 */
function rwsem_reader_steals(sem: rw_semaphore, count: i32): bool {
  const writer = (count & RWSEM_WRITER_LOCKED) !== 0;
  const readers = count >> RWSEM_READER_SHIFT; // this one included
  if (readers > 1 && !writer && rwsem_test_oflags(sem, RWSEM_READER_OWNED)) return false; // R6
  return !writer && (count & RWSEM_FLAG_HANDOFF) === 0; // R5
}

/** O3: sleeps until the granter, which has added the bias, has cleared waiter.task. */
function rwsem_wait_for_grant(sem: rw_semaphore, waiter: rwsem_waiter): void {
  const granted = changetype<usize>(waiter) + offsetof<rwsem_waiter>("task");
  const since = set_wait(WAIT_RWSEM_READ, changetype<usize>(sem));
  for (;;) {
    set_current_state(TASK_SLEEPING);
    if (smp_load_acquire(granted) === 0) break;
    count_event(EV_RWSEM_SLEEP_READER);
    schedule();
    resume_wait(WAIT_RWSEM_READ, changetype<usize>(sem), since);
  }
  end_wait();
}

/**
 * Takes the lock for reading, stealing it or sleeping for it.
 *
 * @param count - what rwsem_read_trylock_add() returned; the bias is in
 * Context: sleeps. Ordering: acquire.
 */
export function rwsem_down_read_slowpath(sem: rw_semaphore, count: i32): void {
  if (rwsem_reader_steals(sem, count)) {
    __rwsem_set_reader_owned(sem, this_cpu_ptr(0));
    count_event(EV_RWSEM_RLOCK_STEAL);
    const alone = count >> RWSEM_READER_SHIFT === 1;
    if (alone && (count & RWSEM_FLAG_WAITERS) !== 0) rwsem_wake(sem, RWSEM_WAKE_READ_OWNED);
    return;
  }
  const wait_lock = rwsem_wait_lock(sem);
  const waiter = init_waiter(RWSEM_WAITING_FOR_READ);
  let adjustment = -RWSEM_READER_BIAS; // R2: stops counting itself as active
  raw_spin_lock(wait_lock);
  if (list_empty(rwsem_wait_list(sem))) {
    if ((atomic_read(rwsem_count(sem)) & RWSEM_WRITER_MASK) === 0) {
      raw_spin_unlock(wait_lock); // R7
      __rwsem_set_reader_owned(sem, this_cpu_ptr(0));
      count_event(EV_RWSEM_RLOCK_FAST);
      return;
    }
    adjustment += RWSEM_FLAG_WAITERS; // R3
  }
  list_add_tail(changetype<usize>(waiter), rwsem_wait_list(sem));
  rwsem_mark_cond_wake(sem, atomic_add_return(adjustment, rwsem_count(sem)));
  raw_spin_unlock(wait_lock);
  wake_up_q();
  rwsem_wait_for_grant(sem, waiter);
  count_event(EV_RWSEM_RLOCK);
}

/**
 * R10 to R12: a queued writer's attempt. While the lock is held, and the writer has waited too long,
 * it asks for the handoff instead, on behalf of the first waiter.
 *
 * @returns true with the lock held, and the waiter off the list
 * Context: wait_lock held.
 */
function rwsem_try_write_lock(sem: rw_semaphore, waiter: rwsem_waiter): bool {
  const first = rwsem_first_waiter(sem);
  const word = rwsem_count(sem);
  let count = atomic_read(word);
  let wanted = 0;
  for (;;) {
    const handoff = (count & RWSEM_FLAG_HANDOFF) !== 0;
    if (handoff && first.handoff_set !== 0 && waiter !== first) return false; // R12
    if ((count & RWSEM_LOCK_MASK) !== 0) {
      if (handoff || ktime_get() <= waiter.timeout) return false;
      wanted = count | RWSEM_FLAG_HANDOFF;
    } else {
      wanted = (count | RWSEM_WRITER_LOCKED) & ~RWSEM_FLAG_HANDOFF;
      if (list_is_singular(rwsem_wait_list(sem))) wanted &= ~RWSEM_FLAG_WAITERS; // R3
    }
    const seen = atomic_cmpxchg_acquire(word, count, wanted);
    if (seen === count) break;
    count = seen;
  }
  if ((wanted & RWSEM_FLAG_HANDOFF) !== 0) {
    first.handoff_set = 1; // plain: under wait_lock; its owner reads it with READ_ONCE
    count_event(EV_RWSEM_WLOCK_HANDOFF);
    return false;
  }
  list_del(changetype<usize>(waiter), rwsem_wait_list(sem));
  rwsem_set_owner(sem);
  return true;
}

/** Appends the writer, and wakes those whom nobody else may see now. Context: wait_lock held. */
function rwsem_queue_writer(sem: rw_semaphore, waiter: rwsem_waiter): void {
  const word = rwsem_count(sem);
  list_add_tail(changetype<usize>(waiter), rwsem_wait_list(sem));
  if (rwsem_first_waiter(sem) === waiter) {
    atomic_or(RWSEM_FLAG_WAITERS, word); // R3
    return;
  }
  rwsem_mark_cond_wake(sem, atomic_read(word));
  if (wake_q_empty()) return;
  raw_spin_unlock(rwsem_wait_lock(sem));
  wake_up_q();
  raw_spin_lock(rwsem_wait_lock(sem));
}

/**
 * R12: the handoff was asked for this writer's sake, and the owner is letting go or has just done so:
 * to try again is quicker than to sleep.
 */
function rwsem_handoff_is_near(sem: rw_semaphore, waiter: rwsem_waiter): bool {
  const handoff_set = changetype<usize>(waiter) + offsetof<rwsem_waiter>("handoff_set");
  if (READ_ONCE(handoff_set) === 0 || need_resched()) return false;
  return rwsem_spin_on_owner(sem) === OWNER_NULL;
}

/**
 * Takes the lock for writing, spinning or sleeping for it.
 *
 * Context: sleeps. Ordering: acquire.
 */
export function rwsem_down_write_slowpath(sem: rw_semaphore): void {
  if (rwsem_optimistic_spin(sem)) return;
  const wait_lock = rwsem_wait_lock(sem);
  const waiter = init_waiter(RWSEM_WAITING_FOR_WRITE);
  const since = set_wait(WAIT_RWSEM_WRITE, changetype<usize>(sem));
  raw_spin_lock(wait_lock);
  rwsem_queue_writer(sem, waiter);
  set_current_state(TASK_SLEEPING);
  let retries = optimistic_spin_budget();
  while (!rwsem_try_write_lock(sem, waiter)) {
    raw_spin_unlock(wait_lock);
    if (retries !== 0 && rwsem_handoff_is_near(sem, waiter)) {
      retries--;
    } else {
      count_event(EV_RWSEM_SLEEP_WRITER);
      schedule();
      resume_wait(WAIT_RWSEM_WRITE, changetype<usize>(sem), since);
      set_current_state(TASK_SLEEPING);
    }
    raw_spin_lock(wait_lock);
  }
  raw_spin_unlock(wait_lock);
  end_wait();
  count_event(EV_RWSEM_WLOCK);
}
