// SPDX-License-Identifier: GPL-2.0-only
/**
 * raw_spinlock_t, for check: sections and trylock sections over a guarded pair.
 *
 * Covers L1, L2 and O1 of kernel/locking/spinlock.ts with two lockers; L3 and L4, whose trap is a sleeper
 * that takes the lock with others still asleep, with three.
 */
import { EBUSY } from "../../arch/wasm/errno";
import { raw_spin_lock, raw_spin_trylock, raw_spin_unlock } from "../../kernel/locking/spinlock";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { guarded_end, guarded_lock_is_free, guarded_write, SIZEOF_GUARDED } from "./guarded";

const LOCK: usize = SIZEOF_GUARDED;

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_spinlock_init(): usize {
  return kzalloc(<u32>LOCK + 4, SLAB_MISC);
}

/** `n` sections. @returns 0, or -EIO. Context: the host may put the thread to sleep. */
export function check_spinlock_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    raw_spin_lock(p + LOCK);
    result |= guarded_write(p);
    raw_spin_unlock(p + LOCK);
    rcu_qs();
  }
  return result;
}

/**
 * Tries `n` times.
 *
 * @returns 0; -EBUSY when the last try failed; -EIO
 * Context: never sleeps. Ordering: the lock's.
 */
export function check_spinlock_try_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (raw_spin_trylock(p + LOCK)) {
      result |= guarded_write(p);
      raw_spin_unlock(p + LOCK);
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** No update is lost, the lock is free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_spinlock_end(p: usize): i32 {
  const result = guarded_end(p) | guarded_lock_is_free(p + LOCK);
  kfree(p);
  return result;
}
