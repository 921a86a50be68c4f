// SPDX-License-Identifier: GPL-2.0-only
/**
 * kref and refcount_t, for check: whoever puts the last reference frees, and nobody comes in after it.
 *
 * Covers C5 and O1 of lib/refcount.ts with two putters and more; C4 with a getter against them. The kref
 * stays in the record when the object goes: a getter may look at it for ever.
 */
import { ENXIO } from "../../arch/wasm/errno";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kref_get, kref_get_unless_zero, kref_init, kref_put, kref_read } from "../../lib/kref";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_use } from "./mortal";
import { SIZEOF_TALLY, tally_add, tally_sum } from "./tally";
import { demand } from "./verdict";

/** (times that somebody had put the last reference, references left) */
export const VIOLATION_KREF_RELEASES: u32 = 740;
/** (uses that the last one sees, references at first) A use of before an earlier put is not seen. */
export const VIOLATION_KREF_USE_NOT_SEEN: u32 = 741;

/** Behind it: a tally of uses. */
@unmanaged
@final
class check_kref {
  kref: u32;
  /** What is counted, constant. */
  object: u32;
  /** References at first. */
  refs: u32;
  /** How often it was freed; plain: the last one's alone. */
  released: u32;
}

const USES: usize = offsetof<check_kref>();
const SIZE: usize = USES + SIZEOF_TALLY;

function kref_of(p: usize): usize {
  return p + offsetof<check_kref>("kref");
}

/**
 * @param refs - references that putters are to put; 1 or more
 * @returns the record, or 0 when there is no memory
 * Context: runs alone. Ordering: none.
 */
export function check_kref_init(refs: u32): usize {
  const p = kzalloc(<u32>SIZE, SLAB_MISC);
  if (p === 0) return 0;
  const c = changetype<check_kref>(p); // plain: nobody else is here yet
  c.object = <u32>mortal_alloc(p);
  c.refs = refs;
  if (c.object === 0) {
    kfree(p);
    return 0;
  }
  kref_init(kref_of(p));
  for (let i: u32 = 1; i < refs; i++) kref_get(kref_of(p));
  return p;
}

/** Uses the object, puts one of the first references, frees if that was the last. @returns 0, or -EIO */
export function check_kref_putter(p: usize): i32 {
  const c = changetype<check_kref>(p); // plain: constant, and the last one's
  let result = mortal_use(c.object, kref_of(p));
  tally_add(p + USES, 1);
  if (kref_put(kref_of(p))) {
    const uses = tally_sum(p + USES);
    result |= demand(uses >= c.refs, VIOLATION_KREF_USE_NOT_SEEN, uses, c.refs);
    c.released++;
    mortal_free(c.object);
  }
  rcu_qs();
  return result;
}

/** Takes a reference if any is left, and goes on as a putter. @returns 0; -ENXIO if none; -EIO */
export function check_kref_getter(p: usize): i32 {
  if (!kref_get_unless_zero(kref_of(p))) return -ENXIO;
  return check_kref_putter(p);
}

/** Freed once, no reference left. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_kref_end(p: usize): i32 {
  const c = changetype<check_kref>(p); // plain: all threads have ended
  const left = kref_read(kref_of(p));
  const well = c.released === 1 && left === 0;
  const result = demand(well, VIOLATION_KREF_RELEASES, c.released, left);
  if (c.released === 0) mortal_free(c.object);
  kfree(p);
  return result;
}
