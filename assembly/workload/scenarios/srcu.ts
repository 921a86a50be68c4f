// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU, for check: readers of a pointer, in sections that they may sleep in, against those who replace
 * what it points to.
 *
 * Covers of kernel/rcu/srcu.ts: S1, S2, S6, O1, O2 and O4 with readers and an updater; S3 with an updater of
 * two; S4 with readers that come twice, and with an opener and a closer: without the flip that is a deadlock;
 * S5 with those, and with a synchronizer beside the updater, or with a second updater; O3 with a follower and
 * a publisher.
 */
import { atomic_cmpxchg, READ_ONCE, smp_store_release, xchg } from "../../arch/wasm/atomic";
import { EBUSY, ENOMEM } from "../../arch/wasm/errno";
import {
  cleanup_srcu_struct,
  init_srcu_struct,
  OFFSETOF_SRCU_STRUCT_SRCU_GP_SEQ,
  SIZEOF_SRCU_STRUCT,
  SRCU_STATE_SCAN2,
  srcu_read_lock,
  srcu_read_unlock,
  srcu_struct,
  synchronize_srcu,
} from "../../kernel/rcu/srcu";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_use } from "./mortal";

/** Behind it: the domain. */
@unmanaged
@final
class check_srcu {
  /** The object. */
  pointer: u32;
  /** SECTION_OPEN once the opener has left its section to the closer; SECTION_CLOSED: the closer was there. */
  section: u32;
  /** That section: what it is to be ended with, and what it has found. */
  idx: u32;
  object: u32;
}

const DOMAIN: usize = offsetof<check_srcu>();
const SECTION_OPEN: u32 = 1;
const SECTION_CLOSED: u32 = 2;

function pointer_of(p: usize): usize {
  return p + offsetof<check_srcu>("pointer");
}

function section_of(p: usize): usize {
  return p + offsetof<check_srcu>("section");
}

function domain_of(p: usize): srcu_struct {
  return changetype<srcu_struct>(p + DOMAIN);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_srcu_init(): usize {
  const p = kzalloc(<u32>DOMAIN + SIZEOF_SRCU_STRUCT, SLAB_MISC);
  if (p === 0) return 0;
  const object = mortal_alloc(p);
  changetype<check_srcu>(p).pointer = <u32>object; // plain: nobody else is here yet
  if (object !== 0 && init_srcu_struct(domain_of(p)) === 0) return p;
  if (object !== 0) mortal_free(object);
  kfree(p);
  return 0;
}

/** `n` sections, each with what a sleep would be to RCU in it. @returns 0, or -EIO */
export function check_srcu_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    const idx = srcu_read_lock(domain_of(p));
    const object = <usize>READ_ONCE(pointer_of(p));
    rcu_qs(); // it ends no section of SRCU
    result |= mortal_use(object, pointer_of(p));
    srcu_read_unlock(domain_of(p), idx);
  }
  return result;
}

/** Replaces the object `n` times. @returns 0, or -ENOMEM. Context: sleeps. */
export function check_srcu_updater(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const object = mortal_alloc(p);
    if (object === 0) return -ENOMEM;
    const old = xchg(pointer_of(p), <u32>object);
    synchronize_srcu(domain_of(p));
    mortal_free(old);
  }
  return 0;
}

/** Asks for `n` grace periods, for nothing: an updater to share with. @returns 0. Context: sleeps. */
export function check_srcu_synchronizer(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) synchronize_srcu(domain_of(p));
  return 0;
}

/**
 * An updater that publishes by a store which is no barrier, as rcu_assign_pointer() is.
 *
 * @returns 0, or -ENOMEM
 * Context: sleeps; offline, as a report to RCU would be that barrier.
 */
export function check_srcu_publisher(p: usize): i32 {
  const object = mortal_alloc(p);
  if (object === 0) return -ENOMEM;
  const old = READ_ONCE(pointer_of(p)); // nobody else replaces it
  smp_store_release(pointer_of(p), <u32>object);
  synchronize_srcu(domain_of(p));
  mortal_free(old);
  return 0;
}

/** A reader behind a grace period of its own, which the publisher may share. @returns 0, or -EIO */
export function check_srcu_follower(p: usize): i32 {
  synchronize_srcu(domain_of(p));
  return check_srcu_reader(p, 1);
}

/**
 * Begins a section if the closer's grace period is past its flip and so must not wait for it (S4), leaves it to
 * the closer, and replaces the object by a grace period that must (S5).
 *
 * @returns 0; -EBUSY when it came too early or too late; -ENOMEM. Context: sleeps.
 */
export function check_srcu_opener(p: usize): i32 {
  const seq = READ_ONCE(p + DOMAIN + OFFSETOF_SRCU_STRUCT_SRCU_GP_SEQ);
  if ((seq & 3) !== SRCU_STATE_SCAN2) return -EBUSY;
  const idx = srcu_read_lock(domain_of(p));
  const c = changetype<check_srcu>(p); // plain: the section's word orders them
  c.idx = idx;
  c.object = READ_ONCE(pointer_of(p));
  if (atomic_cmpxchg(section_of(p), 0, SECTION_OPEN) === 0) return check_srcu_updater(p, 1);
  srcu_read_unlock(domain_of(p), idx);
  return -EBUSY;
}

/** Waits for a grace period, then uses what the opener's section found, and ends it. @returns 0, or -EIO */
export function check_srcu_closer(p: usize): i32 {
  synchronize_srcu(domain_of(p));
  if (xchg(section_of(p), SECTION_CLOSED) !== SECTION_OPEN) return 0;
  const c = changetype<check_srcu>(p); // plain: the section's word orders them
  const result = mortal_use(c.object, pointer_of(p));
  srcu_read_unlock(domain_of(p), c.idx);
  return result;
}

/** @returns 0. Context: runs alone, at the end; warns of a section that is open. */
export function check_srcu_end(p: usize): i32 {
  cleanup_srcu_struct(domain_of(p));
  mortal_free(changetype<check_srcu>(p).pointer); // plain: all threads have ended
  kfree(p);
  return 0;
}
