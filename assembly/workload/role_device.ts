// SPDX-License-Identifier: GPL-2.0-only
/**
 * The devices of a roles job. A slot is a place where a device can be; an instance is one device, from
 * its addition to the last close after its removal, as a memdev lives on while files are open on it.
 *
 * State:   slot.state (u32): EMPTY → ADDING (an adder) → THERE (the same) → REMOVING (a remover) → EMPTY
 *          instance.state (u32): ALIVE → DYING (kill() runs) → DEAD
 *
 * Rules:   L1  A removal, or an addition, of a slot is one CPU's: it is claimed by a compare-exchange.
 *          L2  An instance is freed by whoever lets go of it last: the slot holds one reference while
 *              it is open there, each reader that uses it another.
 *          L3  Who opens a slot gets an instance that is not freed under it, or none: the lock of the slot
 *              covers the look at it and the reference.
 *          L4  A device that cannot be made leaves its slot empty.
 */
import {
  atomic_add_return,
  atomic_cmpxchg,
  READ_ONCE,
  smp_store_release,
} from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";
import { bench_device_create, bench_device_free } from "./bench_device";

export const SLOT_EMPTY: u32 = 0;
export const SLOT_ADDING: u32 = 1;
export const SLOT_THERE: u32 = 2;
export const SLOT_REMOVING: u32 = 3;

export const INSTANCE_ALIVE: u32 = 0;
export const INSTANCE_DYING: u32 = 1;
export const INSTANCE_DEAD: u32 = 2;

export const ROLE_SLOT_STRIDE: u32 = 64;

@unmanaged
@final
export class role_slot {
  state: u32;
  lock: u32;
  /** The instance that readers open; 0 while there is none. */
  instance: u32;
}

@unmanaged
@final
export class role_instance {
  state: u32;
  refs: u32;
  /** A bench_device. */
  device: u32;
  /** When its removal began, ktime in ns; of a DYING one. */
  since: u64;
}

export const OFFSETOF_ROLE_SLOT_STATE: u32 = offsetof<role_slot>("state");
export const OFFSETOF_ROLE_SLOT_LOCK: u32 = offsetof<role_slot>("lock");
export const OFFSETOF_ROLE_SLOT_INSTANCE: u32 = offsetof<role_slot>("instance");
export const OFFSETOF_ROLE_INSTANCE_STATE: u32 = offsetof<role_instance>("state");
export const OFFSETOF_ROLE_INSTANCE_REFS: u32 = offsetof<role_instance>("refs");
export const OFFSETOF_ROLE_INSTANCE_DEVICE: u32 = offsetof<role_instance>("device");
export const OFFSETOF_ROLE_INSTANCE_SINCE: u32 = offsetof<role_instance>("since");

function state_of(slot: usize): usize {
  return slot + offsetof<role_slot>("state");
}

function lock_of(slot: usize): usize {
  return slot + offsetof<role_slot>("lock");
}

/** Address of the word that says which instance is there: readers wait for it to change. */
export function slot_instance(slot: usize): usize {
  return slot + offsetof<role_slot>("instance");
}

export function slot_of(slots: usize, n: u32): usize {
  return slots + <usize>(n * ROLE_SLOT_STRIDE);
}

function instance_state(instance: role_instance): usize {
  return changetype<usize>(instance) + offsetof<role_instance>("state");
}

/** One of INSTANCE_*. Ordering: acquire. */
export function instance_stage(instance: role_instance): u32 {
  return READ_ONCE(instance_state(instance));
}

/** L1. @returns true when the slot, which was in state `from`, is now the caller's, in state `to` */
export function slot_claim(slot: usize, from: u32, to: u32): bool {
  if (READ_ONCE(state_of(slot)) !== from) return false;
  return <u32>atomic_cmpxchg(state_of(slot), from, to) === from;
}

/**
 * Opens what is in a slot.
 *
 * @returns an instance to be given to instance_put(), or 0 when there is none
 * Context: any; never sleeps. Ordering: acquire.
 */
export function slot_open(slot: usize): usize {
  raw_spin_lock(lock_of(slot)); // L3
  const instance: usize = READ_ONCE(slot_instance(slot));
  if (instance !== 0) atomic_add_return(1, instance + offsetof<role_instance>("refs"));
  raw_spin_unlock(lock_of(slot));
  return instance;
}

/** Lets go of an instance; the last to do so frees it (L2). Context: outside the gate; sleeps. */
export function instance_put(contender: u32, instance: usize): void {
  const refs = instance + offsetof<role_instance>("refs");
  if (atomic_add_return(-1, refs) !== 0) return;
  bench_device_free(contender, changetype<role_instance>(instance).device);
  kfree(instance);
}

/**
 * Puts a new device into a slot that is claimed as ADDING.
 *
 * @returns whether there was memory for it
 * Context: may sleep. Ordering: release: who opens it sees it whole.
 */
export function slot_add(contender: u32, slot: usize): bool {
  const memory = kzalloc(offsetof<role_instance>(), SLAB_MISC);
  const device: usize = memory === 0 ? 0 : bench_device_create(contender);
  if (device === 0) {
    if (memory !== 0) kfree(memory);
    smp_store_release(state_of(slot), SLOT_EMPTY); // L4
    return false;
  }
  const instance = changetype<role_instance>(memory);
  instance.refs = 1; // plain, both: not published yet
  instance.device = <u32>device;
  smp_store_release(slot_instance(slot), <u32>memory);
  smp_store_release(state_of(slot), SLOT_THERE);
  return true;
}

/** Takes the device out of a slot that is claimed as REMOVING: nobody opens it any more. */
export function slot_take(slot: usize): role_instance {
  raw_spin_lock(lock_of(slot));
  const instance = changetype<role_instance>(<usize>READ_ONCE(slot_instance(slot)));
  smp_store_release(slot_instance(slot), 0);
  raw_spin_unlock(lock_of(slot));
  return instance;
}

/** Says that the removal of the instance begins. @returns when, ktime in ns */
export function instance_dies(instance: role_instance): u64 {
  const now = ktime_get();
  instance.since = now; // plain: published by the store of the state
  smp_store_release(instance_state(instance), INSTANCE_DYING);
  return now;
}

/** Says that the removal is over: the slot can be filled again. */
export function instance_died(instance: role_instance, slot: usize): void {
  smp_store_release(instance_state(instance), INSTANCE_DEAD);
  smp_store_release(state_of(slot), SLOT_EMPTY);
}
