// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: a lock that does nothing, as TORTURE_LOCK_BUSTED in workload/locktorture.ts.
 *
 * Breaks what every lock promises: R1, M1, L1. Found under every memory model, as a data race on the
 * guarded pair; between its plain accesses nobody is let in, so no update is lost. Else as
 * scenarios/spinlock.ts.
 */
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { guarded_end, guarded_write, SIZEOF_GUARDED } from "../scenarios/guarded";

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function lock_busted_init(): usize {
  return kzalloc(<u32>SIZEOF_GUARDED, SLAB_MISC);
}

/** `n` sections. @returns 0, or -EIO. Context: never sleeps. Ordering: none: wrong. */
export function lock_busted_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    result |= guarded_write(p); // wrong: nothing keeps others out
    rcu_qs();
  }
  return result;
}

/** As check_spinlock_end(). */
export function lock_busted_end(p: usize): i32 {
  const result = guarded_end(p);
  kfree(p);
  return result;
}
