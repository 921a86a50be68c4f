// SPDX-License-Identifier: GPL-2.0-only
/**
 * srcu_fast — as srcu, in the flavour of 2025 whose readers have no barrier; entrants fail.
 *
 * Source:  kernel/rcu/srcu_fast.ts, in the shape of drm_dev_enter(): see srcu.ts.
 *
 * State:   unplugged (u32) in the device: 0, or UNPLUGGED for good; one domain for all devices, at
 *          CXL_MEMDEV_SRCU_FAST; its counts on each CPU.
 * Cost:    enter and exit are two loads and a plain increment of the CPU's own counter. Removal is a
 *          grace period of RCU, idle or not; while it lasts exits are dearer, on all devices.
 * Trade:   as percpu_ref, without a mode to look at; but what it waits for is of all devices.
 * Removal: sets the flag and waits for a grace period of the domain: for each online CPU to report once,
 *          and then for each body inside, of any device, that began before. The last of them wakes it.
 *
 * Ordering: the flag's store before synchronize_srcu_fast() ↔ its load behind that of srcu_ctrp, by O1 and
 *          O4 of kernel/rcu/srcu_fast.ts: a body that removal does not wait for is turned away. The flag's
 *          load may be plain, for that of srcu_ctrp acquires.
 *
 * A token is the offset of the counters, or'ed with the flag, or at exit with whether somebody waits; the
 * cookie is the offset (G3). Who is turned away has counted nothing: F2 holds for the test as well.
 */
import { __READ_ONCE, WRITE_ONCE } from "../arch/wasm/atomic";
import { CXL_MEMDEV_SRCU_FAST } from "../arch/wasm/memory";
import {
  SIZEOF_SRCU_CTRS,
  SIZEOF_SRCU_FAST_STRUCT,
  srcu_fast_count_lock,
  srcu_fast_count_unlock,
  srcu_fast_ctrp,
  srcu_fast_gp_waits,
  srcu_fast_struct,
  srcu_read_unlock_fast_slowpath,
  synchronize_srcu_fast,
} from "../kernel/rcu/srcu_fast";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_GLOBAL,
  BYTES_GLOBAL_PER_CPU,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";

const UNPLUGGED: u32 = 1;
const FLAG: u32 = 1; // beside an offset, which is a multiple of 8

function domain(): srcu_fast_struct {
  return changetype<srcu_fast_struct>(CXL_MEMDEV_SRCU_FAST);
}

@unmanaged
@final
export class srcu_fast_gate {
  unplugged: u32;

  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<srcu_fast_gate>();
    if (where === BYTES_GLOBAL) return SIZEOF_SRCU_FAST_STRUCT;
    return where === BYTES_GLOBAL_PER_CPU ? SIZEOF_SRCU_CTRS : 0;
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
    const scp = srcu_fast_ctrp(domain());
    return scp | __READ_ONCE(changetype<usize>(this)); // in this order: see Ordering
  }

  @inline
  enter_ok(token: u32): bool {
    return (token & FLAG) === 0;
  }

  @inline
  entered(scp: u32): void {
    srcu_fast_count_lock(scp);
  }

  enter_slowpath(_token: u32): u32 {
    return GATE_CLOSED;
  }

  @inline
  exit_fast(scp: u32): u32 {
    return scp | srcu_fast_gp_waits(domain());
  }

  @inline
  exit_ok(token: u32): bool {
    return (token & FLAG) === 0;
  }

  @inline
  exited(scp: u32): void {
    srcu_fast_count_unlock(scp);
  }

  exit_slowpath(token: u32): void {
    srcu_read_unlock_fast_slowpath(domain(), token & ~FLAG);
  }

  kill(slot: usize): void {
    WRITE_ONCE(changetype<usize>(this), UNPLUGGED); // see Ordering
    synchronize_srcu_fast(domain());
    WRITE_ONCE(slot, 0); // nobody is inside, and who comes sees the flag
  }

  destroy(): void {}
}
