// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_rw_semaphore, for check: read and write sections over a guarded pair.
 *
 * Covers B1 to B5 and O1 to O3 of kernel/locking/percpu-rwsem.ts: readers and a writer B1 to B3, readers
 * that come twice the fast path's return (Y3, O5 of kernel/rcu/sync.ts), two writers B4 and B5, Y2 and Y4.
 * Y5 at the end.
 */
import { EBUSY } from "../../arch/wasm/errno";
import { boot } from "../../arch/wasm/memory";
import { per_cpu_ptr } from "../../arch/wasm/percpu";
import {
  OFFSETOF_PERCPU_RW_SEMAPHORE_BLOCK,
  percpu_down_read,
  percpu_down_read_trylock,
  percpu_down_write,
  percpu_free_rwsem,
  percpu_init_rwsem,
  percpu_rw_semaphore,
  percpu_up_read,
  percpu_up_write,
  SIZEOF_PERCPU_RW_SEMAPHORE,
} from "../../kernel/locking/percpu-rwsem";
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

/** (record, sum of the counts) */
export const VIOLATION_PERCPU_RWSEM_HAS_READERS: u32 = 708;

function sem_of(p: usize): percpu_rw_semaphore {
  return changetype<percpu_rw_semaphore>(p + SIZEOF_GUARDED);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_percpu_rwsem_init(): usize {
  const p = kzalloc(<u32>SIZEOF_GUARDED + SIZEOF_PERCPU_RW_SEMAPHORE, SLAB_MISC);
  if (p === 0 || percpu_init_rwsem(sem_of(p)) === 0) return p;
  kfree(p);
  return 0;
}

/** `n` read sections, each with what a sleep would be to RCU in it. @returns 0, or -EIO. Sleeps. */
export function check_percpu_rwsem_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    percpu_down_read(sem_of(p));
    rcu_qs(); // it ends no read section
    result |= guarded_read(p);
    percpu_up_read(sem_of(p));
    rcu_qs();
  }
  return result;
}

/** Tries `n` times to read. @returns 0; -EBUSY when the last try failed; -EIO. Never sleeps. */
export function check_percpu_rwsem_try_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (percpu_down_read_trylock(sem_of(p))) {
      result |= guarded_read(p);
      percpu_up_read(sem_of(p));
    } else if (i === n - 1 && result === 0) result = -EBUSY;
    rcu_qs();
  }
  return result;
}

/** `n` write sections. @returns 0, or -EIO. Context: sleeps. Ordering: the lock's. */
export function check_percpu_rwsem_writer(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    percpu_down_write(sem_of(p));
    result |= guarded_write(p);
    percpu_up_write(sem_of(p));
    rcu_qs();
  }
  return result;
}

/** No update is lost, nobody is inside. @returns 0, or -EIO. Context: runs alone, at the end; sleeps. */
export function check_percpu_rwsem_end(p: usize): i32 {
  const sem = sem_of(p);
  const ncpus = boot().ncpus;
  let sum: u32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) sum += load<u32>(per_cpu_ptr(sem.read_count, cpu));
  let result = guarded_end(p);
  result |= demand(sum === 0, VIOLATION_PERCPU_RWSEM_HAS_READERS, <u32>p, sum);
  result |= guarded_lock_is_free(changetype<usize>(sem) + OFFSETOF_PERCPU_RW_SEMAPHORE_BLOCK);
  percpu_free_rwsem(sem);
  kfree(p);
  return result;
}
