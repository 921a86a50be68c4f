// SPDX-License-Identifier: GPL-2.0-only
/**
 * kernfs_active — an active count, made negative by removal, as sysfs files have it; entrants fail.
 *
 * Source:  fs/kernfs/dir.c: what brackets every show and store of a sysfs attribute.
 *
 * State:   one word in the device: who is inside, plus KN_DEACTIVATED_BIAS once it goes. The queue of
 *          those who wait for some device is the root's, at KERNFS_ROOT.
 * Cost:    enter is a load and a compare-exchange loop, exit an atomic subtract: one shared line a
 *          device. Removal is an atomic add, plus a wait if somebody is inside.
 * Trade:   4 bytes a device, no flag beside the count; but the last one out wakes the removers of all
 *          devices, each to look at its own count.
 *
 * Removal: waits on the root's queue for the last of those inside.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  KN_DEACTIVATED_BIAS,
  kernfs_deactivate,
  kernfs_drain,
  kernfs_init_node,
  kernfs_node,
  kernfs_put_active_slowpath,
  kernfs_put_active_sub,
} from "../fs/kernfs/dir";
import { wait_queue_head } from "../kernel/sched/wait";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_GLOBAL,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";

function node(gate: kernfs_active_gate): kernfs_node {
  return changetype<kernfs_node>(gate);
}

@unmanaged
@final
export class kernfs_active_gate {
  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<kernfs_node>();
    return where === BYTES_GLOBAL ? offsetof<wait_queue_head>() : 0;
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
    kernfs_init_node(node(this));
    return 0;
  }

  /** The token is the count that was found: negative once the device goes. */
  @inline
  enter_fast(): u32 {
    return node(this).get_active();
  }

  @inline
  enter_ok(active: u32): bool {
    return <i32>active >= 0;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(_active: u32): u32 {
    return GATE_CLOSED;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return kernfs_put_active_sub(node(this));
  }

  @inline
  exit_ok(active: u32): bool {
    return <i32>active !== KN_DEACTIVATED_BIAS;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(_active: u32): void {
    kernfs_put_active_slowpath();
  }

  kill(slot: usize): void {
    kernfs_deactivate(node(this));
    kernfs_drain(node(this));
    WRITE_ONCE(slot, 0); // nobody reads it any more: whoever comes is turned away
  }

  destroy(): void {}
}
