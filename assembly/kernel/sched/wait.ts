// SPDX-License-Identifier: GPL-2.0-only
/**
 * Wait queues: tasks that wait for a condition which only they can test.
 *
 *   const entry = init_wait();
 *   for (;;) {
 *     prepare_to_wait(wq, entry);
 *     if (condition) break;
 *     schedule();
 *   }
 *   finish_wait(wq, entry);
 *
 * Source:  kernel/sched/wait.c, include/linux/wait.h (v6.12), with autoremove_wake_function.
 *
 * State:   head {lock, list}; an entry is queued or not, and exclusive or not.
 *
 * Rules:   W1  An entry that is not exclusive goes to the front, an exclusive one to the end.
 *          W2  wake_up() wakes every entry up to and with the first exclusive one that was asleep.
 *              An exclusive one that was awake does not count: its wake-up would be lost on the rest.
 *              One that has queued, and finds its condition before it sleeps, counts, as in Linux: who
 *              waits for one of many passes the wake-up on if there is more (block/blk-mq-tag.c does).
 *          W3  A wake-up that found its task asleep takes the entry off the queue; otherwise it stays.
 *          W4  wake_up_all() wakes every entry.
 *          W5  A task waits on one queue at a time: its entry is in its CPU's unit.
 *
 * Ordering: O1  prepare_to_wait() is a full barrier before the test of the condition. wake_up()'s lock
 *               is one behind the change of the condition: either the test sees the change, or the
 *               wake-up sees the entry.
 *
 * Cost:    prepare_to_wait() and wake_up(): one lock and unlock each; a clock read before a sleep.
 * Not modelled: custom wake functions, keys, bookmarks, priority entries.
 */
import { READ_ONCE, smp_store_release } from "../../arch/wasm/atomic";
import { PERCPU_WAIT_ENTRY, this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_add, list_add_tail, list_del, list_first, list_next } from "../list";
import { raw_spin_lock, raw_spin_unlock } from "../locking/spinlock";
import {
  end_wait,
  resume_wait,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_QUEUE,
  wake_up_process,
} from "./core";

const WQ_FLAG_EXCLUSIVE: u32 = 1;
const WQ_FLAG_QUEUED: u32 = 2;

@unmanaged
@final
export class wait_queue_head {
  lock: u32;
  first: u32;
  last: u32;
}

/** flags: written under the head's lock. The rest: by the waiting task, while not queued. */
@unmanaged
@final
export class wait_queue_entry {
  next: u32;
  prev: u32;
  task: u32;
  flags: u32;
  /** ktime at which this wait began, ns; 0 before the first prepare_to_wait(). */
  since: u64;
}

export const SIZEOF_WAIT_QUEUE_HEAD: u32 = offsetof<wait_queue_head>();
export const OFFSETOF_WAIT_QUEUE_HEAD_FIRST: u32 = offsetof<wait_queue_head>("first");

function wq_lock(wq: wait_queue_head): usize {
  return changetype<usize>(wq) + offsetof<wait_queue_head>("lock");
}

function wq_list(wq: wait_queue_head): usize {
  return changetype<usize>(wq) + offsetof<wait_queue_head>("first");
}

function entry_flags(entry: wait_queue_entry): usize {
  return changetype<usize>(entry) + offsetof<wait_queue_entry>("flags");
}

/** Context: before the queue is published; zeroed memory needs no call. Ordering: none. */
export function init_waitqueue_head(wq: wait_queue_head): void {
  wq.lock = 0; // plain: not published yet, as are the next two
  wq.first = 0;
  wq.last = 0;
}

/** The calling task's entry, ready for use (W5). Context: not between prepare and finish_wait(). */
export function init_wait(): wait_queue_entry {
  const entry = changetype<wait_queue_entry>(this_cpu_ptr(PERCPU_WAIT_ENTRY));
  entry.task = <u32>this_cpu_ptr(0); // plain: not queued, as are the next two
  entry.flags = 0;
  entry.since = 0;
  return entry;
}

function announce_wait(wq: wait_queue_head, entry: wait_queue_entry): void {
  const obj = changetype<usize>(wq);
  if (entry.since === 0) entry.since = set_wait(WAIT_QUEUE, obj);
  else resume_wait(WAIT_QUEUE, obj, entry.since);
  set_current_state(TASK_SLEEPING); // O1
}

function queue_entry(wq: wait_queue_head, entry: wait_queue_entry, exclusive: u32): void {
  raw_spin_lock(wq_lock(wq));
  if ((entry.flags & WQ_FLAG_QUEUED) === 0) {
    if (exclusive !== 0)
      list_add_tail(changetype<usize>(entry), wq_list(wq)); // W1
    else list_add(changetype<usize>(entry), wq_list(wq));
  }
  entry.flags = WQ_FLAG_QUEUED | exclusive; // plain: under the lock
  announce_wait(wq, entry);
  raw_spin_unlock(wq_lock(wq));
}

/**
 * Queues the caller, unless it is queued still, and announces a sleep. Test the condition next.
 *
 * @param entry - of init_wait(); the same one in each turn of the loop
 * Context: the task that waits; never sleeps itself. Ordering: full (O1).
 */
export function prepare_to_wait(wq: wait_queue_head, entry: wait_queue_entry): void {
  queue_entry(wq, entry, 0);
}

/** prepare_to_wait() for one of many that can each use up the condition (W2). */
export function prepare_to_wait_exclusive(wq: wait_queue_head, entry: wait_queue_entry): void {
  queue_entry(wq, entry, WQ_FLAG_EXCLUSIVE);
}

/** The condition holds: leaves the queue. Context: the task that waits; never sleeps. Ordering: none. */
export function finish_wait(wq: wait_queue_head, entry: wait_queue_entry): void {
  end_wait();
  if ((READ_ONCE(entry_flags(entry)) & WQ_FLAG_QUEUED) !== 0) {
    raw_spin_lock(wq_lock(wq));
    if ((entry.flags & WQ_FLAG_QUEUED) !== 0) list_del(changetype<usize>(entry), wq_list(wq));
    entry.flags = 0; // plain: under the lock
    raw_spin_unlock(wq_lock(wq));
  }
  entry.since = 0; // plain: not queued
}

/**
 * Wakes all that are not exclusive, and at most `nr_exclusive` of those that are; 0: all (W2 to W4).
 *
 * @returns the number of tasks that were asleep
 * Context: any; never sleeps, but may wait for the lock. Ordering: full.
 */
export function wake_up_nr(wq: wait_queue_head, nr_exclusive: i32): i32 {
  let woken = 0;
  let left = nr_exclusive;
  raw_spin_lock(wq_lock(wq));
  let e = list_first(wq_list(wq));
  while (e !== 0) {
    const entry = changetype<wait_queue_entry>(e);
    const next = list_next(e);
    const exclusive = (entry.flags & WQ_FLAG_EXCLUSIVE) !== 0;
    if (wake_up_process(changetype<task_struct>(<usize>entry.task))) {
      list_del(e, wq_list(wq)); // W3
      // Pairs with the unlocked test in finish_wait(): after it the entry is the sleeper's.
      smp_store_release(entry_flags(entry), 0);
      woken++;
      if (exclusive && --left === 0) break;
    }
    e = next;
  }
  raw_spin_unlock(wq_lock(wq));
  return woken;
}

/** wake_up_nr() with one exclusive waiter. Context: any. Ordering: full. */
export function wake_up(wq: wait_queue_head): i32 {
  return wake_up_nr(wq, 1);
}

/** wake_up_nr() without a limit. Context: any. Ordering: full. */
export function wake_up_all(wq: wait_queue_head): i32 {
  return wake_up_nr(wq, 0);
}

/**
 * True if somebody is queued. A caller without the lock needs a full barrier between its change of the
 * condition and this test: wasm's atomics are one.
 */
export function waitqueue_active(wq: wait_queue_head): bool {
  return READ_ONCE(wq_list(wq)) !== 0;
}
