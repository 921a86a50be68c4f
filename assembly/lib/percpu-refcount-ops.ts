// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref: getting and putting. State, rules and ordering pairs are in percpu-refcount.ts.
 *
 * Source:  include/linux/percpu-refcount.h (v6.12).
 *
 * percpu_ref_try_add_fast() is all that the per-CPU mode does, without a call: hot loops take it alone
 * and leave for a slow path when it returns 0. Everything here is an RCU reader for its own length,
 * which takes no code: no quiescent state lies inside (kernel/rcu/qsbr.ts, Q1).
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_cmpxchg,
  atomic_fetch_sub_release,
  atomic_read,
  READ_ONCE,
} from "../arch/wasm/atomic";
import { BUG_ON } from "../arch/wasm/bug";
import { this_cpu_ptr } from "../arch/wasm/percpu";
import { percpu_ref_release } from "../callbacks";

export const __PERCPU_REF_ATOMIC: u32 = 1; // count is the truth, or will be
export const __PERCPU_REF_DEAD: u32 = 2; // killed: tryget_live fails
export const __PERCPU_REF_ATOMIC_DEAD: u32 = 3;
export const __PERCPU_REF_FLAG_BITS: u32 = 2;
export const PERCPU_COUNT_BIAS: i32 = i32.MIN_VALUE; // keeps count off 0 until the counters are in it

/** (ref) Used before init() succeeded, or after exit(). */
export const BUG_PERCPU_REF_NOT_INITIALISED: u32 = 220;

@unmanaged
@final
export class percpu_ref {
  /** Written under the switch lock, read by everybody: READ_ONCE, once (P1). */
  percpu_count_ptr: u32;
  /** percpu_ref_data; set by init(), cleared by exit(), constant between. */
  data: u32;
}

/** Behind it: a struct rcu_head. */
@unmanaged
@final
export class percpu_ref_data {
  count: i32;
  /** Id of the function that runs when count reaches 0: callbacks.ts, percpu_ref_release(). */
  release: u32;
  /** Id in callbacks.ts, percpu_ref_confirm(); not 0 while a switch to atomic mode is under way. */
  confirm_switch: u32;
  /** The ref that this belongs to. */
  ref: u32;
  /** Sticky: stay atomic over kill and reinit. Under the switch lock. */
  force_atomic: bool;
  /** The counters outlive a switch to atomic mode. */
  allow_reinit: bool;
}

export const OFFSETOF_PERCPU_REF_COUNT_PTR: u32 = offsetof<percpu_ref>("percpu_count_ptr");
export const OFFSETOF_PERCPU_REF_DATA: u32 = offsetof<percpu_ref>("data");
export const OFFSETOF_PERCPU_REF_DATA_COUNT: u32 = offsetof<percpu_ref_data>("count");
export const SIZEOF_PERCPU_REF: u32 = offsetof<percpu_ref>();

/** True if the value of percpu_count_ptr says that the rest of it is the counters' offset. */
export function __ref_is_percpu(ptr: u32): bool {
  return (ptr & __PERCPU_REF_ATOMIC_DEAD) === 0;
}

/** percpu_count_ptr, for one decision (P1). */
export function percpu_ref_ptr(ref: percpu_ref): u32 {
  return READ_ONCE(changetype<usize>(ref) + offsetof<percpu_ref>("percpu_count_ptr"));
}

/**
 * percpu_count_ptr for a fast path. A reader of the mode may see an old one until its next quiescent
 * state, and no longer (O1): a plain load is all it takes, and an atomic one costs an alignment check.
 */
export function percpu_ref_mode(ref: percpu_ref): u32 {
  return __READ_ONCE(changetype<usize>(ref) + offsetof<percpu_ref>("percpu_count_ptr"));
}

/** Adds to this CPU's counter. Context: `mode` is the ref's, and per-CPU; in the section that read it. */
export function percpu_ref_this_cpu_add(mode: u32, nr: i32): void {
  const counter = this_cpu_ptr(mode);
  store<i32>(counter, load<i32>(counter) + nr); // plain: this CPU's own (P2)
}

/** Context: initialised and not exited, or it traps. */
export function percpu_ref_data_of(ref: percpu_ref): percpu_ref_data {
  const data = ref.data; // plain: constant while anybody may use the ref
  BUG_ON(data === 0, BUG_PERCPU_REF_NOT_INITIALISED, <u32>changetype<usize>(ref), 0);
  return changetype<percpu_ref_data>(<usize>data);
}

/** Address of the shared count: offset 0 of the data. */
export function percpu_ref_count_of(ref: percpu_ref): usize {
  return changetype<usize>(percpu_ref_data_of(ref));
}

/** What follows the load of percpu_ref_mode() in percpu_ref_try_add_fast(). */
export function percpu_ref_add_at(mode: u32, nr: i32): u32 {
  if (!__ref_is_percpu(mode)) return 0;
  percpu_ref_this_cpu_add(mode, nr);
  return 1;
}

/**
 * Adds `nr` (negative: a put) to this CPU's counter, if the ref is in per-CPU mode.
 *
 * @returns 1 if it did; 0 if nothing happened and a slow path is to decide
 * Context: any; never sleeps. Ordering: none by itself (O1).
 */
export function percpu_ref_try_add_fast(ref: percpu_ref, nr: i32): u32 {
  return percpu_ref_add_at(percpu_ref_mode(ref), nr); // P1: one load
}

/**
 * Takes `nr` references.
 *
 * Context: any; never sleeps; the caller holds one. Ordering: none.
 */
export function percpu_ref_get_many(ref: percpu_ref, nr: u32): void {
  if (percpu_ref_try_add_fast(ref, nr) === 0) percpu_ref_get_slowpath(ref, nr);
}

/** percpu_ref_get_many(ref, 1). */
export function percpu_ref_get(ref: percpu_ref): void {
  percpu_ref_get_many(ref, 1);
}

/** The atomic mode of percpu_ref_get_many(). */
export function percpu_ref_get_slowpath(ref: percpu_ref, nr: u32): void {
  atomic_add(nr, percpu_ref_count_of(ref));
}

/**
 * Takes `nr` references unless there is none left to stand on.
 *
 * @returns true with them held; false once the count has reached 0
 * Context: any; never sleeps. Ordering: full if true and atomic, else none.
 * Note: fails only after the last put. A killed ref with users still gives out references.
 */
export function percpu_ref_tryget_many(ref: percpu_ref, nr: u32): bool {
  return percpu_ref_try_add_fast(ref, nr) !== 0 || percpu_ref_tryget_slowpath(ref, nr);
}

/** percpu_ref_tryget_many(ref, 1). */
export function percpu_ref_tryget(ref: percpu_ref): bool {
  return percpu_ref_tryget_many(ref, 1);
}

/** The atomic mode of percpu_ref_tryget_many(). */
export function percpu_ref_tryget_slowpath(ref: percpu_ref, nr: u32): bool {
  const count = percpu_ref_count_of(ref);
  let old = atomic_read(count);
  while (old !== 0) {
    const seen = atomic_cmpxchg(count, old, old + <i32>nr);
    if (seen === old) return true;
    old = seen;
  }
  return false;
}

/**
 * Takes a reference unless the ref has been killed.
 *
 * @returns true with one reference held; false once this CPU sees DEAD
 * Context: any; never sleeps. Ordering: none by itself; kill()'s grace period orders it (O1).
 * Note: that kill() has returned does not imply that this fails; the confirmation does (P5).
 */
export function percpu_ref_tryget_live(ref: percpu_ref): bool {
  return percpu_ref_try_add_fast(ref, 1) !== 0 || percpu_ref_tryget_live_slowpath(ref);
}

/** What is left of percpu_ref_tryget_live() when the ref was not in per-CPU mode. */
export function percpu_ref_tryget_live_slowpath(ref: percpu_ref): bool {
  if ((percpu_ref_ptr(ref) & __PERCPU_REF_DEAD) !== 0) return false;
  return percpu_ref_tryget_slowpath(ref, 1);
}

/**
 * Drops `nr` references; the last one runs release(), which may free the ref.
 *
 * Context: any; never sleeps. Ordering: full in atomic mode (O2), else none by itself (O1).
 */
export function percpu_ref_put_many(ref: percpu_ref, nr: u32): void {
  if (percpu_ref_try_add_fast(ref, -(<i32>nr)) === 0) percpu_ref_put_many_slowpath(ref, nr);
}

/** percpu_ref_put_many(ref, 1). */
export function percpu_ref_put(ref: percpu_ref): void {
  if (percpu_ref_try_add_fast(ref, -1) === 0) percpu_ref_put_slowpath(ref);
}

/** The atomic mode of percpu_ref_put_many(). */
export function percpu_ref_put_many_slowpath(ref: percpu_ref, nr: u32): void {
  const data = percpu_ref_data_of(ref);
  const release = data.release; // before the subtraction: with the last reference gone, data may go
  const old = atomic_fetch_sub_release(nr, changetype<usize>(data));
  if (old === <i32>nr) percpu_ref_release(release, changetype<usize>(ref));
}

/** The atomic mode of percpu_ref_put(). */
export function percpu_ref_put_slowpath(ref: percpu_ref): void {
  percpu_ref_put_many_slowpath(ref, 1);
}
