// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: a CPU that comes online by storing the grace period's number to its slot, and reads at once:
 * gp_seq is not loaded again, and the store is no barrier.
 *
 * Breaks Q5 of kernel/rcu/qsbr.ts. The updater stores the pointer, then loads the slot; this CPU stores
 * the slot, then loads the pointer: store buffering.
 *
 *   sc        not found, rightly. If the updater saw the slot offline, its exchange of the pointer came
 *             before the slot's store, and so before the load of the pointer: the new object. Else it
 *             waits, also for a slot whose number is stale.
 *   tso, pso  the slot's store waits in the CPU's buffer while the pointer is loaded, the old one. The
 *             updater sees 0 in the slot, ends the grace period and frees: a use after free, or a data
 *             race between a look at the object and the free.
 *
 * With a full barrier behind the store, and still no second load, none of the three finds anything: what
 * would be left is a plain load that is stale, which wasm's model allows and a store buffer does not
 * show. The first thing that the second load does is to be that barrier.
 */
import { READ_ONCE, READ_ONCE64, smp_store_release, WRITE_ONCE64 } from "../../arch/wasm/atomic";
import { futex_wake } from "../../arch/wasm/futex";
import { PERCPU_RCU_SLOT, this_cpu_ptr } from "../../arch/wasm/percpu";
import { RCU_GP_SEQ, rcu_cpu_offline, rcu_qs, rcu_slot } from "../../kernel/rcu/tree";
import {
  check_qsbr_end,
  check_qsbr_init,
  check_qsbr_read,
  check_qsbr_updater,
} from "../scenarios/qsbr";

const WAITING: usize = offsetof<rcu_slot>("waiting");

/** As check_qsbr_init(). */
export function qsbr_no_reload_init(): usize {
  return check_qsbr_init();
}

/** rcu_cpu_online() without Q5. */
function online_no_reload(): void {
  const slot = this_cpu_ptr(PERCPU_RCU_SLOT);
  WRITE_ONCE64(slot, READ_ONCE64(RCU_GP_SEQ)); // wrong: what is read next may be older than this
  if (READ_ONCE(slot + WAITING) === 0) return;
  smp_store_release(slot + WAITING, 0);
  futex_wake(slot + WAITING, 1);
}

/** Goes offline, comes online, and reads. @returns as check_qsbr_returner() */
export function qsbr_no_reload_returner(p: usize): i32 {
  rcu_cpu_offline();
  online_no_reload();
  const result = check_qsbr_read(p);
  rcu_qs();
  return result;
}

/** As check_qsbr_updater(). */
export function qsbr_no_reload_updater(p: usize, n: u32): i32 {
  return check_qsbr_updater(p, n);
}

/** As check_qsbr_end(). */
export function qsbr_no_reload_end(p: usize): i32 {
  return check_qsbr_end(p);
}
