// SPDX-License-Identifier: GPL-2.0-only
/**
 * RCU, for check: readers of a pointer against those who replace or remove what it points to.
 *
 * Covers of kernel/rcu/qsbr.ts: Q1 to Q3 and O1 to O3 with readers and an updater or remover; Q5 with a
 * returner; Q4 and Q7 with a synchronizer beside an updater; O1 of who shares with a follower and a
 * publisher; Q6 in each of them, as a grace period that never ends, and with a poller beside an announcer,
 * where rcu_qs() alone wakes. Of kernel/rcu/tree.ts: C1 to C3 with a caller; C5 and O4 with a barrier
 * beside it.
 */
import { READ_ONCE, smp_load_acquire, smp_store_release, xchg } from "../../arch/wasm/atomic";
import { ENOENT, ENOMEM } from "../../arch/wasm/errno";
import { smp_processor_id } from "../../arch/wasm/percpu";
import {
  call_rcu,
  rcu_barrier,
  rcu_cpu_offline,
  rcu_cpu_online,
  rcu_head,
  rcu_qs,
  rcu_read_lock,
  rcu_read_unlock,
  synchronize_rcu,
} from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_owner, mortal_use } from "./mortal";
import { SIZEOF_TALLY, tally_add, tally_of, tally_sum } from "./tally";
import { demand } from "./verdict";

/** rcu_invoke() id of check_qsbr_free(). */
export const RCU_CHECK_FREE: u32 = 0x104;

/** (callbacks run, callbacks queued) */
export const VIOLATION_RCU_CALLBACKS_LEFT: u32 = 730;
/** (cpu, callbacks that it has run) rcu_barrier() returned before a callback. */
export const VIOLATION_RCU_BARRIER_TOO_EARLY: u32 = 731;

/** Behind it: tallies of callbacks queued, and run. */
@unmanaged
@final
class check_rcu {
  /** The object, or 0. */
  pointer: u32;
  /** 1 + the CPU of the caller, once it has queued its callback. */
  called: u32;
  /** 1 once the announcer has replaced and freed. */
  done: u32;
}

const QUEUED: usize = offsetof<check_rcu>();
const RUN: usize = QUEUED + SIZEOF_TALLY;
const SIZE: usize = RUN + SIZEOF_TALLY;

function pointer_of(p: usize): usize {
  return p + offsetof<check_rcu>("pointer");
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_qsbr_init(): usize {
  const p = kzalloc(<u32>SIZE, SLAB_MISC);
  if (p === 0) return 0;
  const object = mortal_alloc(p);
  changetype<check_rcu>(p).pointer = <u32>object; // plain: nobody else is here yet
  if (object !== 0) return p;
  kfree(p);
  return 0;
}

/** One reader section. @returns 0; -ENOENT when there is no object; -EIO. Context: online. */
export function check_qsbr_read(p: usize): i32 {
  rcu_read_lock();
  const object = <usize>READ_ONCE(pointer_of(p));
  const result = object !== 0 ? mortal_use(object, pointer_of(p)) : -ENOENT;
  rcu_read_unlock();
  return result;
}

/** `n` sections, a quiescent state behind each. @returns 0; -ENOENT as the last one; -EIO */
export function check_qsbr_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    const said = check_qsbr_read(p);
    if (said !== -ENOENT || (i === n - 1 && result === 0)) result |= said;
    rcu_qs();
  }
  return result;
}

/** Goes offline, comes online, and reads. @returns as one section */
export function check_qsbr_returner(p: usize): i32 {
  rcu_cpu_offline();
  rcu_cpu_online();
  const result = check_qsbr_read(p);
  rcu_qs();
  return result;
}

/** Puts `object`, or 0, in the place of what readers find. @returns that, or 0. Ordering: full. */
export function check_qsbr_replace(p: usize, object: usize): usize {
  return xchg(pointer_of(p), <u32>object);
}

/** Replaces the object `n` times. @returns 0, or -ENOMEM. Context: sleeps. */
export function check_qsbr_updater(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const object = mortal_alloc(p);
    if (object === 0) return -ENOMEM;
    const old = check_qsbr_replace(p, object);
    synchronize_rcu();
    if (old !== 0) mortal_free(old);
  }
  return 0;
}

/**
 * An updater that publishes by a store which is no barrier, as rcu_assign_pointer() is.
 *
 * @returns 0, or -ENOMEM
 * Context: sleeps; offline, as a report to RCU would be that barrier.
 */
export function check_qsbr_publisher(p: usize): i32 {
  const object = mortal_alloc(p);
  if (object === 0) return -ENOMEM;
  const old = READ_ONCE(pointer_of(p)); // nobody else replaces it
  smp_store_release(pointer_of(p), <u32>object);
  synchronize_rcu();
  mortal_free(old);
  return 0;
}

/** A reader behind a grace period of its own, which the publisher may share. @returns as one section */
export function check_qsbr_follower(p: usize): i32 {
  synchronize_rcu();
  return check_qsbr_reader(p, 1);
}

function done_of(p: usize): usize {
  return p + offsetof<check_rcu>("done");
}

/** An updater that says when it is done. @returns as that */
export function check_qsbr_announcer(p: usize): i32 {
  const result = check_qsbr_updater(p, 1);
  smp_store_release(done_of(p), 1);
  return result;
}

/**
 * A reader that polls until the announcer is done: it neither sleeps nor goes offline before, so that nothing
 * but its rcu_qs() wakes that one.
 *
 * @returns as one section
 */
export function check_qsbr_poller(p: usize): i32 {
  const result = check_qsbr_read(p);
  while (READ_ONCE(done_of(p)) === 0) rcu_qs();
  return result;
}

/** Takes the object away. @returns 0, or -ENOENT when somebody else has. Context: sleeps. */
export function check_qsbr_remover(p: usize): i32 {
  const old = check_qsbr_replace(p, 0);
  if (old === 0) return -ENOENT;
  synchronize_rcu();
  mortal_free(old);
  return 0;
}

/** RCU_CHECK_FREE. Context: RCU callback. */
export function check_qsbr_free(head: usize): void {
  tally_add(mortal_owner(head) + RUN, 1);
  mortal_free(head);
}

/** Takes the object away, and leaves it to a callback. @returns as the remover. Context: never sleeps. */
export function check_qsbr_caller(p: usize): i32 {
  const old = check_qsbr_replace(p, 0);
  if (old === 0) return -ENOENT;
  tally_add(p + QUEUED, 1);
  call_rcu(changetype<rcu_head>(old), RCU_CHECK_FREE);
  smp_store_release(p + offsetof<check_rcu>("called"), smp_processor_id() + 1);
  return 0;
}

/** Waits for the caller's callback, if that is queued already. @returns 0, or -EIO. Context: sleeps. */
export function check_qsbr_barrier(p: usize): i32 {
  const called = smp_load_acquire(p + offsetof<check_rcu>("called"));
  rcu_barrier();
  if (called === 0) return 0;
  const run = tally_of(p + RUN, called - 1);
  return demand(run === 1, VIOLATION_RCU_BARRIER_TOO_EARLY, called - 1, run);
}

/** Asks for `n` grace periods, for nothing: an updater to share with. @returns 0. Context: sleeps. */
export function check_qsbr_synchronizer(_p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) synchronize_rcu();
  return 0;
}

/** Every callback has run. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_qsbr_end(p: usize): i32 {
  const object = <usize>changetype<check_rcu>(p).pointer; // plain: all threads have ended, as below
  const queued = tally_sum(p + QUEUED);
  const run = tally_sum(p + RUN);
  if (object !== 0) mortal_free(object);
  kfree(p);
  return demand(run === queued, VIOLATION_RCU_CALLBACKS_LEFT, run, queued);
}
