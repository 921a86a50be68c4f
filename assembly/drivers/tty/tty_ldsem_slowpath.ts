// SPDX-License-Identifier: GPL-2.0-only
/**
 * ldsem: the slow paths of readers and writers, and who wakes them. The rules stand in tty_ldsem.ts.
 *
 * Source:  drivers/tty/tty_ldsem.c (v6.12): down_read_failed, down_write_failed, __ldsem_wake.
 */
import {
  atomic_add,
  atomic_add_return_acquire,
  atomic_cmpxchg_acquire,
  smp_load_acquire,
  smp_store_release,
} from "../../arch/wasm/atomic";
import { count_event, EV_LDSEM_SLEEP } from "../../arch/wasm/events";
import { PERCPU_LDSEM_WAITER, this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_add_tail, list_del, list_empty, list_first, list_next } from "../../kernel/list";
import { raw_spin_lock, raw_spin_unlock } from "../../kernel/locking/spinlock";
import {
  end_wait,
  resume_wait,
  schedule_timeout,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_LDSEM_READ,
  WAIT_LDSEM_WRITE,
  wake_up_process,
} from "../../kernel/sched/core";
import {
  LDSEM_ACTIVE_BIAS,
  LDSEM_ACTIVE_MASK,
  LDSEM_WAIT_BIAS,
  ld_semaphore,
  ldsem_count,
  ldsem_read_wait,
  ldsem_wait_lock,
  ldsem_waiter,
  ldsem_waiter_task,
  ldsem_write_wait,
} from "./tty_ldsem_types";

/**
 * L7: grants all waiting readers the lock, unless a writer has it or is about to.
 *
 * Context: wait_lock held.
 */
function __ldsem_wake_readers(sem: ld_semaphore): void {
  const adjust = <i32>sem.wait_readers * (LDSEM_ACTIVE_BIAS - LDSEM_WAIT_BIAS);
  let count = atomic_add_return_acquire(adjust, ldsem_count(sem));
  while (count <= 0) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), count, count - adjust);
    if (seen === count) return;
    count = seen;
  }
  let waiter = list_first(ldsem_read_wait(sem));
  while (waiter !== 0) {
    const next = list_next(waiter);
    const task = changetype<ldsem_waiter>(waiter).task;
    smp_store_release(ldsem_waiter_task(waiter), 0); // O2: from here on the waiter is its reader's
    wake_up_process(changetype<task_struct>(<usize>task));
    waiter = next;
  }
  sem.read_first = 0; // plain: under wait_lock, as are the next two
  sem.read_last = 0;
  sem.wait_readers = 0;
}

/** L5. Context: wait_lock held. */
function __ldsem_wake(sem: ld_semaphore): void {
  const writer = list_first(ldsem_write_wait(sem));
  if (writer !== 0) {
    const task = changetype<ldsem_waiter>(writer).task;
    wake_up_process(changetype<task_struct>(<usize>task)); // L6
  } else if (!list_empty(ldsem_read_wait(sem))) {
    __ldsem_wake_readers(sem);
  }
}

/** Nobody is active, and somebody waits (L5). Context: any; never sleeps. Ordering: full. */
export function ldsem_wake_slowpath(sem: ld_semaphore): void {
  raw_spin_lock(ldsem_wait_lock(sem));
  __ldsem_wake(sem);
  raw_spin_unlock(ldsem_wait_lock(sem));
}

/** L6. @returns true with the lock held. Context: wait_lock held, the caller on the list of writers. */
function writer_trylock(sem: ld_semaphore): bool {
  let count = atomic_add_return_acquire(LDSEM_ACTIVE_BIAS, ldsem_count(sem));
  while ((count & LDSEM_ACTIVE_MASK) !== LDSEM_ACTIVE_BIAS) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), count, count - LDSEM_ACTIVE_BIAS);
    if (seen === count) return false;
    count = seen;
  }
  return true;
}

function queue_waiter(list: usize): usize {
  const waiter = this_cpu_ptr(PERCPU_LDSEM_WAITER);
  changetype<ldsem_waiter>(waiter).task = <u32>this_cpu_ptr(0); // plain: not on a list
  list_add_tail(waiter, list);
  return waiter;
}

/** O2: sleeps until granted. @returns false when the time was up before that */
function wait_for_grant(sem: ld_semaphore, waiter: usize, timeout_ns: i64): bool {
  let left = timeout_ns;
  let granted: bool = false;
  const since = set_wait(WAIT_LDSEM_READ, changetype<usize>(sem));
  for (;;) {
    set_current_state(TASK_SLEEPING);
    granted = smp_load_acquire(ldsem_waiter_task(waiter)) === 0;
    if (granted || left === 0) break;
    count_event(EV_LDSEM_SLEEP);
    left = schedule_timeout(left);
    resume_wait(WAIT_LDSEM_READ, changetype<usize>(sem), since);
  }
  end_wait();
  return granted;
}

/** L8. @returns true if the lock was granted all the same. Context: the time is up. */
function granted_too_late(sem: ld_semaphore, waiter: usize): bool {
  raw_spin_lock(ldsem_wait_lock(sem));
  const granted = smp_load_acquire(ldsem_waiter_task(waiter)) === 0;
  if (!granted) {
    atomic_add(-LDSEM_WAIT_BIAS, ldsem_count(sem));
    sem.wait_readers--; // plain: under wait_lock
    list_del(waiter, ldsem_read_wait(sem));
  }
  raw_spin_unlock(ldsem_wait_lock(sem));
  return granted;
}

/**
 * A reader whose bias is in, and who did not get the lock by it.
 *
 * @param count - what the add returned
 * @returns true with the lock held, false when the time was up
 * Context: sleeps. Ordering: acquire if true (O1).
 */
export function ldsem_down_read_slowpath(sem: ld_semaphore, count: i32, timeout_ns: i64): bool {
  const adjust = LDSEM_WAIT_BIAS - LDSEM_ACTIVE_BIAS;
  let old = count;
  raw_spin_lock(ldsem_wait_lock(sem));
  for (;;) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), old, old + adjust);
    if (seen === old) break;
    if (seen > 0) {
      raw_spin_unlock(ldsem_wait_lock(sem)); // L3
      return true;
    }
    old = seen;
  }
  const waiter = queue_waiter(ldsem_read_wait(sem));
  sem.wait_readers++; // plain: under wait_lock
  if (((old + adjust) & LDSEM_ACTIVE_MASK) === 0) __ldsem_wake(sem); // L3
  raw_spin_unlock(ldsem_wait_lock(sem));
  return wait_for_grant(sem, waiter, timeout_ns) || granted_too_late(sem, waiter);
}

/** O3: sleeps until the lock is the caller's, or the time is up. Context: wait_lock held, on return too. */
function sleep_to_write(sem: ld_semaphore, timeout_ns: i64): bool {
  let left = timeout_ns;
  let locked: bool = false;
  const since = set_wait(WAIT_LDSEM_WRITE, changetype<usize>(sem));
  set_current_state(TASK_SLEEPING);
  while (!locked && left !== 0) {
    raw_spin_unlock(ldsem_wait_lock(sem));
    count_event(EV_LDSEM_SLEEP);
    left = schedule_timeout(left);
    raw_spin_lock(ldsem_wait_lock(sem));
    resume_wait(WAIT_LDSEM_WRITE, changetype<usize>(sem), since);
    set_current_state(TASK_SLEEPING);
    locked = writer_trylock(sem);
  }
  end_wait();
  return locked;
}

/** L3, L6, L8: a writer's wait. @returns true with the lock held. Context: wait_lock held, on return too. */
export function ldsem_wait_to_write(sem: ld_semaphore, count: i32, timeout_ns: i64): bool {
  let old = count;
  for (;;) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), old, old - LDSEM_ACTIVE_BIAS);
    if (seen === old) break;
    if ((seen & LDSEM_ACTIVE_MASK) === LDSEM_ACTIVE_BIAS) return true; // L3
    old = seen;
  }
  const waiter = queue_waiter(ldsem_write_wait(sem));
  const locked = sleep_to_write(sem, timeout_ns);
  if (!locked) atomic_add(-LDSEM_WAIT_BIAS, ldsem_count(sem)); // L8
  list_del(waiter, ldsem_write_wait(sem));
  return locked;
}

/** A writer whose bias is in, and who was not alone. Else as ldsem_down_read_slowpath(). */
export function ldsem_down_write_slowpath(sem: ld_semaphore, count: i32, timeout_ns: i64): bool {
  raw_spin_lock(ldsem_wait_lock(sem));
  const locked = ldsem_wait_to_write(sem, count, timeout_ns);
  if (!locked && list_empty(ldsem_write_wait(sem))) __ldsem_wake_readers(sem); // L9
  raw_spin_unlock(ldsem_wait_lock(sem));
  return locked;
}
