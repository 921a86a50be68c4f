// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem, for check: read, write, trylock and downgraded sections over a guarded pair.
 *
 * Covers R1 to R11, R13 to R18 and O1 to O3 of kernel/locking/rwsem.ts; R12 where
 * boot_info.rwsem_wait_timeout_ns is 0. Writer and reader: R1, R2, R7, R13. Two writers and a reader: R3,
 * R8 to R11. Two readers and a writer: R5, R6, R13. Trylocks: R17. Downgrader and writer, and a reader:
 * R18.
 */
import { EBUSY } from "../../arch/wasm/errno";
import {
  down_read,
  down_read_trylock,
  down_write,
  down_write_trylock,
  downgrade_write,
  init_rwsem,
  OFFSETOF_RW_SEMAPHORE_COUNT,
  OFFSETOF_RW_SEMAPHORE_OSQ,
  OFFSETOF_RW_SEMAPHORE_WAIT_HEAD,
  OFFSETOF_RW_SEMAPHORE_WAIT_LOCK,
  rw_semaphore,
  SIZEOF_RW_SEMAPHORE,
  up_read,
  up_write,
} from "../../kernel/locking/rwsem";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import {
  guarded_end,
  guarded_lock_is_free,
  guarded_read,
  guarded_updates,
  guarded_write,
  SIZEOF_GUARDED,
} from "./guarded";
import { demand } from "./verdict";

/** (updates before, after) A writer came between a write section and the read section it became. */
export const VIOLATION_RWSEM_WRITER_DURING_DOWNGRADE: u32 = 705;

/** The semaphore of the record at `p`. */
export function check_rwsem_of(p: usize): rw_semaphore {
  return changetype<rw_semaphore>(p + SIZEOF_GUARDED);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_rwsem_init(): usize {
  const p = kzalloc(<u32>SIZEOF_GUARDED + SIZEOF_RW_SEMAPHORE, SLAB_MISC);
  if (p !== 0) init_rwsem(check_rwsem_of(p));
  return p;
}

/** `n` read sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_rwsem_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    down_read(check_rwsem_of(p));
    result |= guarded_read(p);
    up_read(check_rwsem_of(p));
    rcu_qs();
  }
  return result;
}

/** `n` write sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_rwsem_writer(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    down_write(check_rwsem_of(p));
    result |= guarded_write(p);
    up_write(check_rwsem_of(p));
    rcu_qs();
  }
  return result;
}

/**
 * Tries `n` times to read.
 *
 * @returns 0; -EBUSY when the last try failed; -EIO
 * Context: never sleeps, but up_read() may wait for wait_lock. Ordering: the lock's.
 */
export function check_rwsem_try_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (down_read_trylock(check_rwsem_of(p))) {
      result |= guarded_read(p);
      up_read(check_rwsem_of(p));
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** Tries `n` times to write. @returns, Context, Ordering: as check_rwsem_try_reader(). */
export function check_rwsem_try_writer(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (down_write_trylock(check_rwsem_of(p))) {
      result |= guarded_write(p);
      up_write(check_rwsem_of(p));
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** `n` write sections that end as read sections. @returns 0, or -EIO. Context: sleeps. */
export function check_rwsem_downgrader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    down_write(check_rwsem_of(p));
    result |= guarded_write(p);
    const before = guarded_updates(p);
    downgrade_write(check_rwsem_of(p));
    result |= guarded_read(p);
    const after = guarded_updates(p);
    result |= demand(before === after, VIOLATION_RWSEM_WRITER_DURING_DOWNGRADE, before, after);
    up_read(check_rwsem_of(p));
    rcu_qs();
  }
  return result;
}

/** No update is lost, the lock is free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_rwsem_end(p: usize): i32 {
  const sem = p + SIZEOF_GUARDED;
  let result = guarded_end(p);
  result |= guarded_lock_is_free(sem + OFFSETOF_RW_SEMAPHORE_COUNT);
  result |= guarded_lock_is_free(sem + OFFSETOF_RW_SEMAPHORE_OSQ);
  result |= guarded_lock_is_free(sem + OFFSETOF_RW_SEMAPHORE_WAIT_LOCK);
  result |= guarded_lock_is_free(sem + OFFSETOF_RW_SEMAPHORE_WAIT_HEAD);
  kfree(p);
  return result;
}
