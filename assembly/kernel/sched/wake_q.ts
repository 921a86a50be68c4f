// SPDX-License-Identifier: GPL-2.0-only
/**
 * wake_q — tasks to be woken once a lock has been dropped, first come first.
 *
 * Source:  include/linux/sched/wake_q.h, kernel/sched/core.c (v6.12): wake_q_add, wake_up_q.
 *
 * State:   one queue a CPU {first, last} in its unit; task.wake_q_next links the tasks
 *            0  the task is on no wake queue
 *            1  it is the last one of a queue
 *            else the next task
 *
 * Rules:   W1  A task is on at most one wake queue, whoever's: the one whose compare-exchange of
 *              wake_q_next from 0 succeeded wakes it, the others rely on that.
 *          W2  A CPU's queue is empty outside of a primitive: who adds also wakes, after the unlock.
 *
 * Ordering: O1  The compare-exchange, also a failing one, is a full barrier, and the link is cleared
 *               before the wake-up: the task sees all that came before any wake_q_add() of it.
 *
 * Cost:    one RMW and one notify a task.
 * Not modelled: task references; a task lives as long as the machine.
 */
import { atomic_cmpxchg, READ_ONCE, WRITE_ONCE } from "../../arch/wasm/atomic";
import { PERCPU_WAKE_Q, this_cpu_ptr } from "../../arch/wasm/percpu";
import { task_struct, wake_up_process } from "./core";

const WAKE_Q_TAIL: u32 = 1;

@unmanaged
@final
class wake_q_head {
  first: u32; // 0: empty. Plain accesses: the CPU's own
  last: u32;
}

function this_wake_q(): wake_q_head {
  return changetype<wake_q_head>(this_cpu_ptr(PERCPU_WAKE_Q));
}

function wake_q_node(task: usize): usize {
  return task + offsetof<task_struct>("wake_q_next");
}

/** Context: any; never sleeps. Ordering: none. */
export function wake_q_empty(): bool {
  return this_wake_q().first === 0;
}

/**
 * Puts `task` on this CPU's wake queue, unless it is on a queue already (W1).
 *
 * Context: any, spinlocks held; never sleeps. Ordering: full (O1).
 */
export function wake_q_add(task: usize): void {
  if (atomic_cmpxchg(wake_q_node(task), 0, WAKE_Q_TAIL) !== 0) return;
  const q = this_wake_q();
  if (q.first === 0) q.first = <u32>task;
  else WRITE_ONCE(wake_q_node(q.last), <u32>task);
  q.last = <u32>task;
}

/** Wakes all tasks of this CPU's wake queue. Context: no spinlock held; never sleeps. Ordering: full. */
export function wake_up_q(): void {
  const q = this_wake_q();
  let task = q.first;
  q.first = 0;
  while (task > WAKE_Q_TAIL) {
    const next = READ_ONCE(wake_q_node(task));
    WRITE_ONCE(wake_q_node(task), 0); // O1: before the exchange of the wake-up
    wake_up_process(changetype<task_struct>(<usize>task));
    task = next;
  }
}
