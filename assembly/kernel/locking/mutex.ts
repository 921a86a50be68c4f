// SPDX-License-Identifier: GPL-2.0-only
/**
 * mutex — one owner; sleeps.
 *
 * Source:  kernel/locking/mutex.c, mutex.h, include/linux/mutex.h (v6.12), with CONFIG_MUTEX_SPIN_ON_OWNER.
 *
 * State:   owner (u32), one word; every transition is one RMW
 *            31                     3   2   1   0
 *           ├── task that owns it ──┼ PU┼ HO┼ WT┤
 *            WT the wait list is not empty · HO the first waiter asks for the handoff
 *            PU handed over: only that task may take it
 *          osq; wait_lock; the list of waiters, first come first
 *
 * Rules:   M1  One owner at a time. It alone unlocks.
 *          M2  WAITERS is set and cleared under wait_lock only, with the list.
 *          M3  Without HANDOFF an unlock frees the mutex and wakes the first waiter, which must take it
 *              like everybody else: others may be quicker.
 *          M4  A first waiter that was woken and did not get it sets HANDOFF.
 *          M5  With HANDOFF an unlock makes the first waiter the owner, with PICKUP; nobody else can take
 *              the mutex then.
 *          M6  A task spins, one at a time by the OSQ, while the owner is on a CPU, no grace period waits
 *              for the spinner, and its budget lasts. The first waiter spins without the OSQ.
 *          M7  When the last waiter has left the list, all flags are 0.
 *
 * Ordering: O1  Taking it acquires, giving it up or handing it over releases.
 *           O2  A waiter announces its sleep before it tries once more: it sees the unlock, or the
 *               unlocker sees it on the list.
 *
 * Cost:    uncontended 1 + 1 RMW.
 * Differs: M6's budget, as in rwsem. Not modelled: wound/wait, lockdep, signals.
 */
import {
  atomic_andnot,
  atomic_cmpxchg_acquire,
  atomic_or,
  READ_ONCE,
} from "../../arch/wasm/atomic";
import { panic } from "../../arch/wasm/bug";
import { count_event, EV_MUTEX_SLEEP } from "../../arch/wasm/events";
import { PERCPU_MUTEX_WAITER, this_cpu_ptr } from "../../arch/wasm/percpu";
import { list_add_tail, list_del, list_empty, list_first } from "../list";
import {
  end_wait,
  need_resched,
  owner_on_cpu,
  resume_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_MUTEX,
} from "../sched/core";
import { wake_q_add, wake_up_q } from "../sched/wake_q";
import { optimistic_spin_budget, osq_lock, osq_unlock } from "./osq_lock";
import { raw_spin_lock, raw_spin_unlock } from "./spinlock";

export const MUTEX_FLAG_WAITERS: u32 = 1;
export const MUTEX_FLAG_HANDOFF: u32 = 2;
export const MUTEX_FLAG_PICKUP: u32 = 4;
const MUTEX_FLAGS: u32 = 7;

export const BUG_MUTEX_UNLOCK_BY_NON_OWNER: u32 = 105;

@unmanaged
@final
export class mutex {
  owner: u32;
  osq: u32;
  wait_lock: u32;
  first: u32;
  last: u32;
}

/** One a CPU: a task waits for one mutex at a time. Under wait_lock while on the list. */
@unmanaged
@final
class mutex_waiter {
  next: u32;
  prev: u32;
  task: u32;
}

export const SIZEOF_MUTEX: u32 = offsetof<mutex>();
export const OFFSETOF_MUTEX_OWNER: u32 = offsetof<mutex>("owner");
export const OFFSETOF_MUTEX_OSQ: u32 = offsetof<mutex>("osq");
export const OFFSETOF_MUTEX_WAIT_LOCK: u32 = offsetof<mutex>("wait_lock");
export const OFFSETOF_MUTEX_FIRST: u32 = offsetof<mutex>("first");
export const OFFSETOF_MUTEX_LAST: u32 = offsetof<mutex>("last");
export const OFFSETOF_MUTEX_WAITER_TASK: u32 = offsetof<mutex_waiter>("task");

function owner_of(lock: mutex): usize {
  return changetype<usize>(lock) + offsetof<mutex>("owner");
}

function osq_of(lock: mutex): usize {
  return changetype<usize>(lock) + offsetof<mutex>("osq");
}

function wait_lock_of(lock: mutex): usize {
  return changetype<usize>(lock) + offsetof<mutex>("wait_lock");
}

function wait_list_of(lock: mutex): usize {
  return changetype<usize>(lock) + offsetof<mutex>("first");
}

function current_task(): u32 {
  return <u32>this_cpu_ptr(0);
}

function cmpxchg_owner(lock: mutex, old: u32, new_: u32): u32 {
  return <u32>atomic_cmpxchg_acquire(owner_of(lock), <i32>old, <i32>new_);
}

/** Context: before the mutex is published; zeroed memory needs no call. Ordering: none. */
export function mutex_init(lock: mutex): void {
  lock.owner = 0; // plain: not published yet, as are the next four
  lock.osq = 0;
  lock.wait_lock = 0;
  lock.first = 0;
  lock.last = 0;
}

/** What __mutex_trylock_common() does with the owner word `owner`; the word itself: nothing. */
function trylock_wants(owner: u32, handoff: bool): u32 {
  const task = owner & ~MUTEX_FLAGS;
  const me = current_task();
  if (task === 0) return owner | me;
  if ((owner & MUTEX_FLAG_PICKUP) !== 0) return task === me ? owner & ~MUTEX_FLAG_PICKUP : owner; // M5
  return handoff ? owner | MUTEX_FLAG_HANDOFF : owner; // M4
}

/** @returns 0 with the mutex held, or the task that owns it; then, if `handoff`, M4 is done */
function __mutex_trylock_common(lock: mutex, handoff: bool): u32 {
  let owner = READ_ONCE(owner_of(lock));
  for (;;) {
    const wanted = trylock_wants(owner, handoff);
    if (wanted === owner) break;
    const seen = cmpxchg_owner(lock, owner, wanted);
    if (seen === owner) {
      if ((wanted & ~MUTEX_FLAGS) === current_task()) return 0;
      break;
    }
    owner = seen;
  }
  return owner & ~MUTEX_FLAGS;
}

function __mutex_trylock(lock: mutex): bool {
  return __mutex_trylock_common(lock, false) === 0;
}

/** While `owner` owns the mutex, looks. @returns true once it does not; false: sleep instead (M6) */
function mutex_spin_on_owner(lock: mutex, owner: u32): bool {
  for (let budget = optimistic_spin_budget(); budget !== 0; budget--) {
    if ((READ_ONCE(owner_of(lock)) & ~MUTEX_FLAGS) !== owner) return true;
    if (need_resched() || !owner_on_cpu(changetype<task_struct>(<usize>owner))) break;
  }
  return false;
}

function mutex_can_spin_on_owner(lock: mutex): bool {
  if (optimistic_spin_budget() === 0 || need_resched()) return false;
  const owner = READ_ONCE(owner_of(lock)) & ~MUTEX_FLAGS;
  return owner === 0 || owner_on_cpu(changetype<task_struct>(<usize>owner));
}

function mutex_spin_and_take(lock: mutex): bool {
  for (let budget = optimistic_spin_budget(); budget !== 0; budget--) {
    const owner = __mutex_trylock_common(lock, false);
    if (owner === 0) return true;
    if (!mutex_spin_on_owner(lock, owner)) break;
  }
  return false;
}

/** M6. @returns true with the mutex held */
function mutex_optimistic_spin(lock: mutex): bool {
  if (!mutex_can_spin_on_owner(lock) || !osq_lock(osq_of(lock))) return false;
  const taken = mutex_spin_and_take(lock);
  osq_unlock(osq_of(lock));
  return taken;
}

function mutex_waiter_is_first(lock: mutex, waiter: usize): bool {
  return list_first(wait_list_of(lock)) === waiter;
}

/**
 * Sleeps on the list until the mutex is the caller's.
 * Context: wait_lock held, on return too; the waiter is on the list.
 */
function mutex_wait_locked(lock: mutex, waiter: usize): void {
  const since = set_wait(WAIT_MUTEX, changetype<usize>(lock));
  set_current_state(TASK_SLEEPING);
  // Under wait_lock an unlocker cannot be half-way through handing over: the try sees M5 or nothing.
  while (!__mutex_trylock(lock)) {
    raw_spin_unlock(wait_lock_of(lock));
    count_event(EV_MUTEX_SLEEP);
    schedule();
    // Stable without wait_lock: only the first one itself makes another one first.
    const first = READ_ONCE(wait_list_of(lock)) === <u32>waiter;
    resume_wait(WAIT_MUTEX, changetype<usize>(lock), since);
    set_current_state(TASK_SLEEPING); // O2
    const taken = __mutex_trylock_common(lock, first) === 0 || (first && mutex_spin_and_take(lock));
    raw_spin_lock(wait_lock_of(lock));
    if (taken) break;
  }
  end_wait();
}

/** What is left when __mutex_trylock_fast() said no. Context, Ordering: as mutex_lock(). */
export function mutex_lock_slowpath(lock: mutex): void {
  if (__mutex_trylock(lock) || mutex_optimistic_spin(lock)) return;
  raw_spin_lock(wait_lock_of(lock));
  if (!__mutex_trylock(lock)) {
    const waiter = this_cpu_ptr(PERCPU_MUTEX_WAITER);
    changetype<mutex_waiter>(waiter).task = current_task(); // plain: not on a list
    list_add_tail(waiter, wait_list_of(lock));
    if (mutex_waiter_is_first(lock, waiter)) atomic_or(MUTEX_FLAG_WAITERS, owner_of(lock)); // M2
    mutex_wait_locked(lock, waiter);
    list_del(waiter, wait_list_of(lock));
    if (list_empty(wait_list_of(lock))) atomic_andnot(MUTEX_FLAGS, owner_of(lock)); // M7
  }
  raw_spin_unlock(wait_lock_of(lock));
}

/**
 * The fast half of mutex_lock(), for hot loops.
 *
 * @returns 0 with the mutex held; else who owns it, which asks for mutex_lock_slowpath()
 * Context: never sleeps. Ordering: acquire if 0 (O1).
 */
export function __mutex_trylock_fast(lock: mutex): u32 {
  return cmpxchg_owner(lock, 0, current_task());
}

/** Takes the mutex. Context: sleeps; not recursive. Ordering: acquire (O1). */
export function mutex_lock(lock: mutex): void {
  if (__mutex_trylock_fast(lock) !== 0) mutex_lock_slowpath(lock);
}

/**
 * @returns true with the mutex held
 * Context: any task; never sleeps. Ordering: acquire on success (O1), none on failure.
 */
export function mutex_trylock(lock: mutex): bool {
  return __mutex_trylock(lock);
}

/** M5: the first waiter, if any, becomes the owner. Context: wait_lock held. */
function __mutex_handoff(lock: mutex, task: u32): void {
  let owner = READ_ONCE(owner_of(lock));
  for (;;) {
    let wanted = (owner & MUTEX_FLAG_WAITERS) | task;
    if (task !== 0) wanted |= MUTEX_FLAG_PICKUP;
    const seen = cmpxchg_owner(lock, owner, wanted);
    if (seen === owner) return;
    owner = seen;
  }
}

/** Frees the mutex, unless it must be handed over. @returns the owner word before */
function mutex_release(lock: mutex): u32 {
  let owner = READ_ONCE(owner_of(lock));
  while ((owner & MUTEX_FLAG_HANDOFF) === 0) {
    const seen = cmpxchg_owner(lock, owner, owner & MUTEX_FLAGS);
    if (seen === owner) break;
    owner = seen;
  }
  return owner;
}

/** What is left when __mutex_unlock_fast() said no. Context, Ordering: as mutex_unlock(). */
export function mutex_unlock_slowpath(lock: mutex): void {
  if (!mutex_is_mine(lock)) {
    panic(BUG_MUTEX_UNLOCK_BY_NON_OWNER, <u32>changetype<usize>(lock), READ_ONCE(owner_of(lock)));
  }
  const owner = mutex_release(lock);
  if ((owner & (MUTEX_FLAG_HANDOFF | MUTEX_FLAG_WAITERS)) === 0) return;
  raw_spin_lock(wait_lock_of(lock));
  const first = list_first(wait_list_of(lock));
  let next: u32 = 0;
  if (first !== 0) {
    next = changetype<mutex_waiter>(first).task;
    wake_q_add(next);
  }
  if ((owner & MUTEX_FLAG_HANDOFF) !== 0) __mutex_handoff(lock, next);
  raw_spin_unlock(wait_lock_of(lock));
  wake_up_q();
}

/**
 * The fast half of mutex_unlock(), for hot loops.
 *
 * @returns 0 with the mutex free; else what its word holds beside the owner, which asks for
 *          mutex_unlock_slowpath()
 * Context: its owner; never sleeps. Ordering: release if 0 (O1).
 */
export function __mutex_unlock_fast(lock: mutex): u32 {
  return cmpxchg_owner(lock, current_task(), 0) ^ current_task();
}

/** Gives up the mutex. Context: its owner; never sleeps. Ordering: release (O1). */
export function mutex_unlock(lock: mutex): void {
  if (__mutex_unlock_fast(lock) !== 0) mutex_unlock_slowpath(lock);
}

function mutex_is_mine(lock: mutex): bool {
  return (READ_ONCE(owner_of(lock)) & ~MUTEX_FLAGS) === current_task();
}

/** True while somebody owns it. A hint. Context: any. Ordering: none. */
export function mutex_is_locked(lock: mutex): bool {
  return (READ_ONCE(owner_of(lock)) & ~MUTEX_FLAGS) !== 0;
}
