// SPDX-License-Identifier: GPL-2.0-only
/**
 * revocable — the pointer itself is revoked, behind an SRCU domain in each device; entrants fail.
 *
 * Source:  drivers/base/revocable.c of the revocable series (2025 and 2026), as it was redesigned: struct
 *          revocable, the provider, is embedded, and struct revocable_handle, with the index, is of one
 *          entry. workload/controls/revocable_v1.ts and _v2.ts are what it was redesigned for.
 *
 * State:   struct srcu_struct in the device, its counts on each CPU; the revocable's pointer is the one that
 *          the gate protects. The cookie is the handle: the index of the section (G3).
 * Cost:    as srcu, less the load of a flag; the domain is found through the device, not at an address that
 *          is known. An allocation on each CPU at init.
 * Trade:   as srcu, but a removal waits for the bodies of its own device alone.
 * Removal: clears the pointer, so that who comes from then on is inside and finds none, then waits for a
 *          grace period of the device's domain: for each body inside that began before. The last wakes it.
 *
 * Ordering: the pointer's store before synchronize_srcu() ↔ its load behind the lock's RMW, by O1 of
 *          kernel/rcu/srcu.ts: a section that the grace period does not wait for finds 0.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  __srcu_read_unlock,
  cleanup_srcu_struct,
  init_srcu_struct,
  SIZEOF_SRCU_DATA,
  SIZEOF_SRCU_STRUCT,
  srcu_read_lock,
  srcu_struct,
  srcu_wake_slowpath,
  synchronize_srcu,
} from "../kernel/rcu/srcu";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, BYTES_PER_CPU, ENTRANTS_FAIL } from "./gate";

function domain(gate: revocable_gate): srcu_struct {
  return changetype<srcu_struct>(gate);
}

@unmanaged
@final
export class revocable_gate {
  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return SIZEOF_SRCU_STRUCT;
    return where === BYTES_PER_CPU ? SIZEOF_SRCU_DATA : 0;
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
    return init_srcu_struct(domain(this));
  }

  /** revocable_try_access(): inside in any case; the caller looks at the pointer. */
  @inline
  enter_fast(): u32 {
    return srcu_read_lock(domain(this));
  }

  @inline
  enter_ok(_idx: u32): bool {
    return true;
  }

  @inline
  entered(_idx: u32): void {}

  enter_slowpath(idx: u32): u32 {
    return idx;
  }

  /** revocable_withdraw_access() */
  @inline
  exit_fast(idx: u32): u32 {
    return __srcu_read_unlock(domain(this), idx);
  }

  @inline
  exit_ok(sleepers: u32): bool {
    return sleepers === 0;
  }

  @inline
  exited(_sleepers: u32): void {}

  exit_slowpath(_sleepers: u32): void {
    srcu_wake_slowpath();
  }

  /** revocable_revoke() */
  kill(slot: usize): void {
    WRITE_ONCE(slot, 0); // see Ordering
    synchronize_srcu(domain(this));
  }

  destroy(): void {
    cleanup_srcu_struct(domain(this));
  }
}
