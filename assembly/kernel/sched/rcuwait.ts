// SPDX-License-Identifier: GPL-2.0-only
/**
 * rcuwait — one task that sleeps until a condition holds, and whoever makes it hold wakes it.
 *
 *   const since = prepare_to_rcuwait(w, what, obj);
 *   while (!condition) rcuwait_schedule(what, obj, since);
 *   finish_rcuwait(w);
 *
 * Source:  include/linux/rcuwait.h, kernel/exit.c, rcuwait_wake_up() (v6.12). The kernel reads the task
 *          under RCU, as it may exit; a task here is a CPU's for good.
 *
 * State:   task (u32): the task that waits, or 0
 *
 * Rules:   W6  A wake-up that comes after prepare_to_rcuwait() is not lost: the condition is tested behind
 *              it, and behind each announcement of a sleep.
 *          W7  With nobody waiting, a wake-up is one load.
 *
 * Ordering: O1  the waiter stores task and its sleep, a full barrier, then tests the condition; the waker
 *               changes the condition, a full barrier (its own RMW), then loads task: one sees the other.
 */
import { READ_ONCE, smp_store_mb, smp_store_release } from "../../arch/wasm/atomic";
import {
  current,
  end_wait,
  resume_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  wake_up_process,
} from "./core";

@unmanaged
@final
export class rcuwait {
  task: u32;
}

export const SIZEOF_RCUWAIT: u32 = offsetof<rcuwait>();

/** Context: before it is published. Ordering: none. */
export function rcuwait_init(w: rcuwait): void {
  w.task = 0; // plain: not published yet
}

/**
 * Publishes the calling task and announces its sleep. Test the condition next.
 *
 * @param what - one of WAIT_*, with `obj`: for reports
 * @returns when the wait began, for rcuwait_schedule()
 * Context: one task at a time; never sleeps itself. Ordering: full (O1).
 */
export function prepare_to_rcuwait(w: rcuwait, what: u32, obj: usize): u64 {
  const since = set_wait(what, obj);
  smp_store_mb(changetype<usize>(w), <u32>changetype<usize>(current()));
  set_current_state(TASK_SLEEPING);
  return since;
}

/** Sleeps, and announces the next sleep: test the condition again. Context: sleeps. Ordering: full (O1). */
export function rcuwait_schedule(what: u32, obj: usize, since: u64): void {
  schedule();
  resume_wait(what, obj, since);
  set_current_state(TASK_SLEEPING);
}

/** The condition holds. Context: the task that waited; never sleeps. Ordering: none. */
export function finish_rcuwait(w: rcuwait): void {
  smp_store_release(changetype<usize>(w), 0);
  end_wait();
}

/** Wakes who waits, if anybody does. Context: behind an RMW; never sleeps. Ordering: full if it wakes (O1). */
export function rcuwait_wake_up(w: rcuwait): void {
  const task = READ_ONCE(changetype<usize>(w));
  if (task !== 0) wake_up_process(changetype<task_struct>(<usize>task)); // W7
}
