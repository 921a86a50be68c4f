// SPDX-License-Identifier: GPL-2.0-only
/**
 * kref — a reference count with the usual four calls.
 *
 * Source:  include/linux/kref.h (v6.12). State, rules and cost are refcount_t's: lib/refcount.ts.
 *
 * Differs: kref_put() returns true instead of calling a release function: the caller releases. There
 *          are no function references in the module.
 */
import {
  refcount_dec_and_test,
  refcount_inc,
  refcount_inc_not_zero,
  refcount_read,
  refcount_set,
} from "./refcount";

/** One reference, the caller's. Context: before the object is published. Ordering: none. */
export function kref_init(kref: usize): void {
  refcount_set(kref, 1);
}

export function kref_read(kref: usize): i32 {
  return refcount_read(kref);
}

/** Context: the caller holds a reference. Ordering: none. */
export function kref_get(kref: usize): void {
  refcount_inc(kref);
}

/**
 * @returns true with one reference held; false once the last one is gone
 * Context: any; the memory is known to be there still. Ordering: none by itself.
 */
export function kref_get_unless_zero(kref: usize): bool {
  return refcount_inc_not_zero(kref);
}

/**
 * @returns true if this was the last reference: the caller releases the object
 * Context: the caller gives up its reference. Ordering: release; acquire too if true.
 */
export function kref_put(kref: usize): bool {
  return refcount_dec_and_test(kref);
}
