// SPDX-License-Identifier: GPL-2.0-only
/**
 * task_struct: one task a CPU, at offset 0 of the CPU's unit.
 *
 * Source:  include/linux/sched.h (v6.12): task_struct, set_current_state.
 *
 * State:   task.state (u32), one word; every transition is one RMW or one seq-cst store
 *            0 TASK_RUNNING    on the CPU
 *            1 TASK_SLEEPING   has announced that it will sleep; still on the CPU
 *            2 TASK_PARKED     off the CPU, waiting on this very word
 *
 * The rules of the word stand in kernel/sched/core.ts. This file is apart from it because the RCU and
 * the spinlocks, which the scheduler needs, report here what they wait for.
 */
import { READ_ONCE, smp_store_mb, WRITE_ONCE } from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import { this_cpu_ptr } from "../../arch/wasm/percpu";

export const TASK_RUNNING: u32 = 0;
export const TASK_SLEEPING: u32 = 1;
export const TASK_PARKED: u32 = 2;

// What a task waits for: the host's hung-task report prints the constant's name and wait_obj.
export const WAIT_NONE: u32 = 0;
export const WAIT_RWSEM_READ: u32 = 1;
export const WAIT_RWSEM_WRITE: u32 = 2;
export const WAIT_MUTEX: u32 = 3;
export const WAIT_COMPLETION: u32 = 4;
export const WAIT_QUEUE: u32 = 5;
export const WAIT_RCU_GP: u32 = 6;
export const WAIT_MAILBOX: u32 = 7;
export const WAIT_SPINLOCK: u32 = 8;
export const WAIT_RENDEZVOUS: u32 = 9;
export const WAIT_PERCPU_REF_SWITCH: u32 = 10;
export const WAIT_STUTTER: u32 = 11;
export const WAIT_SRCU_GP: u32 = 12;
export const WAIT_GATE: u32 = 13;
export const WAIT_LDSEM_READ: u32 = 14;
export const WAIT_LDSEM_WRITE: u32 = 15;
export const WAIT_TICKET: u32 = 16;
export const WAIT_QRWLOCK_READ: u32 = 17;
export const WAIT_QRWLOCK_WRITE: u32 = 18;
export const WAIT_PERCPU_RWSEM: u32 = 19;

@unmanaged
@final
export class task_struct {
  state: u32;
  cpu: u32;
  /** One of WAIT_*, for the host's reports only; written by the task itself. */
  wait_what: u32;
  wait_obj: u32;
  /** ktime at which the present wait began, ns. */
  wait_since: u64;
  /** Set by the host: leave loops at the next operation boundary. */
  stop: u32;
  /** Operations done: the host's progress monitor and other CPUs read it. */
  progress: u32;
  /** Link of the wake queue that this task is on; 0 when it is on none. See wake_q.ts. */
  wake_q_next: u32;
}

export const OFFSETOF_TASK_STRUCT_STATE: u32 = offsetof<task_struct>("state");
export const OFFSETOF_TASK_STRUCT_WAIT_WHAT: u32 = offsetof<task_struct>("wait_what");
export const OFFSETOF_TASK_STRUCT_WAIT_OBJ: u32 = offsetof<task_struct>("wait_obj");
export const OFFSETOF_TASK_STRUCT_WAIT_SINCE: u32 = offsetof<task_struct>("wait_since");
export const OFFSETOF_TASK_STRUCT_STOP: u32 = offsetof<task_struct>("stop");
export const OFFSETOF_TASK_STRUCT_PROGRESS: u32 = offsetof<task_struct>("progress");
export const OFFSETOF_TASK_STRUCT_WAKE_Q_NEXT: u32 = offsetof<task_struct>("wake_q_next");
export const SIZEOF_TASK_STRUCT: u32 = offsetof<task_struct>();

export function current(): task_struct {
  return changetype<task_struct>(this_cpu_ptr(0));
}

/** Address of the state word. */
export function task_state(t: task_struct): usize {
  return changetype<usize>(t) + offsetof<task_struct>("state");
}

/**
 * Announces a sleep, or takes it back with TASK_RUNNING.
 *
 * Context: any; never sleeps. Ordering: full (O1 of core.ts).
 */
export function set_current_state(state: u32): void {
  smp_store_mb(task_state(current()), state);
}

/**
 * Says what the next schedule() is for.
 *
 * @returns the time at which this wait began, ns: for resume_wait()
 * Context: before set_current_state(); never sleeps. Ordering: none.
 */
export function set_wait(what: u32, obj: usize): u64 {
  const now = ktime_get();
  resume_wait(what, obj, now);
  return now;
}

/**
 * Says that a wait goes on which began at `since`, after a schedule() that did not end it: so a task
 * that is woken again and again for nothing still shows as hung.
 *
 * Context: before set_current_state(); never sleeps. Ordering: none.
 */
export function resume_wait(what: u32, obj: usize, since: u64): void {
  const t = current();
  t.wait_since = since; // plain: the task's own; the host reads it for reports only
  t.wait_obj = <u32>obj;
  t.wait_what = what;
}

/** The wait is over, slept or not. Context: the task itself; never sleeps. Ordering: none. */
export function end_wait(): void {
  const t = current();
  WRITE_ONCE(task_state(t), TASK_RUNNING);
  t.wait_what = WAIT_NONE; // plain: as above
}

/** True while `t` is on a CPU: not parked. A hint, stale at once. Ordering: none. */
export function owner_on_cpu(t: task_struct): bool {
  return READ_ONCE(task_state(t)) !== TASK_PARKED;
}
