// SPDX-License-Identifier: GPL-2.0-only
/**
 * refcount_t — a reference count that sticks instead of wrapping.
 *
 * Source:  include/linux/refcount.h, lib/refcount.c (v6.12).
 *
 * State:   one i32
 *            1 .. INT_MAX            live
 *            0                       dead: nothing may revive it
 *            INT_MIN .. -1           saturated; SATURATED = INT_MIN / 2 is stored, far from both ends
 *
 * Rules:   C1  inc on 0 is a use after free: warns, and saturates.
 *          C2  A count that passes INT_MAX warns and saturates; from then on it never reaches 0: a leak,
 *              which is safer than a free too early.
 *          C3  sub below 0, or of a dead count, warns and saturates.
 *          C4  inc_not_zero fails on 0 and succeeds on a saturated count.
 *          C5  Exactly one sub_and_test() returns true: the one that takes the last reference.
 *          C6  dec() to 0 is a leak: warns and saturates.
 *
 * Ordering: O1  A decrement releases, and the last one also acquires: whoever frees sees what all the
 *               others did. Increments order nothing: the caller already holds what it counts.
 *
 * Cost:    1 RMW; inc_not_zero a compare-exchange loop.
 * Differs: a warning comes at every broken call, not once a call site.
 */
import {
  atomic_cmpxchg,
  atomic_fetch_add,
  atomic_fetch_sub_release,
  atomic_read,
  atomic_set,
} from "../arch/wasm/atomic";
import { LEVEL_WARN, printk } from "../arch/wasm/bug";

export const REFCOUNT_MAX: i32 = i32.MAX_VALUE;
export const REFCOUNT_SATURATED: i32 = i32.MIN_VALUE / 2;

export const WARN_REFCOUNT_SATURATED_LEAKING_MEMORY: u32 = 120;
export const WARN_REFCOUNT_ADDITION_ON_0_USE_AFTER_FREE: u32 = 121;
export const WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE: u32 = 122;
export const WARN_REFCOUNT_DECREMENT_HIT_0_LEAKING_MEMORY: u32 = 123;

function saturate_slowpath(r: usize, code: u32, old: i32): void {
  atomic_set(r, REFCOUNT_SATURATED);
  printk(LEVEL_WARN, code, <u32>r, old);
}

/** Saturates `r` and warns: for callers that do the arithmetic themselves. Context: any. */
export function refcount_warn_saturate(r: usize): void {
  saturate_slowpath(r, WARN_REFCOUNT_SATURATED_LEAKING_MEMORY, atomic_read(r));
}

/** Context: before the object is published. Ordering: none. */
export function refcount_set(r: usize, n: i32): void {
  atomic_set(r, n);
}

export function refcount_read(r: usize): i32 {
  return atomic_read(r);
}

/** Adds `i` references to one that the caller holds. Context: any. Ordering: none. */
export function refcount_add(i: i32, r: usize): void {
  const old = atomic_fetch_add(i, r);
  if (old <= 0 || old > REFCOUNT_MAX - i) refcount_add_slowpath(r, old);
}

function refcount_add_slowpath(r: usize, old: i32): void {
  if (old === 0)
    saturate_slowpath(r, WARN_REFCOUNT_ADDITION_ON_0_USE_AFTER_FREE, old); // C1
  else saturate_slowpath(r, WARN_REFCOUNT_SATURATED_LEAKING_MEMORY, old); // C2
}

/** Takes one more reference than the caller holds. Context: any. Ordering: none. */
export function refcount_inc(r: usize): void {
  refcount_add(1, r);
}

/**
 * Takes a reference unless the last one is gone.
 *
 * @returns true with one reference held; false once the count is 0
 * Context: any; the memory is known to be there still. Ordering: none by itself.
 */
export function refcount_inc_not_zero(r: usize): bool {
  let old = atomic_read(r);
  while (old !== 0) {
    const seen = atomic_cmpxchg(r, old, old + 1);
    if (seen === old) {
      if (old < 0 || old === REFCOUNT_MAX) refcount_add_slowpath(r, old); // C4, C2
      return true;
    }
    old = seen;
  }
  return false;
}

/**
 * Gives up `i` references.
 *
 * @returns true if they were the last ones (C5): the caller frees
 * Context: any. Ordering: release; acquire too if true (O1).
 */
export function refcount_sub_and_test(i: i32, r: usize): bool {
  const old = atomic_fetch_sub_release(i, r);
  if (old === i && i > 0) return true;
  if (old < i) saturate_slowpath(r, WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE, old); // C3
  return false;
}

/** refcount_sub_and_test() of one. */
export function refcount_dec_and_test(r: usize): bool {
  return refcount_sub_and_test(1, r);
}

/** Gives up one of several references that the caller knows of. Context: any. Ordering: release. */
export function refcount_dec(r: usize): void {
  const old = atomic_fetch_sub_release(1, r);
  if (old <= 1) saturate_slowpath(r, WARN_REFCOUNT_DECREMENT_HIT_0_LEAKING_MEMORY, old); // C6
}
