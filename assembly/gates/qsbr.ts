// SPDX-License-Identifier: GPL-2.0-only
/**
 * qsbr — the bare pointer and a grace period of RCU: the lower bound; entrants fail.
 *
 * Source:  Documentation/RCU/whatisRCU.rst (v6.12): rcu_dereference() and synchronize_rcu(), as a
 *          non-preemptible kernel has them. Grace periods: kernel/rcu/qsbr.ts.
 *
 * State:   none but the pointer.
 * Cost:    enter and exit are nothing: a body lies between two quiescent states of its CPU. Removal is a
 *          grace period, idle or not.
 * Trade:   a body must neither sleep nor report a quiescent state, and whatever keeps one CPU from
 *          reporting keeps every removal waiting.
 * Removal: clears the pointer, so that who comes from then on finds none, then waits for a grace period:
 *          for each online CPU to report once, whether it is in a body or not, of whatever device.
 *
 * Ordering: the pointer's store before synchronize_rcu() ↔ its load in a body, by O1 and O3 of
 *          kernel/rcu/qsbr.ts: a body that the grace period does not wait for reads 0.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import { synchronize_rcu } from "../kernel/rcu/tree";
import { ADMITS_MANY, BODY_MAY_NOT_SLEEP, ENTRANTS_FAIL } from "./gate";

@unmanaged
@final
export class qsbr_gate {
  bytes(_where: u32): u32 {
    return 0;
  }

  entrants(): u32 {
    return ENTRANTS_FAIL;
  }

  body(): u32 {
    return BODY_MAY_NOT_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  init(): i32 {
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return 0;
  }

  @inline
  enter_ok(_token: u32): bool {
    return true;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(_token: u32): u32 {
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return 0;
  }

  @inline
  exit_ok(_token: u32): bool {
    return true;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(_token: u32): void {}

  kill(slot: usize): void {
    WRITE_ONCE(slot, 0); // see Ordering
    synchronize_rcu();
  }

  destroy(): void {}
}
