// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref — a reference count that costs no shared write while the object lives.
 *
 * Source:  lib/percpu-refcount.c, include/linux/percpu-refcount.h (v6.12).
 *
 * State:   percpu_count_ptr (u32): offset of the per-CPU counters, and the mode
 *          31                                        2   1   0
 *         ├─────────────── offset in the unit ────────┼ DEAD┼ATOM┤
 *          count (i32, in percpu_ref_data) by mode; Σ = the sum of the per-CPU counters, mod 2^32
 *            ATOM DEAD
 *            0    0    live, per-CPU: BIAS + 1; the users are in Σ alone
 *            0    1    inside kill(), between its two stores
 *            1    0/1  switching: BIAS + 1 extra + what came in by slow paths; late CPUs still use Σ
 *            1    0/1  atomic: exact; DEAD: release() when it reaches 0
 *          after exit(): DEAD | ATOM, and the final count where the offset was
 *
 * Rules:   P1  One load of percpu_count_ptr decides the mode, and its offset is used: a second load
 *              could see another mode.
 *          P2  A per-CPU counter is written by its CPU alone, plainly, between two quiescent states;
 *              it may wrap. Others read it only after a grace period that began with ATOM set.
 *          P3  All counters are summed before count is touched, and BIAS goes in the same RMW: count
 *              never looks like 0 before the users are in it.
 *          P4  release() runs exactly once for each kill(): in whoever drops the last reference. It
 *              does not sleep. It may run inside kill(), under the switch lock.
 *          P5  tryget_live() may succeed after kill() returned, until the confirmation: such users
 *              are in Σ. After the confirmation it fails.
 *          P6  The initial reference is dropped by kill(), once.
 *          P7  Without ALLOW_REINIT the counters are freed by the switch: one way.
 *          P8  Switches of a ref never overlap: the next one waits for confirm_switch === 0.
 *
 * Ordering: O1  kill()'s store of ATOM|DEAD, then call_rcu() ↔ any fast path after the grace period:
 *               it sees the flags. Before: what it added is visible to the callback (RCU O1 to O3).
 *           O2  the RMWs on count, in atomic mode: what every user did is visible to release().
 *           O3  switch_to_percpu()'s release store ↔ the load of P1: the counters are 0.
 *
 * Cost:    get, put, per-CPU: one load of a word that nobody writes, one plain add to the CPU's line.
 *          kill(): a grace period. Memory: 8 bytes a CPU, plus percpu_ref_data.
 * Not modelled: a counter's value when init() failed (the kernel leaves a null offset, as here), debug
 *          objects.
 */
import { atomic_read, atomic_set, READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { WARN_ON } from "../arch/wasm/bug";
import { ENOMEM } from "../arch/wasm/errno";
import { alloc_percpu, free_percpu } from "../mm/percpu";
import { kfree, kzalloc, SLAB_PERCPU_REF } from "../mm/slab";
import { FAULT_PERCPU_REF_INIT, should_fail } from "./fault-inject";
import {
  __PERCPU_REF_ATOMIC,
  __PERCPU_REF_ATOMIC_DEAD,
  __PERCPU_REF_DEAD,
  __PERCPU_REF_FLAG_BITS,
  __ref_is_percpu,
  PERCPU_COUNT_BIAS,
  percpu_ref,
  percpu_ref_count_of,
  percpu_ref_data,
  percpu_ref_data_of,
  percpu_ref_get,
  percpu_ref_ptr,
  percpu_ref_put,
} from "./percpu-refcount-ops";
import {
  PERCPU_REF_COUNTER_BYTES,
  PERCPU_REF_DATA_BYTES,
  PERCPU_REF_NO_CONFIRM,
  percpu_ref_confirm_word,
  percpu_ref_free_counters,
  percpu_ref_ptr_word,
  percpu_ref_switch_lock,
  percpu_ref_switch_mode,
  percpu_ref_switch_unlock,
  percpu_ref_wait_for_switch,
} from "./percpu-refcount-switch";

export * from "./percpu-refcount-ops";
export * from "./percpu-refcount-switch";

export const PERCPU_REF_INIT_ATOMIC: u32 = 1; // start in atomic mode, and stay in it
export const PERCPU_REF_INIT_DEAD: u32 = 2; // start killed, with count 0: reinit() brings it to life
export const PERCPU_REF_ALLOW_REINIT: u32 = 4; // keep the counters over a switch to atomic mode

/** (ref, release id) */
export const WARN_PERCPU_REF_KILLED_TWICE: u32 = 221;
/** (ref, confirm id) */
export const WARN_PERCPU_REF_EXIT_DURING_SWITCH: u32 = 223;
/** (ref, percpu_count_ptr) */
export const WARN_PERCPU_REF_REINIT_OF_A_REF_IN_USE: u32 = 224;
/** (ref, percpu_count_ptr) */
export const WARN_PERCPU_REF_RESURRECT_OF_A_LIVE_REF: u32 = 225;
/**
 * Makes a ref: live with one reference, the initial one, in per-CPU mode, unless `flags` say else.
 *
 * @param release - id of what runs when the last reference is gone; see callbacks.ts
 * @param flags - PERCPU_REF_INIT_ATOMIC, PERCPU_REF_INIT_DEAD, PERCPU_REF_ALLOW_REINIT
 * @returns 0, or -ENOMEM when the counters or the data cannot be had, or by fault injection
 * Context: any; never sleeps. Ordering: none: publish the ref.
 */
export function percpu_ref_init(ref: percpu_ref, release: u32, flags: u32): i32 {
  ref.percpu_count_ptr = 0; // plain, as all of init: not published yet
  ref.data = 0;
  if (should_fail(FAULT_PERCPU_REF_INIT)) return -ENOMEM;
  let ptr = <u32>alloc_percpu(PERCPU_REF_COUNTER_BYTES);
  if (ptr === 0) return -ENOMEM;
  const data = changetype<percpu_ref_data>(kzalloc(PERCPU_REF_DATA_BYTES, SLAB_PERCPU_REF));
  if (changetype<usize>(data) === 0) {
    free_percpu(ptr, PERCPU_REF_COUNTER_BYTES);
    return -ENOMEM;
  }
  data.release = release;
  data.ref = <u32>changetype<usize>(ref);
  data.force_atomic = (flags & PERCPU_REF_INIT_ATOMIC) !== 0;
  data.allow_reinit = flags !== 0; // each of the three implies it
  let count: i32 = 0;
  if ((flags & (PERCPU_REF_INIT_ATOMIC | PERCPU_REF_INIT_DEAD)) !== 0) ptr |= __PERCPU_REF_ATOMIC;
  else count = PERCPU_COUNT_BIAS;
  if ((flags & PERCPU_REF_INIT_DEAD) !== 0) ptr |= __PERCPU_REF_DEAD;
  else count++;
  atomic_set(changetype<usize>(data), count);
  ref.data = <u32>changetype<usize>(data);
  ref.percpu_count_ptr = ptr;
  return 0;
}

/**
 * Undoes percpu_ref_init(). Keeps the final count, so that percpu_ref_is_zero() still answers. Does
 * nothing on a ref that is not initialised.
 *
 * Context: any; never sleeps; nobody uses the ref any more. Ordering: none.
 */
export function percpu_ref_exit(ref: percpu_ref): void {
  const data = changetype<percpu_ref_data>(<usize>ref.data); // plain: nobody else uses the ref
  if (changetype<usize>(data) === 0) return;
  const confirm = READ_ONCE(percpu_ref_confirm_word(data));
  WARN_ON(confirm !== 0, WARN_PERCPU_REF_EXIT_DURING_SWITCH, <u32>changetype<usize>(ref), confirm);
  percpu_ref_free_counters(ref);
  percpu_ref_switch_lock(); // against percpu_ref_is_zero()
  const count = <u32>atomic_read(changetype<usize>(data));
  WRITE_ONCE(
    percpu_ref_ptr_word(ref),
    __PERCPU_REF_ATOMIC_DEAD | (count << __PERCPU_REF_FLAG_BITS),
  );
  ref.data = 0;
  percpu_ref_switch_unlock();
  kfree(changetype<usize>(data));
}

/**
 * Kills the ref: drops the initial reference and starts the way to atomic mode. release() runs when
 * the last reference is gone.
 *
 * Context: sleeps only while an earlier switch of this ref is under way; release() may run inside.
 * Ordering: what the caller did before is visible to whoever finds the ref dead (O1).
 * Note: no grace period lies between kill() and release(); the embedding object needs its own.
 */
export function percpu_ref_kill(ref: percpu_ref): void {
  percpu_ref_kill_and_confirm(ref, PERCPU_REF_NO_CONFIRM);
}

/**
 * percpu_ref_kill(), and `confirm` runs once tryget_live() fails on every CPU (P5).
 *
 * @param confirm - id in callbacks.ts, percpu_ref_confirm(); PERCPU_REF_NO_CONFIRM: nothing
 * Context, Ordering: as percpu_ref_kill(). confirm() never sleeps; it may run inside, under the lock.
 */
export function percpu_ref_kill_and_confirm(ref: percpu_ref, confirm: u32): void {
  percpu_ref_switch_lock();
  const ptr = percpu_ref_ptr(ref);
  const twice = (ptr & __PERCPU_REF_DEAD) !== 0;
  const release = percpu_ref_data_of(ref).release;
  WARN_ON(twice, WARN_PERCPU_REF_KILLED_TWICE, <u32>changetype<usize>(ref), release); // P6
  WRITE_ONCE(percpu_ref_ptr_word(ref), ptr | __PERCPU_REF_DEAD);
  percpu_ref_switch_mode(ref, confirm);
  percpu_ref_put(ref);
  percpu_ref_switch_unlock();
}

/**
 * Goes to atomic mode and stays there until percpu_ref_switch_to_percpu(); `confirm` as for kill.
 *
 * Context: sleeps only while an earlier switch is under way. Ordering: as percpu_ref_kill().
 */
export function percpu_ref_switch_to_atomic(ref: percpu_ref, confirm: u32): void {
  percpu_ref_switch_lock();
  percpu_ref_data_of(ref).force_atomic = true;
  percpu_ref_switch_mode(ref, confirm);
  percpu_ref_switch_unlock();
}

/** percpu_ref_switch_to_atomic(), and waits for it. Context: sleeps. Ordering: full. */
export function percpu_ref_switch_to_atomic_sync(ref: percpu_ref): void {
  percpu_ref_switch_to_atomic(ref, PERCPU_REF_NO_CONFIRM);
  percpu_ref_switch_lock();
  percpu_ref_wait_for_switch(ref);
  percpu_ref_switch_unlock();
}

/**
 * Back to per-CPU mode, now or, on a dead ref, when it is revived.
 *
 * Context: sleeps only while an earlier switch is under way. Ordering: release (O3).
 */
export function percpu_ref_switch_to_percpu(ref: percpu_ref): void {
  percpu_ref_switch_lock();
  percpu_ref_data_of(ref).force_atomic = false;
  percpu_ref_switch_mode(ref, PERCPU_REF_NO_CONFIRM);
  percpu_ref_switch_unlock();
}

/**
 * Makes a dead ref with count 0 live again, with one reference.
 *
 * Context: as percpu_ref_switch_to_percpu(). Ordering: release (O3).
 */
export function percpu_ref_reinit(ref: percpu_ref): void {
  const used = !percpu_ref_is_zero(ref);
  const p = <u32>changetype<usize>(ref);
  WARN_ON(used, WARN_PERCPU_REF_REINIT_OF_A_REF_IN_USE, p, percpu_ref_ptr(ref));
  percpu_ref_resurrect(ref);
}

/**
 * Takes kill() back, whatever the count: the caller makes sure that release() does not run meanwhile.
 *
 * Context: as percpu_ref_switch_to_percpu(). Ordering: release (O3).
 */
export function percpu_ref_resurrect(ref: percpu_ref): void {
  percpu_ref_switch_lock();
  const ptr = percpu_ref_ptr(ref);
  const live = (ptr & __PERCPU_REF_DEAD) === 0;
  WARN_ON(live, WARN_PERCPU_REF_RESURRECT_OF_A_LIVE_REF, <u32>changetype<usize>(ref), ptr);
  WRITE_ONCE(percpu_ref_ptr_word(ref), ptr & ~__PERCPU_REF_DEAD);
  percpu_ref_get(ref);
  percpu_ref_switch_mode(ref, PERCPU_REF_NO_CONFIRM);
  percpu_ref_switch_unlock();
}

/** True after kill(), until reinit() or resurrect(). Context: any. Ordering: none. */
export function percpu_ref_is_dying(ref: percpu_ref): bool {
  return (percpu_ref_ptr(ref) & __PERCPU_REF_DEAD) !== 0;
}

/** True if no reference is left; false in per-CPU mode. Works after exit(), too. Context: any. */
export function percpu_ref_is_zero(ref: percpu_ref): bool {
  if (__ref_is_percpu(percpu_ref_ptr(ref))) return false;
  percpu_ref_switch_lock(); // against percpu_ref_exit()
  const data = ref.data;
  const count =
    data !== 0
      ? <u32>atomic_read(percpu_ref_count_of(ref))
      : percpu_ref_ptr(ref) >> __PERCPU_REF_FLAG_BITS;
  percpu_ref_switch_unlock();
  return count === 0;
}
