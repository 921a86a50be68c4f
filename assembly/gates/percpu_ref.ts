// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref — a per-CPU reference count and a completion, as before the patch; entrants fail.
 *
 * Source:  drivers/cxl/mem.c at b39cb1052a5c: ops_active and ops_dead.
 *
 * State:   a struct percpu_ref and a struct completion in the device, a counter on each CPU.
 * Cost:    enter and exit each load the mode word and add to the CPU's own counter: no shared line
 *          is written. Removal is a grace period, idle or not, and an allocation at init.
 * Trade:   what an ioctl saves, removal pays.
 * Removal: marks the reference dead and waits for a grace period, for each online CPU to report
 *          once; then sleeps until the bodies inside have left, woken by the last.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  complete,
  completion,
  init_completion,
  wait_for_completion,
} from "../kernel/sched/completion";
import {
  __ref_is_percpu,
  PERCPU_REF_COUNTER_BYTES,
  PERCPU_REF_DATA_BYTES,
  percpu_ref,
  percpu_ref_exit,
  percpu_ref_init,
  percpu_ref_kill,
  percpu_ref_mode,
  percpu_ref_put_slowpath,
  percpu_ref_this_cpu_add,
  percpu_ref_tryget_live_slowpath,
} from "../lib/percpu-refcount";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_HEAP,
  BYTES_PER_CPU,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";

/** percpu_ref release id, dispatched in callbacks.ts to percpu_ref_gate_release(). */
export const PERCPU_REF_RELEASE_GATE: u32 = 1;

@unmanaged
@final
export class percpu_ref_gate {
  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<percpu_ref>() + offsetof<completion>();
    if (where === BYTES_HEAP) return PERCPU_REF_DATA_BYTES;
    return where === BYTES_PER_CPU ? PERCPU_REF_COUNTER_BYTES : 0;
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
    init_completion(ops_dead(ops_active(this)));
    return percpu_ref_init(ops_active(this), PERCPU_REF_RELEASE_GATE, 0);
  }

  /** The token is the mode word: one test of it decides, and the cookie is not looked at. */
  @inline
  enter_fast(): u32 {
    return percpu_ref_mode(ops_active(this));
  }

  @inline
  enter_ok(mode: u32): bool {
    return __ref_is_percpu(mode);
  }

  @inline
  entered(mode: u32): void {
    percpu_ref_this_cpu_add(mode, 1);
  }

  enter_slowpath(_mode: u32): u32 {
    return percpu_ref_tryget_live_slowpath(ops_active(this)) ? 0 : GATE_CLOSED;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return percpu_ref_mode(ops_active(this));
  }

  @inline
  exit_ok(mode: u32): bool {
    return __ref_is_percpu(mode);
  }

  @inline
  exited(mode: u32): void {
    percpu_ref_this_cpu_add(mode, -1);
  }

  exit_slowpath(_mode: u32): void {
    percpu_ref_put_slowpath(ops_active(this));
  }

  kill(slot: usize): void {
    percpu_ref_kill(ops_active(this));
    wait_for_completion(ops_dead(ops_active(this)));
    WRITE_ONCE(slot, 0);
  }

  destroy(): void {
    percpu_ref_exit(ops_active(this));
  }
}

function ops_active(gate: percpu_ref_gate): percpu_ref {
  return changetype<percpu_ref>(gate);
}

function ops_dead(ref: percpu_ref): completion {
  return changetype<completion>(changetype<usize>(ref) + offsetof<percpu_ref>());
}

/** The last reference is gone. Context: any, atomic: does not sleep. */
export function percpu_ref_gate_release(ref: percpu_ref): void {
  complete(ops_dead(ref));
}
