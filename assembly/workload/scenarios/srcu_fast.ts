// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU-fast, for check: readers of a pointer, in sections that they may sleep in, against those who replace
 * what it points to.
 *
 * Covers of kernel/rcu/srcu_fast.ts: F1 to F4 and O1 to O4 with readers and an updater; F5 and O5 with a
 * synchronizer beside the updater, or with a second updater.
 */
import { READ_ONCE, xchg } from "../../arch/wasm/atomic";
import { ENOMEM } from "../../arch/wasm/errno";
import {
  init_static_srcu_fast,
  SIZEOF_SRCU_CTRS,
  SIZEOF_SRCU_FAST_STRUCT,
  srcu_fast_struct,
  srcu_read_lock_fast,
  srcu_read_unlock_fast,
  synchronize_srcu_fast,
} from "../../kernel/rcu/srcu_fast";
import { rcu_qs } from "../../kernel/rcu/tree";
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
}

const DOMAIN: usize = offsetof<check_srcu_fast>();

function pointer_of(p: usize): usize {
  return p + offsetof<check_srcu_fast>("pointer");
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

/** @returns 0. Context: runs alone, at the end. */
export function check_srcu_fast_end(p: usize): i32 {
  const record = changetype<check_srcu_fast>(p); // plain: all threads have ended
  free_percpu(record.counters, 2 * SIZEOF_SRCU_CTRS);
  if (record.pointer !== 0) mortal_free(record.pointer);
  kfree(p);
  return 0;
}
