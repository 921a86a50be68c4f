// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_rw_semaphore — readers count on their own CPU; a writer pays a grace period.
 *
 * Source:  kernel/locking/percpu-rwsem.c, include/linux/percpu-rwsem.h (v6.12).
 *
 * State:   read_count (u32), one a CPU: its readers. A reader may leave on another CPU than it came on, so
 *          that only the sum, which may wrap, says how many there are.
 *          block (u32): 1 while a writer is in, or waits for the readers that are
 *          writer (rcuwait): the writer that waits for them
 *          waiters: readers and writers that were held up, first come first
 *          rss (rcu_sync): whether readers may count without a barrier
 *
 * Rules:   B1  While rss is idle a reader counts by a plain add, and looks at nothing else.
 *          B2  Otherwise it counts by an RMW, then looks at block; if that is set it takes the count back,
 *              wakes the writer, which may have counted it, and queues.
 *          B3  A writer takes the fast path from readers, sets block, and sleeps until the sum is 0. A
 *              reader that leaves meanwhile wakes it.
 *          B4  One writer at a time: who sets block is it.
 *          B5  up_write() lets in those who wait, in order, up to and with the first writer: whoever wakes
 *              takes the semaphore for the one it wakes, a reader's count being the waker's CPU's.
 *
 * Ordering: O1  (A, D) the slow reader's RMW on its count, then its load of block ↔ the writer's exchange of
 *               block, then its loads of the counts: one sees the other.
 *           O2  (B, C) the RMW that ends a read section ↔ the writer's load of that count: what the reader
 *               did is visible to the writer. On the fast path by rss (kernel/rcu/sync.ts, O5).
 *           O3  the store of block in up_write(), before the queue's lock ↔ the slow reader's load of it, or
 *               its release from the queue. On the fast path by rss.
 *
 * Cost:    a reader: twice a plain load and add. A writer: a grace period, unless another has been there
 *          lately, and a load for each CPU.
 * Differs: a reader on the fast path is an RCU section for as long as it takes to count, and no longer: no
 *          quiescent state lies in it.
 * Not modelled: interruptible and freezable waits, lockdep.
 */
import {
  atomic_add,
  READ_ONCE,
  smp_load_acquire,
  smp_store_release,
  xchg,
} from "../../arch/wasm/atomic";
import { ENOMEM } from "../../arch/wasm/errno";
import { boot } from "../../arch/wasm/memory";
import { PERCPU_WAIT_ENTRY, per_cpu_ptr, this_cpu_ptr } from "../../arch/wasm/percpu";
import { alloc_percpu, free_percpu } from "../../mm/percpu";
import { list_add_tail, list_del, list_first, list_next } from "../list";
import {
  rcu_sync_dtor,
  rcu_sync_enter,
  rcu_sync_exit,
  rcu_sync_init,
  rcu_sync_is_idle,
  rcu_sync_state,
} from "../rcu/sync";
import {
  end_wait,
  resume_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_PERCPU_RWSEM,
  wake_up_process,
} from "../sched/core";
import {
  finish_rcuwait,
  prepare_to_rcuwait,
  rcuwait_init,
  rcuwait_schedule,
  rcuwait_wake_up,
} from "../sched/rcuwait";
import { init_waitqueue_head, wait_queue_entry, wait_queue_head } from "../sched/wait";
import {
  PERCPU_RWSEM_COUNT_BYTES,
  percpu_rw_semaphore,
  percpu_rwsem_block,
  percpu_rwsem_rss,
  percpu_rwsem_waiters,
  percpu_rwsem_waiters_list,
  percpu_rwsem_writer,
} from "./percpu_rwsem_types";
import { raw_spin_lock, raw_spin_unlock } from "./spinlock";

export * from "./percpu_rwsem_types";

// Of an entry of `waiters`.
const WAITS_TO_WRITE: u32 = 0;
const WAITS_TO_READ: u32 = 1;

/**
 * @param sem - SIZEOF_PERCPU_RW_SEMAPHORE bytes, aligned to 8
 * @returns 0, or -ENOMEM
 * Context: before it is published; may sleep in the kernel. Ordering: none.
 */
export function percpu_init_rwsem(sem: percpu_rw_semaphore): i32 {
  sem.read_count = <u32>alloc_percpu(PERCPU_RWSEM_COUNT_BYTES); // plain: not published yet
  if (sem.read_count === 0) return -ENOMEM;
  sem.block = 0;
  rcuwait_init(percpu_rwsem_writer(sem));
  init_waitqueue_head(changetype<wait_queue_head>(percpu_rwsem_waiters(sem)));
  rcu_sync_init(percpu_rwsem_rss(sem));
  return 0;
}

/** Context: nobody uses it any more; sleeps if a writer was there lately. Ordering: none. */
export function percpu_free_rwsem(sem: percpu_rw_semaphore): void {
  rcu_sync_dtor(percpu_rwsem_rss(sem));
  free_percpu(sem.read_count, PERCPU_RWSEM_COUNT_BYTES);
  sem.read_count = 0; // plain: nobody else uses it
}

/** What decides between the fast path and the slow one, for one decision (B1). Ordering: none. */
export function percpu_rwsem_state(sem: percpu_rw_semaphore): u32 {
  return rcu_sync_state(percpu_rwsem_rss(sem));
}

/** Whether the value says fast. */
export function percpu_rwsem_is_fast(state: u32): bool {
  return rcu_sync_is_idle(state);
}

/** Counts on the fast path. Context: in the section in which percpu_rwsem_state() said so. */
export function percpu_rwsem_this_cpu_add(sem: percpu_rw_semaphore, nr: i32): void {
  const count = this_cpu_ptr(sem.read_count); // plain: constant; the count is this CPU's own
  store<i32>(count, load<i32>(count) + nr);
}

/** B2, but for the queue. */
function __percpu_down_read_trylock(sem: percpu_rw_semaphore): bool {
  atomic_add(1, this_cpu_ptr(sem.read_count)); // A
  if (READ_ONCE(percpu_rwsem_block(sem)) === 0) return true;
  percpu_up_read_slowpath(sem);
  return false;
}

function __percpu_down_write_trylock(sem: percpu_rw_semaphore): bool {
  return READ_ONCE(percpu_rwsem_block(sem)) === 0 && xchg(percpu_rwsem_block(sem), 1) === 0; // B4; D
}

function trylock(sem: percpu_rw_semaphore, kind: u32): bool {
  if (kind === WAITS_TO_READ) return __percpu_down_read_trylock(sem);
  return __percpu_down_write_trylock(sem);
}

/** Tries once more, then queues and sleeps until somebody has taken it for the caller (B5). */
function percpu_rwsem_wait(sem: percpu_rw_semaphore, kind: u32): void {
  const entry = changetype<wait_queue_entry>(this_cpu_ptr(PERCPU_WAIT_ENTRY));
  const task = changetype<usize>(entry) + offsetof<wait_queue_entry>("task");
  raw_spin_lock(percpu_rwsem_waiters(sem));
  const waits = !trylock(sem, kind); // under the lock: up_write() sees us in the queue, or we its store
  if (waits) {
    entry.flags = kind; // plain: not queued yet, as is the next
    entry.task = <u32>this_cpu_ptr(0);
    list_add_tail(changetype<usize>(entry), percpu_rwsem_waiters_list(sem));
  }
  raw_spin_unlock(percpu_rwsem_waiters(sem));
  if (!waits) return;
  const since = set_wait(WAIT_PERCPU_RWSEM, changetype<usize>(sem));
  for (;;) {
    set_current_state(TASK_SLEEPING);
    if (smp_load_acquire(task) === 0) break;
    schedule();
    resume_wait(WAIT_PERCPU_RWSEM, changetype<usize>(sem), since);
  }
  end_wait();
}

/** B5. */
function percpu_rwsem_wake(sem: percpu_rw_semaphore): void {
  raw_spin_lock(percpu_rwsem_waiters(sem));
  let e = list_first(percpu_rwsem_waiters_list(sem));
  while (e !== 0) {
    const entry = changetype<wait_queue_entry>(e);
    const kind = entry.flags; // plain, as the next: under the lock
    if (!trylock(sem, kind)) break; // a writer was faster
    const next = list_next(e);
    const task = changetype<task_struct>(<usize>entry.task);
    list_del(e, percpu_rwsem_waiters_list(sem));
    smp_store_release(e + offsetof<wait_queue_entry>("task"), 0); // from here on it is the sleeper's
    wake_up_process(task);
    if (kind === WAITS_TO_WRITE) break;
    e = next;
  }
  raw_spin_unlock(percpu_rwsem_waiters(sem));
}

/** What is left of down_read() off the fast path. Context: sleeps. Ordering: acquire (O1, O3). */
export function percpu_down_read_slowpath(sem: percpu_rw_semaphore): void {
  if (!__percpu_down_read_trylock(sem)) percpu_rwsem_wait(sem, WAITS_TO_READ);
}

/** What is left of up_read() off the fast path. Context: any; never sleeps. Ordering: full (O2). */
export function percpu_up_read_slowpath(sem: percpu_rw_semaphore): void {
  atomic_add(-1, this_cpu_ptr(sem.read_count)); // B
  rcuwait_wake_up(percpu_rwsem_writer(sem));
}

/** Context: sleeps while a writer is in or waits for readers. Ordering: acquire (O1, O3). */
export function percpu_down_read(sem: percpu_rw_semaphore): void {
  if (percpu_rwsem_is_fast(percpu_rwsem_state(sem))) percpu_rwsem_this_cpu_add(sem, 1);
  else percpu_down_read_slowpath(sem);
}

/** @returns true with the semaphore held. Context: any; never sleeps. Ordering: acquire if true. */
export function percpu_down_read_trylock(sem: percpu_rw_semaphore): bool {
  if (!percpu_rwsem_is_fast(percpu_rwsem_state(sem))) return __percpu_down_read_trylock(sem);
  percpu_rwsem_this_cpu_add(sem, 1);
  return true;
}

/** Context: a reader, on whatever CPU; never sleeps. Ordering: release (O2). */
export function percpu_up_read(sem: percpu_rw_semaphore): void {
  if (percpu_rwsem_is_fast(percpu_rwsem_state(sem))) percpu_rwsem_this_cpu_add(sem, -1);
  else percpu_up_read_slowpath(sem);
}

/** True if no reader is in. Ordering: acquire on each count (C). */
function readers_active_check(sem: percpu_rw_semaphore): bool {
  const ncpus = boot().ncpus;
  let sum: u32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) sum += READ_ONCE(per_cpu_ptr(sem.read_count, cpu));
  return sum === 0;
}

/** B3, B4. Context: sleeps; as synchronize_rcu(). Ordering: full. */
export function percpu_down_write(sem: percpu_rw_semaphore): void {
  const obj = changetype<usize>(sem);
  rcu_sync_enter(percpu_rwsem_rss(sem));
  if (!__percpu_down_write_trylock(sem)) percpu_rwsem_wait(sem, WAITS_TO_WRITE);
  const since = prepare_to_rcuwait(percpu_rwsem_writer(sem), WAIT_PERCPU_RWSEM, obj);
  while (!readers_active_check(sem)) rcuwait_schedule(WAIT_PERCPU_RWSEM, obj, since);
  finish_rcuwait(percpu_rwsem_writer(sem));
}

/** B5. Context: the writer; never sleeps but for a lock. Ordering: release (O3). */
export function percpu_up_write(sem: percpu_rw_semaphore): void {
  smp_store_release(percpu_rwsem_block(sem), 0); // seen by whoever queues: percpu_rwsem_wake() takes the lock
  percpu_rwsem_wake(sem);
  rcu_sync_exit(percpu_rwsem_rss(sem));
}
