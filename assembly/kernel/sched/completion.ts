// SPDX-License-Identifier: GPL-2.0-only
/**
 * completion — "wait until that has happened", as often as it happened.
 *
 * Source:  kernel/sched/completion.c, kernel/sched/swait.c, include/linux/completion.h (v6.12).
 *
 * State:   done (u32)  completions not yet waited for; UINT_MAX: completed for good
 *          lock, and the list of those who wait, first come first
 *
 * Rules:   C1  complete() lets one waiter pass, past or to come; n calls let n pass.
 *          C2  Waiters are woken in the order in which they came.
 *          C3  After complete_all() every waiter passes, until reinit_completion().
 *          C4  done saturates: at UINT_MAX nothing is added nor taken.
 *          C5  A waiter that has returned has seen the lock free again: it may free the completion.
 *          C6  A wait that times out takes nothing from done.
 *
 * Ordering: O1  What came before complete() happens before the return of the wait that it lets pass:
 *               by the lock.
 *
 * Cost:    complete() and a wait that need not sleep: one lock and unlock each.
 * Not modelled: killable, interruptible and io variants.
 */
import { READ_ONCE, WRITE_ONCE } from "../../arch/wasm/atomic";
import { PERCPU_COMPLETION_ENTRY, this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_add_tail, list_del, list_first } from "../list";
import { raw_spin_lock, raw_spin_unlock } from "../locking/spinlock";
import {
  end_wait,
  resume_wait,
  schedule_timeout,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_COMPLETION,
  wake_up_process,
} from "./core";

@unmanaged
@final
export class completion {
  done: u32;
  lock: u32;
  first: u32;
  last: u32;
}

/** One a CPU: a task waits for one completion at a time. All under the lock. */
@unmanaged
@final
export class swait_queue {
  next: u32;
  prev: u32;
  task: u32;
  queued: u32;
}

export const SIZEOF_COMPLETION: u32 = offsetof<completion>();
export const OFFSETOF_COMPLETION_DONE: u32 = offsetof<completion>("done");
export const OFFSETOF_COMPLETION_LOCK: u32 = offsetof<completion>("lock");
export const OFFSETOF_COMPLETION_FIRST: u32 = offsetof<completion>("first");

function done_of(x: completion): usize {
  return changetype<usize>(x) + offsetof<completion>("done");
}

function lock_of(x: completion): usize {
  return changetype<usize>(x) + offsetof<completion>("lock");
}

function list_of(x: completion): usize {
  return changetype<usize>(x) + offsetof<completion>("first");
}

/** Context: before the completion is published. Ordering: none. */
export function init_completion(x: completion): void {
  x.done = 0; // plain: not published yet, as are the next three
  x.lock = 0;
  x.first = 0;
  x.last = 0;
}

/** Makes it wait again, after complete_all(). Context: nobody waits. Ordering: none. */
export function reinit_completion(x: completion): void {
  WRITE_ONCE(done_of(x), 0);
}

/** Takes the first waiter off the list and wakes it. Context: the lock is held. */
function swake_up_locked(x: completion): void {
  const first = list_first(list_of(x));
  if (first === 0) return;
  const wait = changetype<swait_queue>(first);
  list_del(first, list_of(x));
  wait.queued = 0; // plain: under the lock
  wake_up_process(changetype<task_struct>(<usize>wait.task));
}

/** Lets one waiter pass (C1). Context: any; never sleeps. Ordering: release (O1). */
export function complete(x: completion): void {
  raw_spin_lock(lock_of(x));
  if (x.done !== u32.MAX_VALUE) WRITE_ONCE(done_of(x), x.done + 1); // C4
  swake_up_locked(x);
  raw_spin_unlock(lock_of(x));
}

/** Lets every waiter pass, for good (C3). Context: any; never sleeps. Ordering: release (O1). */
export function complete_all(x: completion): void {
  raw_spin_lock(lock_of(x));
  WRITE_ONCE(done_of(x), u32.MAX_VALUE);
  while (list_first(list_of(x)) !== 0) swake_up_locked(x);
  raw_spin_unlock(lock_of(x));
}

/**
 * Sleeps until done is not 0, or the time is up. Context: the lock is held, dropped while asleep, and
 * held again on return.
 */
function sleep_until_done(x: completion, timeout_ns: i64): void {
  const wait = changetype<swait_queue>(this_cpu_ptr(PERCPU_COMPLETION_ENTRY));
  const since = set_wait(WAIT_COMPLETION, changetype<usize>(x));
  let left = timeout_ns;
  wait.task = <u32>this_cpu_ptr(0); // plain: not queued
  wait.queued = 0;
  while (x.done === 0 && left !== 0) {
    if (wait.queued === 0) list_add_tail(changetype<usize>(wait), list_of(x)); // C2
    wait.queued = 1; // plain: under the lock
    resume_wait(WAIT_COMPLETION, changetype<usize>(x), since);
    set_current_state(TASK_SLEEPING);
    raw_spin_unlock(lock_of(x));
    left = schedule_timeout(left);
    raw_spin_lock(lock_of(x));
  }
  end_wait();
  if (wait.queued !== 0) list_del(changetype<usize>(wait), list_of(x));
}

/** Uses up one completion, if there is one. Context: the lock is held. */
function take_done(x: completion): bool {
  if (x.done === 0) return false; // C6
  if (x.done !== u32.MAX_VALUE) WRITE_ONCE(done_of(x), x.done - 1); // C1, C4
  return true;
}

function wait_for_common(x: completion, timeout_ns: i64): bool {
  raw_spin_lock(lock_of(x));
  if (x.done === 0) sleep_until_done(x, timeout_ns);
  const taken = take_done(x);
  raw_spin_unlock(lock_of(x)); // C5
  return taken;
}

/** Waits until completed. Context: sleeps. Ordering: acquire (O1). */
export function wait_for_completion(x: completion): void {
  wait_for_common(x, -1);
}

/**
 * Waits until completed, at most `timeout_ns`.
 *
 * @returns true if completed, false when the time ran out
 * Context: sleeps. Ordering: acquire (O1) if true.
 */
export function wait_for_completion_timeout(x: completion, timeout_ns: u64): bool {
  return wait_for_common(x, <i64>timeout_ns);
}

/**
 * Passes if that needs no waiting.
 *
 * @returns true if completed: one completion is used up
 * Context: any; never sleeps. Ordering: acquire (O1) if true.
 */
export function try_wait_for_completion(x: completion): bool {
  if (READ_ONCE(done_of(x)) === 0) return false;
  raw_spin_lock(lock_of(x));
  const taken = take_done(x);
  raw_spin_unlock(lock_of(x)); // C5
  return taken;
}

/**
 * @returns false if somebody who waited now would sleep
 * Context: any; never sleeps. Ordering: acquire (O1) if true; after it the completion may be freed (C5).
 */
export function completion_done(x: completion): bool {
  if (READ_ONCE(done_of(x)) === 0) return false;
  raw_spin_lock(lock_of(x));
  raw_spin_unlock(lock_of(x));
  return true;
}
