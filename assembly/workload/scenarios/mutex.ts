// SPDX-License-Identifier: GPL-2.0-only
/**
 * mutex, for check: sections and trylock sections over a guarded pair.
 *
 * Covers M1 to M3, M6, M7, O1 and O2 of kernel/locking/mutex.ts with two lockers; M4 and M5, the handoff,
 * with three, or with two of which one locks twice.
 */
import { EBUSY } from "../../arch/wasm/errno";
import {
  mutex,
  mutex_init,
  mutex_lock,
  mutex_trylock,
  mutex_unlock,
  OFFSETOF_MUTEX_FIRST,
  OFFSETOF_MUTEX_OSQ,
  OFFSETOF_MUTEX_OWNER,
  OFFSETOF_MUTEX_WAIT_LOCK,
  SIZEOF_MUTEX,
} from "../../kernel/locking/mutex";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { guarded_end, guarded_lock_is_free, guarded_write, SIZEOF_GUARDED } from "./guarded";

function mutex_of(p: usize): mutex {
  return changetype<mutex>(p + SIZEOF_GUARDED);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_mutex_init(): usize {
  const p = kzalloc(<u32>SIZEOF_GUARDED + SIZEOF_MUTEX, SLAB_MISC);
  if (p !== 0) mutex_init(mutex_of(p));
  return p;
}

/** `n` sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_mutex_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    mutex_lock(mutex_of(p));
    result |= guarded_write(p);
    mutex_unlock(mutex_of(p));
    rcu_qs();
  }
  return result;
}

/**
 * Tries `n` times.
 *
 * @returns 0; -EBUSY when the last try failed; -EIO
 * Context: never sleeps, but mutex_unlock() may wait for wait_lock. Ordering: the lock's.
 */
export function check_mutex_try_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (mutex_trylock(mutex_of(p))) {
      result |= guarded_write(p);
      mutex_unlock(mutex_of(p));
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** No update is lost, the lock is free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_mutex_end(p: usize): i32 {
  const lock = p + SIZEOF_GUARDED;
  let result = guarded_end(p);
  result |= guarded_lock_is_free(lock + OFFSETOF_MUTEX_OWNER);
  result |= guarded_lock_is_free(lock + OFFSETOF_MUTEX_OSQ);
  result |= guarded_lock_is_free(lock + OFFSETOF_MUTEX_WAIT_LOCK);
  result |= guarded_lock_is_free(lock + OFFSETOF_MUTEX_FIRST);
  kfree(p);
  return result;
}
