// SPDX-License-Identifier: GPL-2.0-only
/**
 * The pace of a CPU of a roles job, and what a reader does inside.
 *
 * Rules:   P1  At a rate, operation n is due n periods after the start, whatever the others took: who
 *              is late goes on at once until it has caught up.
 *          P2  Waiting ends at the time it is for, at the end of the CPU's part, when a CPU gave up, or
 *              when the host wants an end; within SLICE_NS of whichever is first.
 *          P3  A body takes the time that was drawn, or longer. One that may sleep by its gate's word
 *              reports quiescent states while it spins, as a thread that may be preempted does.
 *
 * A wait of over SPIN_NS sleeps, until SPIN_NS before its end: a thread that spins for longer takes a
 * core from those that are to be observed.
 */
import { READ_ONCE, READ_ONCE64 } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { rcu_qs } from "../kernel/rcu/tree";
import { schedule_timeout, set_current_state, TASK_SLEEPING } from "../kernel/sched/core";
import { prandom_below } from "../lib/random";
import { should_stop } from "./rendezvous";
import {
  PACE_RATE,
  PACE_UNLIMITED,
  ROLE_MEET_REMOVED,
  ROLE_READER,
  role_cpu,
  role_job,
  role_meeting,
  role_over,
} from "./role_job";

const SPIN_NS: u64 = 100_000; // a sleep and its wake take 30 to 60 us
const SLICE_NS: u64 = 10_000_000; // how late the host's wish for an end may be noticed

/** Sleeps for `ns`, but for a spurious wake-up. Context: sleeps. Ordering: full. */
function doze(ns: u64): void {
  set_current_state(TASK_SLEEPING);
  schedule_timeout(<i64>ns);
}

/** True when this CPU is to leave the job at once. */
export function role_stopped(job: role_job): bool {
  return READ_ONCE(role_over(job)) !== 0 || should_stop();
}

/** True once no remover will begin a removal, or is at one. Ordering: acquire. */
export function all_removed(job: role_job): bool {
  return READ_ONCE(role_meeting(job, ROLE_MEET_REMOVED)) >= job.removers;
}

/**
 * True at the end of the CPU's part. A reader goes on until all removers are through: else the last
 * removal would get in because its readers go home.
 */
export function role_done(job: role_job, cpu: role_cpu, now: u64, end: u64): bool {
  if (role_stopped(job)) return true;
  return now >= end && (cpu.role !== ROLE_READER || all_removed(job));
}

/**
 * Waits for the CPU's next operation to be due.
 *
 * @param n - operations that it has begun
 * @param start, end - of its window, ktime in ns
 * Context: outside the gate; sleeps. Ordering: none.
 */
export function pace_wait(job: role_job, cpu: role_cpu, n: u64, start: u64, end: u64): void {
  if (cpu.pace === PACE_UNLIMITED) return;
  const due = cpu.pace === PACE_RATE ? start + n * cpu.pace_ns : ktime_get() + cpu.pace_ns; // P1
  for (let now = ktime_get(); now < due; now = ktime_get()) {
    if (role_done(job, cpu, now, end)) return; // P2
    if (due - now > SPIN_NS) doze(min<u64>(due - now - SPIN_NS, SLICE_NS));
    else rcu_qs();
  }
}

/** Draws a service time, ns. Context: any. Ordering: none. */
export function draw_service(job: role_job): u64 {
  const at = job.nr_services > 1 ? prandom_below(job.nr_services) : 0;
  return READ_ONCE64(<usize>job.services + <usize>(at << 3));
}

/** Uses the CPU for `ns` (P3). Context: inside the gate where `preemptible` is false; never sleeps. */
export function body_spin(ns: u64, preemptible: bool): void {
  const end = ktime_get() + ns;
  while (ktime_get() < end) {
    if (preemptible) rcu_qs();
  }
}

/** Sleeps for `ns` (P3). Context: inside a gate whose body may sleep. Ordering: full. */
export function body_sleep(ns: u64): void {
  const end = ktime_get() + ns;
  for (let now = ktime_get(); now < end; now = ktime_get()) doze(end - now);
}
