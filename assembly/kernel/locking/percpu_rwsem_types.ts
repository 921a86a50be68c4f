// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct percpu_rw_semaphore: where its parts are. State and rules are in percpu-rwsem.ts.
 *
 * Source:  include/linux/percpu-rwsem.h (v6.12).
 */
import { rcu_sync, SIZEOF_RCU_SYNC } from "../rcu/sync";
import { rcuwait } from "../sched/rcuwait";
import { wait_queue_head } from "../sched/wait";

/** Behind the fields: waiters, then rss, aligned to 8. */
@unmanaged
@final
export class percpu_rw_semaphore {
  /** Offset of the CPUs' counts in their units. */
  read_count: u32;
  /** An rcuwait. */
  writer: u32;
  block: u32;
}

const WAITERS: usize = offsetof<percpu_rw_semaphore>();
const RSS: usize = (WAITERS + offsetof<wait_queue_head>() + 7) & ~7;

export const SIZEOF_PERCPU_RW_SEMAPHORE: u32 = <u32>RSS + SIZEOF_RCU_SYNC;
export const PERCPU_RWSEM_RSS: u32 = <u32>RSS;
export const PERCPU_RWSEM_COUNT_BYTES: u32 = 4;
export const OFFSETOF_PERCPU_RW_SEMAPHORE_READ_COUNT: u32 =
  offsetof<percpu_rw_semaphore>("read_count");
export const OFFSETOF_PERCPU_RW_SEMAPHORE_BLOCK: u32 = offsetof<percpu_rw_semaphore>("block");

export function percpu_rwsem_block(sem: percpu_rw_semaphore): usize {
  return changetype<usize>(sem) + offsetof<percpu_rw_semaphore>("block");
}

export function percpu_rwsem_writer(sem: percpu_rw_semaphore): rcuwait {
  return changetype<rcuwait>(changetype<usize>(sem) + offsetof<percpu_rw_semaphore>("writer"));
}

/** Its lock is the first word. */
export function percpu_rwsem_waiters(sem: percpu_rw_semaphore): usize {
  return changetype<usize>(sem) + WAITERS;
}

export function percpu_rwsem_waiters_list(sem: percpu_rw_semaphore): usize {
  return percpu_rwsem_waiters(sem) + offsetof<wait_queue_head>("first");
}

export function percpu_rwsem_rss(sem: percpu_rw_semaphore): rcu_sync {
  return changetype<rcu_sync>(changetype<usize>(sem) + RSS);
}
