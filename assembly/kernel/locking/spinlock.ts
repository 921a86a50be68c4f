// SPDX-License-Identifier: GPL-2.0-only
/**
 * raw_spinlock_t — mutual exclusion for a few instructions.
 *
 * Source:  include/linux/spinlock.h (v6.12) for the interface. The algorithm is not the kernel's
 *          qspinlock but a futex lock: a worker that holds the lock may lose its core at any
 *          instruction, as a virtual CPU does, so a waiter may not spin for ever. A paravirtualised
 *          kernel also lets a waiter sleep (qspinlock_paravirt.h), and is also unfair then.
 *
 * State:   one word (u32); every transition is one RMW
 *            0  free
 *            1  locked, nobody sleeps
 *            2  locked, somebody may sleep on the word
 *
 * Rules:   L1  One holder at a time.
 *          L2  A waiter looks at most boot_info.spin_limit times before it sleeps.
 *          L3  A waiter sleeps only while the word is 2, and leaves the word 2 when it takes the lock:
 *              it cannot know that it was the last.
 *          L4  An unlock that finds 2 wakes one sleeper.
 *          L5  Unlocking a free lock is a bug.
 *
 * Ordering: O1  lock acquires, unlock releases: what one holder wrote, the next one sees.
 *
 * Cost:    uncontended 1 + 1 RMW. A lock that was ever slept on costs one notify more.
 * Not modelled: interrupts, fairness.
 */
import { atomic_cmpxchg_acquire, READ_ONCE, xchg } from "../../arch/wasm/atomic";
import { panic } from "../../arch/wasm/bug";
import { futex_wait, futex_wake } from "../../arch/wasm/futex";
import { boot } from "../../arch/wasm/memory";
import { current, resume_wait, set_wait, WAIT_SPINLOCK } from "../sched/task";

export const BUG_SPIN_UNLOCK_OF_A_FREE_LOCK: u32 = 100;

const FREE: u32 = 0;
const LOCKED: u32 = 1;
const LOCKED_SLEEPERS: u32 = 2;

/** Sleeps for the lock; shows in the hung-task report, and then puts back what was there. */
function sleep_for_lock(lock: usize): void {
  const t = current();
  const what = t.wait_what; // plain: the task's own, as are the next two
  const obj = t.wait_obj;
  const since = t.wait_since;
  set_wait(WAIT_SPINLOCK, lock);
  while (xchg(lock, LOCKED_SLEEPERS) !== FREE) futex_wait(lock, LOCKED_SLEEPERS, -1); // L3
  resume_wait(what, obj, since);
}

function raw_spin_lock_slowpath(lock: usize): void {
  for (let i = boot().spin_limit; i !== 0; i--) {
    if (READ_ONCE(lock) !== FREE) continue;
    if (raw_spin_trylock(lock)) return;
  }
  sleep_for_lock(lock);
}

function raw_spin_unlock_slowpath(lock: usize, old: u32): void {
  if (old === FREE) panic(BUG_SPIN_UNLOCK_OF_A_FREE_LOCK, <u32>lock, 0); // L5
  futex_wake(lock, 1); // L4
}

/**
 * @returns true with the lock held
 * Context: any; never sleeps. Ordering: acquire on success (O1), none on failure.
 */
export function raw_spin_trylock(lock: usize): bool {
  return atomic_cmpxchg_acquire(lock, FREE, LOCKED) === FREE;
}

/** Context: not recursive; the host may put the thread to sleep (L2). Ordering: acquire (O1). */
export function raw_spin_lock(lock: usize): void {
  if (!raw_spin_trylock(lock)) raw_spin_lock_slowpath(lock);
}

/**
 * The memory of the lock may be freed by the next holder while this call still wakes a sleeper: a
 * notify is no access.
 *
 * Context: the holder; never sleeps. Ordering: release (O1).
 */
export function raw_spin_unlock(lock: usize): void {
  const old = xchg(lock, FREE);
  if (old !== LOCKED) raw_spin_unlock_slowpath(lock, old);
}
