// SPDX-License-Identifier: GPL-2.0-only
/**
 * srcu — one SRCU domain for all devices and an unplugged flag in each, as DRM has it; entrants fail.
 *
 * Source:  drivers/gpu/drm/drm_drv.c (v6.12): drm_dev_enter(), drm_dev_exit(), drm_dev_unplug(), with the
 *          static domain drm_unplug_srcu. Here it is the domain of drivers/cxl, at CXL_MEMDEV_SRCU, which
 *          the revision srcu has as well.
 *
 * State:   unplugged (u32) in the device: 0, or UNPLUGGED for good; the domain; its counts on each CPU.
 * Cost:    enter and exit each add to the CPU's own line by an atomic operation, the full barrier of
 *          SRCU: no shared line is written. Removal is a grace period of the domain, idle or not.
 * Trade:   nobody waits for a removal; it waits for the bodies of all devices that began before it.
 * Removal: sets the flag, so that who comes from then on is turned away, then waits for a grace period:
 *          for each body inside, of any device, and for no later one. The last of them wakes it.
 *
 * Ordering: the flag's store before synchronize_srcu() ↔ its load behind the lock's RMW, by O1 of
 *          kernel/rcu/srcu.ts: a section that the grace period does not wait for sees the flag.
 *
 * A token is the index of the section, or'ed with the flag; the cookie is the index (G3).
 */
import { __READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { CXL_MEMDEV_SRCU } from "../arch/wasm/memory";
import {
  __srcu_read_unlock,
  SIZEOF_SRCU_DATA,
  SIZEOF_SRCU_STRUCT,
  srcu_read_lock,
  srcu_read_unlock,
  srcu_struct,
  srcu_wake_slowpath,
  synchronize_srcu,
} from "../kernel/rcu/srcu";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_GLOBAL,
  BYTES_GLOBAL_PER_CPU,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";

const UNPLUGGED: u32 = 2; // beside the index, which is 0 or 1
const INDEX: u32 = 1;

function domain(): srcu_struct {
  return changetype<srcu_struct>(CXL_MEMDEV_SRCU);
}

@unmanaged
@final
export class srcu_gate {
  unplugged: u32;

  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<srcu_gate>();
    if (where === BYTES_GLOBAL) return SIZEOF_SRCU_STRUCT;
    return where === BYTES_GLOBAL_PER_CPU ? SIZEOF_SRCU_DATA : 0;
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
    this.unplugged = 0; // plain: not published yet
    return 0;
  }

  @inline
  enter_fast(): u32 {
    const idx = srcu_read_lock(domain());
    return idx | __READ_ONCE(changetype<usize>(this)); // see Ordering
  }

  @inline
  enter_ok(token: u32): bool {
    return token < UNPLUGGED;
  }

  @inline
  entered(_idx: u32): void {}

  enter_slowpath(token: u32): u32 {
    srcu_read_unlock(domain(), token & INDEX);
    return GATE_CLOSED;
  }

  @inline
  exit_fast(idx: u32): u32 {
    return __srcu_read_unlock(domain(), idx);
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

  kill(slot: usize): void {
    WRITE_ONCE(changetype<usize>(this), UNPLUGGED); // see Ordering
    synchronize_srcu(domain());
    WRITE_ONCE(slot, 0); // nobody is inside, and who comes sees the flag
  }

  destroy(): void {}
}
