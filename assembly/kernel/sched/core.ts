// SPDX-License-Identifier: GPL-2.0-only
/**
 * The scheduler's two ends: going to sleep and being woken. One task a CPU, one CPU a thread.
 *
 * Source:  kernel/sched/core.c (v6.12), set_current_state / schedule / try_to_wake_up.
 *
 * State:   task.state (u32), one word; every transition is one RMW
 *            0 TASK_RUNNING    on the CPU
 *            1 TASK_SLEEPING   has announced that it will sleep; still on the CPU
 *            2 TASK_PARKED     off the CPU, waiting on this very word
 *
 * Rules:   S1  A wake-up between set_current_state() and schedule() is never lost: schedule() parks
 *              only by a compare-exchange from SLEEPING.
 *          S2  Only a PARKED task costs its waker a notify, and each wakes that one task alone.
 *          S3  A CPU is offline for RCU from before it parks until after it was woken.
 *          S4  A task that would park runs its CPU's RCU callbacks first: the idle loop's softirq.
 *
 * Ordering: O1  set_current_state() is a full barrier between the announcement and the test of the
 *               condition; pairs with the full barrier of the exchange in wake_up_process().
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
import { per_cpu_base, smp_processor_id, this_cpu_ptr } from "../../arch/wasm/percpu";
import { rcu_core, rcu_cpu_offline, rcu_cpu_online, rcu_is_online, rcu_need_qs } from "../rcu/tree";

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

const SLICE_NS: i64 = 100_000_000; // a parked task looks around at least this often

/** At offset 0 of a CPU's unit: current is the unit's address. */
@unmanaged
@final
export class task_struct {
  state: u32;
  cpu: u32;
  /** One of WAIT_*, for the host's reports only. */
  wait_what: u32;
  wait_obj: u32;
  /** ktime at which the present wait began, ns. */
  wait_since: u64;
  /** Set by the host: leave loops at the next operation boundary. */
  stop: u32;
  /** Operations done: the host's progress monitor and other CPUs read it. */
  progress: u32;
}

export function current(): task_struct {
  return changetype<task_struct>(this_cpu_ptr(0));
}

export function task_of(cpu: u32): task_struct {
  return changetype<task_struct>(per_cpu_base(cpu));
}

function state_of(t: task_struct): usize {
  return changetype<usize>(t) + offsetof<task_struct>("state");
}

/** Announces a sleep, or takes it back with TASK_RUNNING. Ordering: full (O1). */
export function set_current_state(state: u32): void {
  atomic.store<u32>(state_of(current()), state);
}

/** Says what the next schedule() is for. Context: before set_current_state(); never sleeps. */
export function set_wait(what: u32, obj: usize): void {
  const t = current();
  t.wait_since = ktime_get();
  t.wait_obj = <u32>obj;
  t.wait_what = what;
}

/** True while `t` is on a CPU: not parked. A hint, stale at once. Ordering: none. */
export function owner_on_cpu(t: task_struct): bool {
  return READ_ONCE(state_of(t)) !== TASK_PARKED;
}

/** True when a grace period waits for this CPU: whoever spins should stop and sleep or report. */
export function need_resched(): bool {
  return rcu_need_qs();
}

/**
 * Sleeps until woken, or until `timeout_ns` has gone by (negative: no limit). Does not sleep when the
 * task was woken since set_current_state(). The task is TASK_RUNNING on return.
 *
 * @returns the time left in ns, 0 when it ran out; negative in, negative out
 * Context: sleeps; not inside an RCU reader, nor with a spinlock held. Ordering: full.
 */
export function schedule_timeout(timeout_ns: i64): i64 {
  const t = current();
  const state = state_of(t);
  rcu_core(); // S4
  let poll = boot().idle_poll;
  while (poll !== 0 && READ_ONCE(state) === TASK_SLEEPING) {
    if (rcu_need_qs()) break;
    poll--;
  }
  let left = timeout_ns;
  if (atomic_cmpxchg(state, TASK_SLEEPING, TASK_PARKED) === TASK_SLEEPING) {
    count_event(EV_SCHED_SLEEP);
    const was_online = rcu_is_online();
    if (was_online) rcu_cpu_offline(); // S3
    const deadline: u64 = timeout_ns < 0 ? u64.MAX_VALUE : ktime_get() + <u64>timeout_ns;
    while (READ_ONCE(state) === TASK_PARKED) {
      const slice: i64 = timeout_ns < 0 || left > SLICE_NS ? SLICE_NS : left;
      futex_wait(state, TASK_PARKED, slice);
      if (timeout_ns < 0) continue;
      left = <i64>(deadline - ktime_get());
      if (left <= 0) {
        left = 0;
        break;
      }
    }
    if (was_online) rcu_cpu_online();
  }
  set_current_state(TASK_RUNNING);
  t.wait_what = WAIT_NONE;
  return left;
}

export function schedule(): void {
  schedule_timeout(-1);
}

/**
 * Wakes `t` if it has announced a sleep.
 *
 * @returns true if this call woke it
 * Context: any; never sleeps. Ordering: full (O1).
 */
export function wake_up_process(t: task_struct): bool {
  const old = xchg(state_of(t), TASK_RUNNING);
  if (old === TASK_PARKED) {
    futex_wake(state_of(t), 1); // S2
    count_event(EV_SCHED_WAKE);
  }
  return old !== TASK_RUNNING;
}

/** Makes the calling instance CPU `cpu`'s task. Context: once, at CPU start. */
export function sched_init_cpu(): void {
  const t = current();
  t.cpu = smp_processor_id();
  t.wait_what = WAIT_NONE;
  set_current_state(TASK_RUNNING);
}
