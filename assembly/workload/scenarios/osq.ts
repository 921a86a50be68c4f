// SPDX-License-Identifier: GPL-2.0-only
/**
 * optimistic_spin_queue, for check: sections over a guarded pair, for those who stay in the queue.
 *
 * Covers Q1, Q2, O1 and O2 of kernel/locking/osq_lock.ts with two lockers. Those who leave, Q3 to Q5 and
 * O3: with three, as the budget of looks ends while others queue behind; with a synchronizer of
 * scenarios/qsbr.ts as well, by need_resched().
 */
import { EBUSY } from "../../arch/wasm/errno";
import { osq_lock, osq_unlock } from "../../kernel/locking/osq_lock";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { guarded_end, guarded_lock_is_free, guarded_write, SIZEOF_GUARDED } from "./guarded";

const LOCK: usize = SIZEOF_GUARDED;

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_osq_init(): usize {
  return kzalloc(<u32>LOCK + 4, SLAB_MISC);
}

/**
 * Queues `n` times.
 *
 * @returns 0; -EBUSY when it had to leave the queue the last time; -EIO
 * Context: spins, never sleeps. Ordering: the lock's.
 */
export function check_osq_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (osq_lock(p + LOCK)) {
      result |= guarded_write(p);
      osq_unlock(p + LOCK);
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** No update is lost, nobody is queued. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_osq_end(p: usize): i32 {
  const result = guarded_end(p) | guarded_lock_is_free(p + LOCK);
  kfree(p);
  return result;
}
