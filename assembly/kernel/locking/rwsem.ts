// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem — reader/writer semaphore: many readers or one writer; sleeps.
 *
 * Source:  kernel/locking/rwsem.c, include/linux/rwsem.h (v5.12 to v6.12; where v5.15 and v6.1 differ,
 *          as v6.1: the handoff is a flag of the waiter).
 *
 * State:   count and owner, drawn in rwsem_types.ts. Fast paths here; rwsem_slowpath.ts queues and
 *          sleeps, rwsem_spin.ts spins, rwsem_wake.ts wakes and grants.
 *
 * Rules:   R1   One writer, or readers, or nobody. A reader field that is not 0 beside WRITER_LOCKED is
 *               readers that will back out.
 *          R2   A reader adds its bias first and looks after. It takes the bias out again as it queues.
 *          R3   WAITERS is set and cleared under wait_lock only, with the list: set while it is not empty.
 *          R4   HANDOFF is set and cleared under wait_lock only: set by R12, cleared by whoever gets the
 *               lock by it.
 *          R5   A reader whose bias met neither writer nor HANDOFF has the lock, past all who are queued.
 *          R6   But it queues if others read too and owner says reader-owned, or readers that come one
 *               after the other would keep a writer out for ever.
 *          R7   A reader about to queue has the lock if the list is empty and no writer has it.
 *          R8   A queued reader is granted the lock by its waker: all biases are in before the first of
 *               the batch may run.
 *          R9   A wake-up takes all queued readers, at most 256, past the writers among them, if a reader
 *               is first; ANY wakes a writer that is first, READERS and READ_OWNED do not. READ_OWNED
 *               needs no check for a writer: its caller reads.
 *          R10  A queued writer is woken, not granted: it stays first until its compare-exchange succeeds.
 *          R11  Until HANDOFF is set, others may steal the lock from it.
 *          R12  A queued writer, or a reader that is first, that has waited longer than
 *               boot_info.rwsem_wait_timeout_ns sets HANDOFF when it is woken in vain, for the first
 *               waiter's sake; from then on nobody gets the lock before that one.
 *          R13  The last reader out and a writer that unlocks wake by type ANY if WAITERS is set.
 *          R14  Only the holder of the OSQ spins, while the writer that owns the lock is on a CPU, no
 *               grace period waits for the spinner, and its budget lasts; each owner renews the budget.
 *          R15  Readers do not show when they sleep: spinning on them ends after 10 to 25 us and sets
 *               NONSPINNABLE.
 *          R16  While NONSPINNABLE is set no writer spins; it goes when the last reader leaves.
 *          R17  A trylock never sleeps, and leaves no trace when it fails.
 *          R18  Downgrading is one RMW, so no writer comes between; queued readers join (READ_OWNED).
 *
 * Ordering: O1  down_read() acquires from up_write() and downgrade_write().
 *           O2  down_write() acquires from up_read() and up_write().
 *           O3  A granted reader's load of waiter.task acquires from the granter's store of 0.
 *
 * Cost:    read side, uncontended: 1 RMW, a load and a store on one line; 1 RMW. Write side: 1 CAS and
 *          a store; a store and 1 RMW.
 * Differs: the time limit of R12 is in ns, not in jiffies that also round up; R14's budget.
 * Not modelled: lockdep, killable and interruptible variants, real-time tasks.
 */
import {
  atomic_add_return_acquire,
  atomic_cmpxchg_acquire,
  atomic_fetch_add_release,
  atomic_fetch_sub_release,
  atomic_read,
  atomic_sub_return_release,
  READ_ONCE,
} from "../../arch/wasm/atomic";
import { LEVEL_WARN, panic, printk } from "../../arch/wasm/bug";
import { this_cpu_ptr } from "../../arch/wasm/percpu";
import { rwsem_down_read_slowpath, rwsem_down_write_slowpath } from "./rwsem_slowpath";
import {
  __rwsem_set_reader_owned,
  RWSEM_FLAG_WAITERS,
  RWSEM_LOCK_MASK,
  RWSEM_OWNER_FLAGS_MASK,
  RWSEM_READ_FAILED_MASK,
  RWSEM_READER_BIAS,
  RWSEM_UNLOCKED_VALUE,
  RWSEM_WRITER_LOCKED,
  rw_semaphore,
  rwsem_clear_nonspinnable,
  rwsem_clear_owner,
  rwsem_count,
  rwsem_owner_word,
  rwsem_set_nonspinnable,
  rwsem_set_owner,
} from "./rwsem_types";
import { RWSEM_WAKE_ANY, RWSEM_WAKE_READ_OWNED, rwsem_wake } from "./rwsem_wake";

export { rwsem_down_read_slowpath } from "./rwsem_slowpath";
export {
  init_rwsem,
  OFFSETOF_RW_SEMAPHORE_COUNT,
  OFFSETOF_RW_SEMAPHORE_OSQ,
  OFFSETOF_RW_SEMAPHORE_OWNER,
  OFFSETOF_RW_SEMAPHORE_WAIT_HEAD,
  OFFSETOF_RW_SEMAPHORE_WAIT_LOCK,
  OFFSETOF_RW_SEMAPHORE_WAIT_TAIL,
  OFFSETOF_RWSEM_WAITER_HANDOFF_SET,
  OFFSETOF_RWSEM_WAITER_TASK,
  OFFSETOF_RWSEM_WAITER_TIMEOUT,
  OFFSETOF_RWSEM_WAITER_TYPE,
  RWSEM_FLAG_HANDOFF,
  RWSEM_FLAG_WAITERS,
  RWSEM_NONSPINNABLE,
  RWSEM_READER_BIAS,
  RWSEM_READER_OWNED,
  RWSEM_WAITING_FOR_READ,
  RWSEM_WAITING_FOR_WRITE,
  RWSEM_WRITER_LOCKED,
  rw_semaphore,
  SIZEOF_RW_SEMAPHORE,
  SIZEOF_RWSEM_WAITER,
} from "./rwsem_types";

export const BUG_RWSEM_UP_READ_WITHOUT_READERS: u32 = 101;
export const BUG_RWSEM_UP_WRITE_BY_NON_OWNER: u32 = 102;
export const BUG_RWSEM_DOWNGRADE_BY_NON_OWNER: u32 = 103;
export const WARN_RWSEM_READER_OVERFLOW: u32 = 104;

/**
 * The reader's fast path, first piece of three: adds the bias.
 *
 * @returns the new count: for rwsem_read_acquired(), and for rwsem_down_read_slowpath() if that says no
 * Context: never sleeps. Ordering: acquire (O1).
 */
export function rwsem_read_trylock_add(sem: rw_semaphore): i32 {
  return atomic_add_return_acquire(RWSEM_READER_BIAS, rwsem_count(sem));
}

/** Second piece: did the add take the lock? Context: any. Ordering: none. */
export function rwsem_read_acquired(count: i32): bool {
  return (count & RWSEM_READ_FAILED_MASK) === 0;
}

/** Third piece: leaves the hint. Context: the lock is held for reading. Ordering: none. */
export function rwsem_set_reader_owned(sem: rw_semaphore): void {
  __rwsem_set_reader_owned(sem, this_cpu_ptr(0));
}

/** Takes the lock for reading. Context: sleeps; not recursive. Ordering: acquire (O1). */
export function down_read(sem: rw_semaphore): void {
  const count = rwsem_read_trylock_add(sem);
  if (rwsem_read_acquired(count)) rwsem_set_reader_owned(sem);
  else down_read_failed_slowpath(sem, count);
}

function down_read_failed_slowpath(sem: rw_semaphore, count: i32): void {
  if (count < 0) {
    printk(LEVEL_WARN, WARN_RWSEM_READER_OVERFLOW, <u32>changetype<usize>(sem), count);
    rwsem_set_nonspinnable(sem);
  }
  rwsem_down_read_slowpath(sem, count);
}

/**
 * @returns true with the lock held for reading
 * Context: never sleeps (R17). Ordering: acquire on success (O1), none on failure.
 */
export function down_read_trylock(sem: rw_semaphore): bool {
  const word = rwsem_count(sem);
  let count = atomic_read(word);
  while ((count & RWSEM_READ_FAILED_MASK) === 0) {
    const seen = atomic_cmpxchg_acquire(word, count, count + RWSEM_READER_BIAS);
    if (seen === count) {
      rwsem_set_reader_owned(sem);
      return true;
    }
    count = seen;
  }
  return false;
}

/**
 * The reader's release, first piece of two: takes the bias out.
 *
 * @returns the new count: for rwsem_up_read_wakes()
 * Context: a reader; never sleeps. Ordering: release (O2).
 */
export function rwsem_up_read_sub(sem: rw_semaphore): i32 {
  return atomic_sub_return_release(RWSEM_READER_BIAS, rwsem_count(sem));
}

/** Second piece: is rwsem_up_read_slowpath() due (R13)? Context: any. Ordering: none. */
export function rwsem_up_read_wakes(count: i32): bool {
  return (count & (RWSEM_LOCK_MASK | RWSEM_FLAG_WAITERS)) === RWSEM_FLAG_WAITERS;
}

/**
 * The last reader is out, and somebody is queued.
 *
 * @param count - what rwsem_up_read_sub() returned
 * Context: never sleeps, but may wait for wait_lock. Ordering: full.
 */
export function rwsem_up_read_slowpath(sem: rw_semaphore, count: i32): void {
  if (count < 0) {
    panic(BUG_RWSEM_UP_READ_WITHOUT_READERS, <u32>changetype<usize>(sem), count);
  }
  rwsem_clear_nonspinnable(sem); // R16
  rwsem_wake(sem, RWSEM_WAKE_ANY);
}

/** Gives up a read lock. Context: a reader; never sleeps. Ordering: release (O2). */
export function up_read(sem: rw_semaphore): void {
  const count = rwsem_up_read_sub(sem);
  if (count < 0 || rwsem_up_read_wakes(count)) rwsem_up_read_slowpath(sem, count);
}

/**
 * @returns true with the lock held for writing
 * Context: never sleeps (R17). Ordering: acquire on success (O2), none on failure.
 */
export function down_write_trylock(sem: rw_semaphore): bool {
  const word = rwsem_count(sem);
  if (
    atomic_cmpxchg_acquire(word, RWSEM_UNLOCKED_VALUE, RWSEM_WRITER_LOCKED) !== RWSEM_UNLOCKED_VALUE
  ) {
    return false;
  }
  rwsem_set_owner(sem);
  return true;
}

/** Takes the lock for writing. Context: sleeps; not recursive. Ordering: acquire (O2). */
export function down_write(sem: rw_semaphore): void {
  if (!down_write_trylock(sem)) rwsem_down_write_slowpath(sem);
}

function rwsem_owned_by_current(sem: rw_semaphore): bool {
  return READ_ONCE(rwsem_owner_word(sem)) === <u32>this_cpu_ptr(0);
}

/** Gives up the write lock. Context: its owner; never sleeps. Ordering: release (O1, O2). */
export function up_write(sem: rw_semaphore): void {
  if (!rwsem_owned_by_current(sem)) bad_owner_slowpath(sem, BUG_RWSEM_UP_WRITE_BY_NON_OWNER);
  rwsem_clear_owner(sem);
  const old = atomic_fetch_sub_release(RWSEM_WRITER_LOCKED, rwsem_count(sem));
  if ((old & RWSEM_FLAG_WAITERS) !== 0) rwsem_wake(sem, RWSEM_WAKE_ANY); // R13
}

/**
 * Turns the write lock into a read lock (R18).
 *
 * Context: its owner; never sleeps. Ordering: release (O1): what the writer did stays before; what the
 * reader does may move up.
 */
export function downgrade_write(sem: rw_semaphore): void {
  if (!rwsem_owned_by_current(sem)) bad_owner_slowpath(sem, BUG_RWSEM_DOWNGRADE_BY_NON_OWNER);
  const old = atomic_fetch_add_release(RWSEM_READER_BIAS - RWSEM_WRITER_LOCKED, rwsem_count(sem));
  rwsem_set_reader_owned(sem);
  if ((old & RWSEM_FLAG_WAITERS) !== 0) rwsem_wake(sem, RWSEM_WAKE_READ_OWNED);
}

function bad_owner_slowpath(sem: rw_semaphore, code: u32): void {
  const owner = READ_ONCE(rwsem_owner_word(sem));
  panic(code, <u32>changetype<usize>(sem), owner & ~RWSEM_OWNER_FLAGS_MASK);
}

/** True while somebody holds the lock. A hint. Context: any. Ordering: none. */
export function rwsem_is_locked(sem: rw_semaphore): bool {
  return (atomic_read(rwsem_count(sem)) & RWSEM_LOCK_MASK) !== 0;
}

/** True while somebody is queued. A hint. Context: any. Ordering: none. */
export function rwsem_is_contended(sem: rw_semaphore): bool {
  return (atomic_read(rwsem_count(sem)) & RWSEM_FLAG_WAITERS) !== 0;
}
