// SPDX-License-Identifier: GPL-2.0-only
/**
 * Meeting points of the CPUs of one job: a counter that all increment and wait to see full.
 *
 * Rules:   M1  Nobody passes before all have arrived; each counter is used for one meeting only.
 *          M2  The wait ends: -ETIMEDOUT after deadline_ns, or when the CPU's stop flag is set.
 *          M3  A CPU that waits reports quiescent states: it may meet a CPU that needs one.
 */
import { atomic_add_return, READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { ETIMEDOUT } from "../arch/wasm/errno";
import { futex_wait, futex_wake } from "../arch/wasm/futex";
import { boot } from "../arch/wasm/memory";
import { rcu_cpu_offline, rcu_cpu_online, rcu_qs } from "../kernel/rcu/tree";
import { current, set_wait, task_struct, WAIT_NONE, WAIT_RENDEZVOUS } from "../kernel/sched/core";

const NAP_NS: i64 = 100_000;

/** True when the host asked this CPU to leave its job. */
export function should_stop(): bool {
  return READ_ONCE(changetype<usize>(current()) + offsetof<task_struct>("stop")) !== 0;
}

/** Adds this CPU to the counter, and wakes whoever sleeps there if it is the last of `n`. */
export function arrive(counter: usize, n: u32): void {
  if (<u32>atomic_add_return(1, counter) === n) futex_wake(counter, -1);
}

/**
 * Waits until the counter has reached n.
 *
 * @returns 0 or -ETIMEDOUT
 * Context: spins, then sleeps in short naps. Ordering: full.
 */
export function await_all(counter: usize, n: u32, deadline_ns: u64): i32 {
  let spins = boot().spin_limit;
  let seen = READ_ONCE(counter);
  let deadline: u64 = 0;
  while (seen < n) {
    rcu_qs();
    if (spins !== 0) {
      spins--;
    } else {
      if (deadline === 0) {
        set_wait(WAIT_RENDEZVOUS, counter);
        deadline = ktime_get() + deadline_ns;
      } else if (ktime_get() > deadline || should_stop()) {
        return -ETIMEDOUT;
      }
      rcu_cpu_offline();
      futex_wait(counter, seen, NAP_NS);
      rcu_cpu_online();
    }
    seen = READ_ONCE(counter);
  }
  if (deadline !== 0) current().wait_what = WAIT_NONE;
  return 0;
}

/** Arrives and waits for the others. */
export function rendezvous(counter: usize, n: u32, deadline_ns: u64): i32 {
  arrive(counter, n);
  return await_all(counter, n, deadline_ns);
}

/** Naps until *p differs from `seen`, at most NAP_NS. Context: spins a little, then sleeps. */
export function await_change(p: usize, seen: u32): void {
  for (let spins = boot().spin_limit; spins !== 0; spins--) {
    if (READ_ONCE(p) !== seen) return;
    rcu_qs();
  }
  rcu_cpu_offline();
  futex_wait(p, seen, NAP_NS);
  rcu_cpu_online();
}
