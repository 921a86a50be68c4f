// SPDX-License-Identifier: GPL-2.0-only
/**
 * ida — gives out the lowest free number of a range.
 *
 * Source:  lib/idr.c (v6.12), the ida half, for the contract. The kernel's is an XArray of bitmaps that
 *          grows; this one is a bitmap of a size set at init.
 *
 * State:   bitmap, a bit an id: 1 in use. hint: every word before it is full.
 *
 * Rules:   I1  ida_alloc_range() returns the lowest id of [low, high] that is free.
 *          I2  An id is not given out again before it was freed.
 *          I3  -ENOSPC, and nothing else, says that the range is full; -ENOMEM comes from fault
 *              injection alone: the bitmap is there already.
 *          I4  Freeing an id that is not in use warns and changes nothing.
 *
 * Cost:    one lock; a scan from the hint, one word a 32 ids.
 * Not modelled: growing, idr (ids with pointers), cyclic allocation.
 */
import { WARN_ON } from "../arch/wasm/bug";
import { ENOMEM, ENOSPC } from "../arch/wasm/errno";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";
import { FAULT_IDA, should_fail } from "./fault-inject";

/** (ida, id) */
export const WARN_IDA_FREE_OF_AN_UNUSED_ID: u32 = 230;
/** (ida, ids in use) */
export const WARN_IDA_DESTROY_WITH_IDS_IN_USE: u32 = 231;

const WORD_BITS: u32 = 32;
const WORD_FULL: u32 = 0xffffffff;

/** All fields under `lock`, once published. */
@unmanaged
@final
export class ida {
  lock: u32;
  bitmap: u32;
  /** Ids are 0 to max_ids - 1. */
  max_ids: u32;
  count: u32;
  hint: u32;
  /** 1: the bitmap is to be freed by ida_destroy(). */
  owned: u32;
}

export const SIZEOF_IDA: u32 = offsetof<ida>();

/** Bytes of a bitmap for `max_ids` ids. */
export function ida_bitmap_bytes(max_ids: u32): u32 {
  return ((max_ids + WORD_BITS - 1) / WORD_BITS) << 2;
}

/**
 * Makes an empty ida.
 *
 * @param bitmap - ida_bitmap_bytes(max_ids) bytes of zeroes; 0: allocated here
 * @param max_ids - ids from 0 on, at least 1
 * @returns 0, or -ENOMEM when the bitmap cannot be had
 * Context: any; never sleeps. Ordering: none: publish it.
 */
export function ida_init(p: usize, bitmap: usize, max_ids: u32): i32 {
  const ids = changetype<ida>(p); // plain, as all of init: not published yet
  ids.lock = 0;
  ids.max_ids = max_ids;
  ids.count = 0;
  ids.hint = 0;
  ids.owned = bitmap === 0 ? 1 : 0;
  ids.bitmap = <u32>(bitmap !== 0 ? bitmap : kzalloc(ida_bitmap_bytes(max_ids), SLAB_MISC));
  return ids.bitmap !== 0 ? 0 : -ENOMEM;
}

/** Warns if ids are in use, and frees the bitmap. Context: nobody uses the ida. Ordering: none. */
export function ida_destroy(p: usize): void {
  const ids = changetype<ida>(p); // plain: nobody else uses it
  WARN_ON(ids.count !== 0, WARN_IDA_DESTROY_WITH_IDS_IN_USE, <u32>p, ids.count);
  if (ids.owned !== 0) kfree(ids.bitmap);
  ids.bitmap = 0;
}

function word_of(ids: ida, word: u32): usize {
  return <usize>ids.bitmap + ((<usize>word) << 2); // plain, as all of the bitmap: under the lock
}

/** The lowest free id in [low, high], or -1. Context: lock held. */
function lowest_free(ids: ida, low: u32, high: u32): i32 {
  const first = low / WORD_BITS;
  const last = high / WORD_BITS;
  for (let word = max<u32>(ids.hint, first); word <= last; word++) {
    let used = load<u32>(word_of(ids, word));
    if (word === ids.hint && used === WORD_FULL) ids.hint++;
    if (word === first) used |= (1 << (low % WORD_BITS)) - 1;
    if (used === WORD_FULL) continue;
    const id = word * WORD_BITS + ctz<u32>(~used);
    return id <= high ? <i32>id : -1;
  }
  return -1;
}

/**
 * Allocates the lowest free id between `low` and `high`, both included.
 *
 * @returns the id; -ENOSPC when all are in use or the range is empty; -ENOMEM by fault injection
 * Context: any; never sleeps but for the lock. Ordering: none.
 */
export function ida_alloc_range(p: usize, low: u32, high: u32): i32 {
  const ids = changetype<ida>(p);
  if (should_fail(FAULT_IDA)) return -ENOMEM;
  const top = min<u32>(high, ids.max_ids - 1); // plain: constant since init
  if (low > top) return -ENOSPC;
  raw_spin_lock(p);
  const id = lowest_free(ids, low, top);
  if (id >= 0) {
    const word = word_of(ids, <u32>id / WORD_BITS);
    store<u32>(word, load<u32>(word) | (1 << (<u32>id % WORD_BITS)));
    ids.count++;
  }
  raw_spin_unlock(p);
  return id >= 0 ? id : -ENOSPC;
}

/**
 * Gives an id back.
 *
 * Context: any; never sleeps but for the lock. Ordering: none.
 */
export function ida_free(p: usize, id: u32): void {
  const ids = changetype<ida>(p);
  raw_spin_lock(p);
  const bit: u32 = 1 << (id % WORD_BITS);
  const word = word_of(ids, id / WORD_BITS);
  const used = id < ids.max_ids && (load<u32>(word) & bit) !== 0;
  if (used) {
    store<u32>(word, load<u32>(word) & ~bit);
    ids.count--;
    ids.hint = min<u32>(ids.hint, id / WORD_BITS);
  }
  raw_spin_unlock(p);
  WARN_ON(!used, WARN_IDA_FREE_OF_AN_UNUSED_ID, <u32>p, id);
}

/** Ids in use: a machine at rest without devices has 0. Context: any. Ordering: none. */
export function ida_count(p: usize): u32 {
  raw_spin_lock(p);
  const count = changetype<ida>(p).count;
  raw_spin_unlock(p);
  return count;
}
