// SPDX-License-Identifier: GPL-2.0-only
/**
 * refcount — inc-not-zero on one reference count, and a completion; entrants fail.
 *
 * Source:  the shape of debugfs_file_get() and of the review's "easiest scheme": lib/refcount.c with
 *          kernel/sched/completion.c.
 *
 * State:   refcount_t (u32): 1 while the device lives, plus 1 for each ioctl inside; 0 for good once
 *          the device is gone and the last one left. dying (u32): 1 once the removal began, as debugfs
 *          has it from d_unlinked(): while others are inside the count alone turns nobody away, and who
 *          comes often enough would keep the remover out for ever. Behind them a struct completion.
 * Cost:    enter is a load and a compare-exchange loop, exit an atomic subtract: one shared line a
 *          device. Removal is a store and a subtract, plus a wait if somebody is inside.
 * Trade:   exact and immediate, without a grace period; contended it is worse than an rwsem's add.
 * Removal: sets dying and drops its own reference: sleeps until the bodies inside have left, woken
 *          by the last.
 */
import {
  __READ_ONCE,
  atomic_cmpxchg,
  atomic_fetch_sub_release,
  WRITE_ONCE,
} from "../arch/wasm/atomic";
import {
  complete,
  completion,
  init_completion,
  wait_for_completion,
} from "../kernel/sched/completion";
import {
  refcount_dec_and_test,
  refcount_inc_not_zero,
  refcount_set,
  refcount_warn_saturate,
} from "../lib/refcount";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, ENTRANTS_FAIL, GATE_CLOSED } from "./gate";

@unmanaged
@final
export class refcount_gate {
  active_users: i32;
  dying: u32;

  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? offsetof<refcount_gate>() + offsetof<completion>() : 0;
  }

  entrants(): u32 {
    return ENTRANTS_FAIL;
  }

  body(): u32 {
    return BODY_MAY_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  init(): i32 {
    refcount_set(changetype<usize>(this), 1);
    this.dying = 0; // plain: not published yet
    init_completion(drained(this));
    return 0;
  }

  /** The token is the count that was found: 0 when the device is going, negative when saturated. */
  @inline
  enter_fast(): u32 {
    // A stale 0 lets in one more, whom kill() waits for.
    if (__READ_ONCE(changetype<usize>(this) + offsetof<refcount_gate>("dying")) !== 0) return 0;
    const users = changetype<usize>(this);
    let old = <i32>__READ_ONCE(users); // where it is old, the exchange fails
    if (old <= 0) return old;
    // The first attempt is not in the loop: at one, a baseline compiler puts all that it has into the frame.
    let seen = atomic_cmpxchg(users, old, old + 1);
    if (seen === old) return seen;
    while (seen > 0) {
      old = seen;
      seen = atomic_cmpxchg(users, old, old + 1);
      if (seen === old) break;
    }
    return seen;
  }

  @inline
  enter_ok(old: u32): bool {
    return old - 1 < <u32>i32.MAX_VALUE - 1; // above 0, below saturation: one comparison
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(old: u32): u32 {
    if (old === 0) return GATE_CLOSED;
    return refcount_inc_not_zero(changetype<usize>(this)) ? 0 : GATE_CLOSED;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return atomic_fetch_sub_release(1, changetype<usize>(this));
  }

  @inline
  exit_ok(old: u32): bool {
    return <i32>old > 1;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(old: u32): void {
    if (old === 1) complete(drained(this));
    else refcount_warn_saturate(changetype<usize>(this));
  }

  kill(slot: usize): void {
    WRITE_ONCE(changetype<usize>(this) + offsetof<refcount_gate>("dying"), 1);
    if (!refcount_dec_and_test(changetype<usize>(this))) wait_for_completion(drained(this));
    WRITE_ONCE(slot, 0);
  }

  destroy(): void {}
}

function drained(gate: refcount_gate): completion {
  return changetype<completion>(changetype<usize>(gate) + offsetof<refcount_gate>());
}
