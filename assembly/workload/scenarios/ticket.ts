// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ticket lock, for check: sections over a guarded pair, in the order of the tickets.
 *
 * Covers T1 to T4 and O1 of kernel/locking/ticket_spinlock.ts, P1 of spin_wait.ts; P2 where
 * boot_info.spin_limit is not 0. The pair counts the sections: who draws ticket n must find n there.
 */
import {
  arch_spin_await,
  arch_spin_draw,
  arch_spin_is_locked,
  arch_spin_unlock,
  arch_spinlock,
  SIZEOF_ARCH_SPINLOCK,
} from "../../kernel/locking/ticket_spinlock";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { guarded_end, guarded_updates, guarded_write, SIZEOF_GUARDED } from "./guarded";
import { VIOLATION_QUEUE_NOT_EMPTY } from "./qrwlock";
import { demand } from "./verdict";

/** (ticket, sections before it) */
export const VIOLATION_TICKET_OUT_OF_TURN: u32 = 707;

function lock_of(p: usize): arch_spinlock {
  return changetype<arch_spinlock>(p + SIZEOF_GUARDED);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_ticket_init(): usize {
  return kzalloc(<u32>SIZEOF_GUARDED + SIZEOF_ARCH_SPINLOCK, SLAB_MISC);
}

/** `n` sections. @returns 0, or -EIO. Context: spins. Ordering: the lock's. */
export function check_ticket_locker(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    const ticket = arch_spin_draw(lock_of(p));
    arch_spin_await(lock_of(p), ticket);
    const before = guarded_updates(p);
    result |= demand(before === ticket, VIOLATION_TICKET_OUT_OF_TURN, ticket, before);
    result |= guarded_write(p);
    arch_spin_unlock(lock_of(p));
    rcu_qs();
  }
  return result;
}

/** No update is lost, the lock is free. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_ticket_end(p: usize): i32 {
  const free = !arch_spin_is_locked(lock_of(p));
  const at = <u32>p + <u32>SIZEOF_GUARDED;
  const result = guarded_end(p) | demand(free, VIOLATION_QUEUE_NOT_EMPTY, at, 0);
  kfree(p);
  return result;
}
