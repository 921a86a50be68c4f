// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU-fast, for check: readers of a pointer, in sections that they may sleep in, against those who replace
 * what it points to.
 *
 * Covers of kernel/rcu/srcu_fast.ts: F1 to F4 and O1 to O4 with readers and an updater; F4 with an opener and a
 * closer: without the flip that is a deadlock; F5 with those, and with a synchronizer beside the updater, or
 * with a second updater; O5 with a follower and a publisher.
 */
import { atomic_cmpxchg, READ_ONCE, smp_store_release, xchg } from "../../arch/wasm/atomic";
import { EBUSY, ENOMEM } from "../../arch/wasm/errno";
import {
  init_static_srcu_fast,
  SIZEOF_SRCU_CTRS,
  SIZEOF_SRCU_FAST_STRUCT,
  srcu_fast_struct,
  srcu_read_lock_fast,
  srcu_read_unlock_fast,
  synchronize_srcu_fast,
} from "../../kernel/rcu/srcu_fast";
import { rcu_need_qs, rcu_qs } from "../../kernel/rcu/tree";
import { alloc_percpu, free_percpu } from "../../mm/percpu";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_use } from "./mortal";

/** Behind it: the domain. */
@unmanaged
@final
class check_srcu_fast {
  /** The object. */
  pointer: u32;
  /** What alloc_percpu() returned: room for counters that are aligned. */
  counters: u32;
  /** SECTION_OPEN once the opener has left its section to the closer; SECTION_CLOSED: the closer was there. */
  section: u32;
  /** That section: what it is to be ended with, and what it has found. */
  scp: u32;
  object: u32;
}

const DOMAIN: usize = offsetof<check_srcu_fast>();
const SECTION_OPEN: u32 = 1;
const SECTION_CLOSED: u32 = 2;

function pointer_of(p: usize): usize {
  return p + offsetof<check_srcu_fast>("pointer");
}

function section_of(p: usize): usize {
  return p + offsetof<check_srcu_fast>("section");
}

function domain_of(p: usize): srcu_fast_struct {
  return changetype<srcu_fast_struct>(p + DOMAIN);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_srcu_fast_init(): usize {
  const p = kzalloc(<u32>DOMAIN + SIZEOF_SRCU_FAST_STRUCT, SLAB_MISC);
  if (p === 0) return 0;
  const object = mortal_alloc(p);
  const counters = alloc_percpu(2 * SIZEOF_SRCU_CTRS);
  const record = changetype<check_srcu_fast>(p); // plain: nobody else is here yet
  record.pointer = <u32>object;
  record.counters = <u32>counters;
  const aligned = (counters + SIZEOF_SRCU_CTRS - 1) & ~(<usize>SIZEOF_SRCU_CTRS - 1);
  init_static_srcu_fast(domain_of(p), aligned);
  if (object !== 0 && counters !== 0) return p;
  check_srcu_fast_end(p);
  return 0;
}

/** `n` sections, each with what a sleep would be to RCU in it. @returns 0, or -EIO */
export function check_srcu_fast_reader(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    const scp = srcu_read_lock_fast(domain_of(p));
    const object = <usize>READ_ONCE(pointer_of(p));
    rcu_qs(); // it ends no section of SRCU
    result |= mortal_use(object, pointer_of(p));
    srcu_read_unlock_fast(domain_of(p), scp);
  }
  return result;
}

/** Replaces the object `n` times. @returns 0, or -ENOMEM. Context: sleeps. */
export function check_srcu_fast_updater(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const object = mortal_alloc(p);
    if (object === 0) return -ENOMEM;
    const old = xchg(pointer_of(p), <u32>object);
    synchronize_srcu_fast(domain_of(p));
    mortal_free(old);
  }
  return 0;
}

/** Asks for `n` grace periods, for nothing: an updater to share with. @returns 0. Context: sleeps. */
export function check_srcu_fast_synchronizer(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) synchronize_srcu_fast(domain_of(p));
  return 0;
}

/**
 * An updater that publishes by a store which is no barrier, as rcu_assign_pointer() is.
 *
 * @returns 0, or -ENOMEM
 * Context: sleeps; offline, as a report to RCU would be that barrier.
 */
export function check_srcu_fast_publisher(p: usize): i32 {
  const object = mortal_alloc(p);
  if (object === 0) return -ENOMEM;
  const old = READ_ONCE(pointer_of(p)); // nobody else replaces it
  smp_store_release(pointer_of(p), <u32>object);
  synchronize_srcu_fast(domain_of(p));
  mortal_free(old);
  return 0;
}

/** A reader behind a grace period of its own, which the publisher may share. @returns 0, or -EIO */
export function check_srcu_fast_follower(p: usize): i32 {
  synchronize_srcu_fast(domain_of(p));
  return check_srcu_fast_reader(p, 1);
}

/**
 * Begins a section if the closer's grace period is past its flip and so must not wait for it (F4), leaves it to
 * the closer, and replaces the object by a grace period that must (F5). The flip lies before the only grace
 * period of RCU that there is (F3): it is over once that one waits for this CPU.
 *
 * @returns 0; -EBUSY when it came too early or too late; -ENOMEM. Context: sleeps.
 */
export function check_srcu_fast_opener(p: usize): i32 {
  if (!rcu_need_qs()) return -EBUSY;
  const scp = srcu_read_lock_fast(domain_of(p));
  const record = changetype<check_srcu_fast>(p); // plain: the section's word orders them
  record.scp = scp;
  record.object = READ_ONCE(pointer_of(p));
  if (atomic_cmpxchg(section_of(p), 0, SECTION_OPEN) === 0) return check_srcu_fast_updater(p, 1);
  srcu_read_unlock_fast(domain_of(p), scp);
  return -EBUSY;
}

/** Waits for a grace period, then uses what the opener's section found, and ends it. @returns 0, or -EIO */
export function check_srcu_fast_closer(p: usize): i32 {
  synchronize_srcu_fast(domain_of(p));
  if (xchg(section_of(p), SECTION_CLOSED) !== SECTION_OPEN) return 0;
  const record = changetype<check_srcu_fast>(p); // plain: the section's word orders them
  const result = mortal_use(record.object, pointer_of(p));
  srcu_read_unlock_fast(domain_of(p), record.scp);
  return result;
}

/** @returns 0. Context: runs alone, at the end. */
export function check_srcu_fast_end(p: usize): i32 {
  const record = changetype<check_srcu_fast>(p); // plain: all threads have ended
  free_percpu(record.counters, 2 * SIZEOF_SRCU_CTRS);
  if (record.pointer !== 0) mortal_free(record.pointer);
  kfree(p);
  return 0;
}
