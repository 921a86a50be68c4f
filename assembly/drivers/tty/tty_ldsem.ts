// SPDX-License-Identifier: GPL-2.0-only
/**
 * ldsem — reader/writer semaphore of the tty line disciplines: writers first, waits with a limit; sleeps.
 *
 * Source:  drivers/tty/tty_ldsem.c, include/linux/tty_ldisc.h (v6.12), the layout of 32-bit kernels.
 *
 * State:   count, drawn in tty_ldsem_types.ts; wait_lock, and under it a list of the readers and one of the
 *          writers that wait. Fast paths here, tty_ldsem_slowpath.ts has the rest.
 *
 * Rules:   L1   One writer, or readers, or nobody.
 *          L2   A reader adds its bias first, and has the lock if the count is positive; a writer if it is
 *               the only one that is active.
 *          L3   Who has not takes its active bias out again by a compare-exchange under wait_lock: if the
 *               count has changed meanwhile so that it has the lock, it keeps it. A wake-up that was left
 *               out because of that bias is made up for by whoever takes it out, or by this.
 *          L4   While a writer holds the lock or waits, the count is negative, and readers wait.
 *          L5   Whoever leaves with nobody else active and somebody waiting wakes: the first writer if
 *               there is one, or else all readers.
 *          L6   A writer is woken, not granted: it must be the only one that is active, or sleeps on.
 *          L7   Readers are granted: their biases are in before the first of them may run.
 *          L8   A wait ends when its time is up, unless the lock was granted before the waiter got
 *               wait_lock. It takes its wait bias out.
 *          L9   The last waiting writer whose time is up wakes the readers that gave it the right of way:
 *               or they would sleep on beside readers that have the lock.
 *          L10  A trylock never sleeps, and leaves no trace when it fails.
 *
 * Ordering: O1  A reader acquires from the writer before it, a writer from all: by the RMWs of count.
 *           O2  A granted reader's load of waiter.task acquires from the granter's store of 0.
 *           O3  A writer tries, and announces its sleep, under one hold of wait_lock: it sees that it is
 *               alone, or who leaves wakes it under the next.
 *
 * Cost:    read side, uncontended: 1 + 1 RMW; write side the same.
 * Differs: limits are in ns, not in jiffies; negative: none.
 * Not modelled: lockdep, nesting classes. Not checked, as there: who unlocks, and overflow.
 */
import {
  atomic_add_return_acquire,
  atomic_cmpxchg_acquire,
  atomic_read,
  atomic_sub_return_release,
} from "../../arch/wasm/atomic";
import {
  ldsem_down_read_slowpath,
  ldsem_down_write_slowpath,
  ldsem_wake_slowpath,
} from "./tty_ldsem_slowpath";
import {
  LDSEM_ACTIVE_BIAS,
  LDSEM_ACTIVE_MASK,
  LDSEM_READ_BIAS,
  LDSEM_WRITE_BIAS,
  ld_semaphore,
  ldsem_count,
} from "./tty_ldsem_types";

export {
  ldsem_down_read_slowpath,
  ldsem_down_write_slowpath,
  ldsem_wait_to_write,
  ldsem_wake_slowpath,
} from "./tty_ldsem_slowpath";
export {
  init_ldsem,
  LDSEM_ACTIVE_BIAS,
  LDSEM_ACTIVE_MASK,
  LDSEM_READ_BIAS,
  LDSEM_WAIT_BIAS,
  LDSEM_WRITE_BIAS,
  ld_semaphore,
  ldsem_count,
  ldsem_wait_lock,
  OFFSETOF_LD_SEMAPHORE_COUNT,
  OFFSETOF_LD_SEMAPHORE_READ_FIRST,
  OFFSETOF_LD_SEMAPHORE_WAIT_LOCK,
  OFFSETOF_LD_SEMAPHORE_WAIT_READERS,
  OFFSETOF_LD_SEMAPHORE_WRITE_FIRST,
  SIZEOF_LD_SEMAPHORE,
} from "./tty_ldsem_types";

/**
 * The reader's fast path, first piece of two: adds the bias.
 *
 * @returns the new count: for ldsem_read_acquired(), and for ldsem_down_read_slowpath() if that says no
 * Context: never sleeps. Ordering: acquire (O1).
 */
export function ldsem_read_add(sem: ld_semaphore): i32 {
  return atomic_add_return_acquire(LDSEM_READ_BIAS, ldsem_count(sem));
}

/** Second piece: did the add take the lock (L2, L4)? Context: any. Ordering: none. */
export function ldsem_read_acquired(count: i32): bool {
  return count > 0;
}

/**
 * Takes the lock for reading, waiting at most `timeout_ns` (negative: for ever; 0: not at all).
 *
 * @returns false when the time was up
 * Context: sleeps; not recursive. Ordering: acquire if true (O1).
 */
export function ldsem_down_read(sem: ld_semaphore, timeout_ns: i64): bool {
  const count = ldsem_read_add(sem);
  return ldsem_read_acquired(count) || ldsem_down_read_slowpath(sem, count, timeout_ns);
}

/**
 * @returns true with the lock held for reading
 * Context: never sleeps (L10). Ordering: acquire on success (O1), none on failure.
 */
export function ldsem_down_read_trylock(sem: ld_semaphore): bool {
  let count = atomic_read(ldsem_count(sem));
  while (count >= 0) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), count, count + LDSEM_READ_BIAS);
    if (seen === count) return true;
    count = seen;
  }
  return false;
}

/** Takes the lock for writing. Else as ldsem_down_read(). */
export function ldsem_down_write(sem: ld_semaphore, timeout_ns: i64): bool {
  const count = atomic_add_return_acquire(LDSEM_WRITE_BIAS, ldsem_count(sem));
  if ((count & LDSEM_ACTIVE_MASK) === LDSEM_ACTIVE_BIAS) return true;
  return ldsem_down_write_slowpath(sem, count, timeout_ns);
}

/**
 * @returns true with the lock held for writing
 * Context: never sleeps (L10). Ordering: acquire on success (O1), none on failure.
 */
export function ldsem_down_write_trylock(sem: ld_semaphore): bool {
  let count = atomic_read(ldsem_count(sem));
  while ((count & LDSEM_ACTIVE_MASK) === 0) {
    const seen = atomic_cmpxchg_acquire(ldsem_count(sem), count, count + LDSEM_WRITE_BIAS);
    if (seen === count) return true;
    count = seen;
  }
  return false;
}

/**
 * The reader's release, first piece of two: takes the bias out.
 *
 * @returns the new count: for ldsem_up_read_wakes()
 * Context: a reader; never sleeps. Ordering: release (O1).
 */
export function ldsem_up_read_sub(sem: ld_semaphore): i32 {
  return atomic_sub_return_release(LDSEM_READ_BIAS, ldsem_count(sem));
}

/** Second piece: is ldsem_wake_slowpath() due (L5)? Context: any. Ordering: none. */
export function ldsem_up_read_wakes(count: i32): bool {
  return count < 0 && (count & LDSEM_ACTIVE_MASK) === 0;
}

/** Gives up a read lock. Context: a reader; never sleeps. Ordering: release (O1). */
export function ldsem_up_read(sem: ld_semaphore): void {
  if (ldsem_up_read_wakes(ldsem_up_read_sub(sem))) ldsem_wake_slowpath(sem);
}

/** Gives up the write lock. Context: its holder; never sleeps. Ordering: release (O1). */
export function ldsem_up_write(sem: ld_semaphore): void {
  const count = atomic_sub_return_release(LDSEM_WRITE_BIAS, ldsem_count(sem));
  if (count < 0) ldsem_wake_slowpath(sem); // L5: somebody waits, or is about to
}
