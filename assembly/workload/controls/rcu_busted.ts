// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: a grace period that does not wait, as RCU_TORTURE_BUSTED in workload/rcutorture.ts.
 *
 * Breaks Q3 of kernel/rcu/qsbr.ts. Found under every memory model: a use after free, or a data race
 * between a reader's look and the free. Else as scenarios/qsbr.ts.
 */
import { ENOMEM } from "../../arch/wasm/errno";
import { mortal_alloc, mortal_free } from "../scenarios/mortal";
import {
  check_qsbr_end,
  check_qsbr_init,
  check_qsbr_reader,
  check_qsbr_replace,
} from "../scenarios/qsbr";

/** As check_qsbr_init(). */
export function rcu_busted_init(): usize {
  return check_qsbr_init();
}

/** As check_qsbr_reader(). */
export function rcu_busted_reader(p: usize, n: u32): i32 {
  return check_qsbr_reader(p, n);
}

/** Replaces the object `n` times. @returns 0, or -ENOMEM. Context: never sleeps. */
export function rcu_busted_updater(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const object = mortal_alloc(p);
    if (object === 0) return -ENOMEM;
    const old = check_qsbr_replace(p, object);
    if (old !== 0) mortal_free(old); // wrong: no synchronize_rcu()
  }
  return 0;
}

/** As check_qsbr_end(). */
export function rcu_busted_end(p: usize): i32 {
  return check_qsbr_end(p);
}
