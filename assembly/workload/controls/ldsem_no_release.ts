// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: an ldsem whose writer, once its time is up, does not wake the readers that waited for it.
 *
 * Breaks L9 of drivers/tty/tty_ldsem.ts: a reader that queued behind the writer sleeps on while another
 * has the lock, and here that one waits for it. Found under every memory model, as a deadlock. Else as
 * scenarios/ldsem.ts.
 */
import { atomic_add_return_acquire } from "../../arch/wasm/atomic";
import { ETIMEDOUT } from "../../arch/wasm/errno";
import {
  LDSEM_ACTIVE_BIAS,
  LDSEM_ACTIVE_MASK,
  LDSEM_WRITE_BIAS,
  ld_semaphore,
  ldsem_count,
  ldsem_up_write,
  ldsem_wait_lock,
  ldsem_wait_to_write,
} from "../../drivers/tty/tty_ldsem";
import { raw_spin_lock, raw_spin_unlock } from "../../kernel/locking/spinlock";
import { rcu_qs } from "../../kernel/rcu/tree";
import { guarded_write } from "../scenarios/guarded";
import {
  check_ldsem_end,
  check_ldsem_init,
  check_ldsem_meeter,
  check_ldsem_of,
  LIMIT_NS,
} from "../scenarios/ldsem";

/** As check_ldsem_init(). */
export function ldsem_no_release_init(): usize {
  return check_ldsem_init();
}

function down_write(sem: ld_semaphore): bool {
  const count = atomic_add_return_acquire(LDSEM_WRITE_BIAS, ldsem_count(sem));
  if ((count & LDSEM_ACTIVE_MASK) === LDSEM_ACTIVE_BIAS) return true;
  raw_spin_lock(ldsem_wait_lock(sem));
  const locked = ldsem_wait_to_write(sem, count, LIMIT_NS);
  raw_spin_unlock(ldsem_wait_lock(sem)); // wrong: readers may wait, with no writer before them now
  return locked;
}

/** As check_ldsem_timed_writer(), but for the wake-up. */
export function ldsem_no_release_timed_writer(p: usize): i32 {
  let result = -ETIMEDOUT;
  if (down_write(check_ldsem_of(p))) {
    result = guarded_write(p);
    ldsem_up_write(check_ldsem_of(p));
  }
  rcu_qs();
  return result;
}

/** As check_ldsem_meeter(). */
export function ldsem_no_release_meeter(p: usize, who: u32): i32 {
  return check_ldsem_meeter(p, who);
}

/** As check_ldsem_end(). */
export function ldsem_no_release_end(p: usize): i32 {
  return check_ldsem_end(p);
}
