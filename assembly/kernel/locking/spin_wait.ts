// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a CPU does between two looks at a word that it spins on: cpu_relax(), as a virtual CPU has it.
 *
 * Source:  smp_cond_load_relaxed() and cpu_relax(), include/asm-generic/barrier.h (v6.12); pause-loop
 *          exiting of x86's hypervisors.
 *
 * Rules:   P1  Who spins reports quiescent states: a grace period does not wait for the lock. The kernel's
 *              spinners do not; here they may therefore not stand inside an RCU reader.
 *          P2  After boot_info.spin_limit looks the CPU is taken off its core for some time, as a
 *              hypervisor does that sees it pause too often: the holder of the lock may wait for that
 *              very core. It is offline for RCU meanwhile. A limit of 0: never.
 *          P3  What it waits for shows in the hung-task report from the first such pause on.
 *
 * Ordering: none of its own.
 */
import { futex_wait } from "../../arch/wasm/futex";
import { boot } from "../../arch/wasm/memory";
import { rcu_cpu_online, rcu_is_online, rcu_qs, rcu_slot_offline } from "../rcu/qsbr";
import { current, resume_wait, set_wait } from "../sched/task";

/** Shorter waits do nothing on a virtual machine. */
const EXIT_NS: i64 = 50_000;

/** P2, P3. */
function pause_loop_exit_slowpath(word: usize, seen: u32, what: u32): void {
  const t = current();
  const was_what = t.wait_what; // plain: the task's own, as are the next two
  const was_obj = t.wait_obj;
  const was_since = t.wait_since;
  const was_online = rcu_is_online();
  set_wait(what, word);
  if (was_online) rcu_slot_offline();
  futex_wait(word, seen, EXIT_NS);
  if (was_online) rcu_cpu_online();
  resume_wait(was_what, was_obj, was_since);
}

/**
 * A look at `word` found `seen`, which is not what the caller spins for.
 *
 * @param looks - what the last call of this wait returned; 0 at first
 * @param what - one of WAIT_*
 * Context: outside every RCU reader (P1); the host may put the thread to sleep (P2). Ordering: none.
 */
export function spin_relax(word: usize, seen: u32, looks: u32, what: u32): u32 {
  rcu_qs();
  const limit = boot().spin_limit;
  if (limit === 0) return 0;
  if (looks + 1 < limit) return looks + 1;
  pause_loop_exit_slowpath(word, seen, what);
  return 0;
}
