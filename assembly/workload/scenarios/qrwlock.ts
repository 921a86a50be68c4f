// SPDX-License-Identifier: GPL-2.0-only
/**
 * qrwlock, for check: read, write and trylock sections over a guarded pair.
 *
 * Covers of kernel/locking/qrwlock.ts: W1 to W4, O1 to O3 with readers and writers, W6 with trylocks.
 * Beneath it lie T1 to T3 of kernel/locking/ticket_spinlock.ts, and P1 of spin_wait.ts; P2 where
 * boot_info.spin_limit is not 0.
 */
import { EBUSY } from "../../arch/wasm/errno";
import {
  OFFSETOF_QRWLOCK_CNTS,
  QRWLOCK_BYTES,
  QRWLOCK_WAIT_LOCK,
  qrwlock,
  qrwlock_init,
  queued_read_lock,
  queued_read_trylock,
  queued_read_unlock,
  queued_write_lock,
  queued_write_trylock,
  queued_write_unlock,
} from "../../kernel/locking/qrwlock";
import { arch_spin_is_locked, arch_spinlock } from "../../kernel/locking/ticket_spinlock";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import {
  guarded_end,
  guarded_lock_is_free,
  guarded_read,
  guarded_write,
  SIZEOF_GUARDED,
} from "./guarded";
import { demand } from "./verdict";

/** (lock's address, 0) Somebody has, or is in the queue for, a lock after everybody has left. */
export const VIOLATION_QUEUE_NOT_EMPTY: u32 = 706;

function lock_of(p: usize): qrwlock {
  return changetype<qrwlock>(p + SIZEOF_GUARDED);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_qrwlock_init(): usize {
  const p = kzalloc(<u32>SIZEOF_GUARDED + QRWLOCK_BYTES, SLAB_MISC);
  if (p !== 0) qrwlock_init(lock_of(p));
  return p;
}

/** `n` read sections. @returns 0, or -EIO. Context: spins. Ordering: the lock's. */
export function check_qrwlock_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    queued_read_lock(lock_of(p));
    result |= guarded_read(p);
    queued_read_unlock(lock_of(p));
    rcu_qs();
  }
  return result;
}

/** `n` write sections. @returns 0, or -EIO. Context: spins. Ordering: the lock's. */
export function check_qrwlock_writer(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    queued_write_lock(lock_of(p));
    result |= guarded_write(p);
    queued_write_unlock(lock_of(p));
    rcu_qs();
  }
  return result;
}

/** A try to read. @returns 0, -EBUSY or -EIO. Context: never waits. Ordering: the lock's. */
export function check_qrwlock_try_reader(p: usize): i32 {
  let result = -EBUSY;
  if (queued_read_trylock(lock_of(p))) {
    result = guarded_read(p);
    queued_read_unlock(lock_of(p));
  }
  rcu_qs();
  return result;
}

/** A try to write. @returns, Context, Ordering: as check_qrwlock_try_reader(). */
export function check_qrwlock_try_writer(p: usize): i32 {
  let result = -EBUSY;
  if (queued_write_trylock(lock_of(p))) {
    result = guarded_write(p);
    queued_write_unlock(lock_of(p));
  }
  rcu_qs();
  return result;
}

/** No update is lost, lock and queue are free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_qrwlock_end(p: usize): i32 {
  const lock = p + SIZEOF_GUARDED;
  const queue = changetype<arch_spinlock>(lock + QRWLOCK_WAIT_LOCK);
  let result = guarded_end(p);
  result |= guarded_lock_is_free(lock + OFFSETOF_QRWLOCK_CNTS);
  result |= demand(!arch_spin_is_locked(queue), VIOLATION_QUEUE_NOT_EMPTY, <u32>lock, 0);
  kfree(p);
  return result;
}
