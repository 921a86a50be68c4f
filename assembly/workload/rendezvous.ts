// SPDX-License-Identifier: GPL-2.0-only
/**
 * Meeting points of the CPUs of one job: a counter that all increment and wait to see full.
 *
 * Rules:   M1  Nobody passes before all have arrived; each counter is used for one meeting only.
 *          M2  The wait ends: -ETIMEDOUT after deadline_ns. The CPU's stop flag does not end it: a CPU
 *              that was told to stop still meets the others, which were told so too.
 *          M3  A CPU that waits reports quiescent states: it may meet a CPU that needs one.
 *          M4  What a wait was for is reported while it lasts, and no longer.
 */
import { atomic_add_return, READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { ETIMEDOUT } from "../arch/wasm/errno";
import { futex_wait, futex_wake } from "../arch/wasm/futex";
import { boot } from "../arch/wasm/memory";
import { rcu_cpu_offline, rcu_cpu_online, rcu_qs } from "../kernel/rcu/tree";
import {
  current,
  end_wait,
  resume_wait,
  set_wait,
  task_struct,
  WAIT_RENDEZVOUS,
} from "../kernel/sched/core";

const NAP_NS: i64 = 100_000;

/** True when the host asked this CPU to leave its job. Context: any. Ordering: none. */
export function should_stop(): bool {
  return READ_ONCE(changetype<usize>(current()) + offsetof<task_struct>("stop")) !== 0;
}

/** Adds this CPU to the counter; wakes those who sleep there if it is the last of `n`. Ordering: full. */
export function arrive(counter: usize, n: u32): void {
  if (<u32>atomic_add_return(1, counter) === n) futex_wake(counter, -1);
}

/** Sleeps on the word, offline, for at most NAP_NS. */
function nap(p: usize, seen: u32): void {
  rcu_cpu_offline();
  futex_wait(p, seen, NAP_NS);
  rcu_cpu_online();
}

function await_all_slowpath(counter: usize, n: u32, deadline_ns: u64): i32 {
  const since = set_wait(WAIT_RENDEZVOUS, counter);
  let rc: i32 = 0;
  for (let seen = READ_ONCE(counter); seen < n; seen = READ_ONCE(counter)) {
    if (ktime_get() - since > deadline_ns) {
      rc = -ETIMEDOUT; // M2
      break;
    }
    resume_wait(WAIT_RENDEZVOUS, counter, since);
    nap(counter, seen);
  }
  end_wait(); // M4
  return rc;
}

/**
 * Waits until the counter has reached n.
 *
 * @returns 0 or -ETIMEDOUT
 * Context: spins, then sleeps in short naps. Ordering: full.
 */
export function await_all(counter: usize, n: u32, deadline_ns: u64): i32 {
  for (let spins = boot().spin_limit; spins !== 0; spins--) {
    if (READ_ONCE(counter) >= n) return 0;
    rcu_qs(); // M3
  }
  return await_all_slowpath(counter, n, deadline_ns);
}

/**
 * Arrives and waits for the others.
 *
 * @returns 0 or -ETIMEDOUT
 * Context: as await_all(). Ordering: full.
 */
export function rendezvous(counter: usize, n: u32, deadline_ns: u64): i32 {
  arrive(counter, n);
  return await_all(counter, n, deadline_ns);
}

/** Returns once *p differs from `seen`, or after NAP_NS or so. Context: spins a little, then sleeps. */
export function await_change(p: usize, seen: u32): void {
  for (let spins = boot().spin_limit; spins !== 0; spins--) {
    if (READ_ONCE(p) !== seen) return;
    rcu_qs();
  }
  nap(p, seen);
}
