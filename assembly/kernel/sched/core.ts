// SPDX-License-Identifier: GPL-2.0-only
/**
 * The scheduler's two ends: going to sleep and being woken. One task a CPU, one CPU a thread.
 *
 * Source:  kernel/sched/core.c (v6.12): schedule, schedule_timeout, try_to_wake_up.
 *
 * State:   task.state, drawn in task.ts: RUNNING → SLEEPING (the task) → PARKED (the task) → RUNNING
 *          (a waker, or the task itself when its time is up).
 *
 * Rules:   S1  A wake-up between set_current_state() and schedule() is never lost: schedule() parks
 *              only by a compare-exchange from SLEEPING.
 *          S2  Only a PARKED task costs its waker a notify, and each wakes that one task alone.
 *          S3  A task is offline for RCU all the while it waits on the word, unless its CPU was
 *              offline before.
 *          S4  A task that would park runs its CPU's RCU callbacks first: the idle loop's softirq.
 *              A callback that sleeps all the same costs the task a spurious return, never a wake-up.
 *          S5  A wake-up may be spurious: a late one from an earlier wait, or S4. Whoever sleeps tests
 *              its condition again, in a loop.
 *          S6  A time limit runs from the call of schedule_timeout(), callbacks and polling included.
 *
 * Ordering: O1  set_current_state() is a full barrier between the announcement and the test of the
 *               condition; pairs with the full barrier of the exchange in wake_up_process(): either the
 *               sleeper sees the condition, or the waker sees the announcement.
 *
 * Cost:    a sleep and its wake are some 30 to 40 us on a virtual machine; boot_info.idle_poll loads
 *          of the word come first, as in cpuidle-haltpoll (0 where there are more threads than cores).
 * Not modelled: priorities, preemption by the kernel (the host's scheduler preempts), signals.
 */
import { atomic_cmpxchg, READ_ONCE, xchg } from "../../arch/wasm/atomic";
import { ktime_get } from "../../arch/wasm/clock";
import { count_event, EV_SCHED_SLEEP, EV_SCHED_WAKE } from "../../arch/wasm/events";
import { futex_wait, futex_wake } from "../../arch/wasm/futex";
import { boot } from "../../arch/wasm/memory";
import { smp_processor_id } from "../../arch/wasm/percpu";
import { rcu_core, rcu_cpu_offline, rcu_cpu_online, rcu_is_online, rcu_need_qs } from "../rcu/tree";
import {
  current,
  end_wait,
  set_current_state,
  TASK_PARKED,
  TASK_RUNNING,
  TASK_SLEEPING,
  task_state,
  task_struct,
  WAIT_NONE,
} from "./task";

export * from "./task";

const FOREVER: u64 = u64.MAX_VALUE;

/** True when a grace period waits for this CPU: whoever spins should stop and sleep or report. */
export function need_resched(): bool {
  return rcu_need_qs();
}

/** Loads the state word for a while: a wake-up that comes soon then costs no futex call. */
function halt_poll(state: usize): void {
  let poll = boot().idle_poll;
  while (poll !== 0 && READ_ONCE(state) === TASK_SLEEPING) {
    if (rcu_need_qs()) break;
    poll--;
  }
}

/**
 * Off the CPU until the state word changes or the deadline passes. No slices when there is no
 * deadline: a slice would turn a lost wake-up, which must be seen, into a delay.
 */
function park_slowpath(state: usize, deadline: u64): void {
  const was_online = rcu_is_online();
  count_event(EV_SCHED_SLEEP);
  if (was_online) rcu_cpu_offline(); // S3
  while (READ_ONCE(state) === TASK_PARKED) {
    let left: i64 = -1;
    if (deadline !== FOREVER) {
      const now = ktime_get();
      if (now >= deadline) break;
      left = <i64>(deadline - now);
    }
    futex_wait(state, TASK_PARKED, left);
  }
  if (was_online) rcu_cpu_online();
}

/**
 * Sleeps until woken, or until `timeout_ns` has gone by (negative: no limit). Does not sleep when the
 * task was woken since set_current_state(). The task is TASK_RUNNING on return.
 *
 * @returns the time left in ns, 0 when it ran out; negative in, negative out
 * Context: sleeps; not inside an RCU reader, nor with a spinlock held. Ordering: full.
 */
export function schedule_timeout(timeout_ns: i64): i64 {
  const state = task_state(current());
  const deadline = timeout_ns < 0 ? FOREVER : ktime_get() + <u64>timeout_ns; // S6
  rcu_core(); // S4
  halt_poll(state);
  if (atomic_cmpxchg(state, TASK_SLEEPING, TASK_PARKED) === TASK_SLEEPING) {
    park_slowpath(state, deadline); // S1
  }
  end_wait();
  if (deadline === FOREVER) return timeout_ns;
  const now = ktime_get();
  return now < deadline ? <i64>(deadline - now) : 0;
}

/** schedule_timeout() without a limit. Context: sleeps. Ordering: full. */
export function schedule(): void {
  schedule_timeout(-1);
}

/**
 * Wakes `t` if it has announced a sleep. A task that is parked with a limit, and whose time runs out
 * at this moment, counts as woken.
 *
 * @returns true if this call woke it
 * Context: any; never sleeps. Ordering: full (O1).
 */
export function wake_up_process(t: task_struct): bool {
  const state = task_state(t);
  const old = xchg(state, TASK_RUNNING);
  if (old === TASK_PARKED) {
    futex_wake(state, 1); // S2
    count_event(EV_SCHED_WAKE);
  }
  return old !== TASK_RUNNING;
}

/** Makes the calling instance CPU `cpu`'s task. Context: once, at CPU start. */
export function sched_init_cpu(): void {
  const t = current();
  t.cpu = smp_processor_id();
  t.wait_what = WAIT_NONE;
  t.wake_q_next = 0;
  set_current_state(TASK_RUNNING);
}
