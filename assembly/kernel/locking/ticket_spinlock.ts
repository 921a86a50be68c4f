// SPDX-License-Identifier: GPL-2.0-only
/**
 * arch_spinlock_t — a ticket lock: first come, first served; spins.
 *
 * Source:  include/asm-generic/spinlock.h (v6.12), what an architecture without a queued spinlock has.
 *
 * State:   next (u32)   the ticket that the next one who comes draws
 *          owner (u32)  the ticket that has the lock; === next when nobody has
 *
 * Rules:   T1  One holder at a time.
 *          T2  Tickets are served in the order in which they were drawn.
 *          T3  A waiter spins for as long as it takes (spin_wait.ts, P1, P2).
 *          T4  Only the holder writes owner.
 *
 * Ordering: O1  lock acquires, unlock releases: the store of owner, and the look that finds it.
 *
 * Cost:    uncontended 1 RMW and a load, and a load and a store.
 * Differs: two words instead of two halves of one: wasm orders accesses of one width only.
 * Not modelled: interrupts.
 */
import {
  atomic_fetch_add,
  READ_ONCE,
  smp_load_acquire,
  smp_store_release,
} from "../../arch/wasm/atomic";
import { WAIT_TICKET } from "../sched/task";
import { spin_relax } from "./spin_wait";

@unmanaged
@final
export class arch_spinlock {
  next: u32;
  owner: u32;
}

export const SIZEOF_ARCH_SPINLOCK: u32 = offsetof<arch_spinlock>();
export const OFFSETOF_ARCH_SPINLOCK_NEXT: u32 = offsetof<arch_spinlock>("next");
export const OFFSETOF_ARCH_SPINLOCK_OWNER: u32 = offsetof<arch_spinlock>("owner");

function next_of(lock: arch_spinlock): usize {
  return changetype<usize>(lock) + offsetof<arch_spinlock>("next");
}

function owner_of(lock: arch_spinlock): usize {
  return changetype<usize>(lock) + offsetof<arch_spinlock>("owner");
}

/** The first half of arch_spin_lock(). @returns the caller's ticket. Context: any; never waits. */
export function arch_spin_draw(lock: arch_spinlock): u32 {
  return <u32>atomic_fetch_add(1, next_of(lock));
}

/** The second half: spins until `ticket` is served. Context, Ordering: as arch_spin_lock(). */
export function arch_spin_await(lock: arch_spinlock, ticket: u32): void {
  let looks: u32 = 0;
  for (;;) {
    const owner = smp_load_acquire(owner_of(lock));
    if (owner === ticket) return;
    looks = spin_relax(owner_of(lock), owner, looks, WAIT_TICKET);
  }
}

/** Context: spins, outside every RCU reader; not recursive. Ordering: acquire (O1). */
export function arch_spin_lock(lock: arch_spinlock): void {
  arch_spin_await(lock, arch_spin_draw(lock));
}

/** Context: the holder; never waits. Ordering: release (O1). */
export function arch_spin_unlock(lock: arch_spinlock): void {
  smp_store_release(owner_of(lock), READ_ONCE(owner_of(lock)) + 1);
}

/** True while somebody has the lock. A hint. Context: any. Ordering: none. */
export function arch_spin_is_locked(lock: arch_spinlock): bool {
  return READ_ONCE(next_of(lock)) !== READ_ONCE(owner_of(lock));
}
