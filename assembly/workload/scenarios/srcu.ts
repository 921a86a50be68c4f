// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU, for check: readers of a pointer, in sections that they may sleep in, against those who replace
 * what it points to.
 *
 * Covers of kernel/rcu/srcu.ts: S1 to S4, S6, O1, O2 and O4 with readers and an updater; S4 with readers
 * that come twice; S5 and O3 with a synchronizer beside the updater, or with a second updater.
 */
import { READ_ONCE, xchg } from "../../arch/wasm/atomic";
import { ENOMEM } from "../../arch/wasm/errno";
import {
  cleanup_srcu_struct,
  init_srcu_struct,
  SIZEOF_SRCU_STRUCT,
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
}

const DOMAIN: usize = offsetof<check_srcu>();

function pointer_of(p: usize): usize {
  return p + offsetof<check_srcu>("pointer");
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

/** @returns 0. Context: runs alone, at the end; warns of a section that is open. */
export function check_srcu_end(p: usize): i32 {
  cleanup_srcu_struct(domain_of(p));
  mortal_free(changetype<check_srcu>(p).pointer); // plain: all threads have ended
  kfree(p);
  return 0;
}
