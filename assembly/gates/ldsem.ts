// SPDX-License-Identifier: GPL-2.0-only
/**
 * ldsem — the tty layer's reader/writer semaphore in each device, writers first; entrants sleep.
 *
 * Source:  drivers/tty/tty_ldsem.c: what keeps a line discipline while a hangup may replace it.
 *
 * State:   a struct ld_semaphore in the device.
 * Cost:    enter and exit are an atomic add each on one shared line, and no owner word beside it.
 *          Removal is an atomic add, idle.
 * Trade:   28 bytes a device. Who comes while a removal waits always sleeps, and nobody spins: as an rwsem
 *          without stealing. Waits can have a limit, which a gate has no use for.
 *
 * Removal: waits on the list of writers, before all readers that wait, for the last of those inside.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  init_ldsem,
  ld_semaphore,
  ldsem_down_read_slowpath,
  ldsem_down_write,
  ldsem_read_acquired,
  ldsem_read_add,
  ldsem_up_read_sub,
  ldsem_up_read_wakes,
  ldsem_up_write,
  ldsem_wake_slowpath,
} from "../drivers/tty/tty_ldsem";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, ENTRANTS_BLOCK } from "./gate";

const FOR_EVER: i64 = -1;

function sem(gate: ldsem_gate): ld_semaphore {
  return changetype<ld_semaphore>(gate);
}

@unmanaged
@final
export class ldsem_gate {
  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? offsetof<ld_semaphore>() : 0;
  }

  entrants(): u32 {
    return ENTRANTS_BLOCK;
  }

  body(): u32 {
    return BODY_MAY_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  init(): i32 {
    init_ldsem(sem(this));
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return ldsem_read_add(sem(this));
  }

  @inline
  enter_ok(count: u32): bool {
    return ldsem_read_acquired(count);
  }

  @inline
  entered(_count: u32): void {}

  enter_slowpath(count: u32): u32 {
    ldsem_down_read_slowpath(sem(this), count, FOR_EVER);
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return ldsem_up_read_sub(sem(this));
  }

  @inline
  exit_ok(count: u32): bool {
    return !ldsem_up_read_wakes(count);
  }

  @inline
  exited(_count: u32): void {}

  exit_slowpath(_count: u32): void {
    ldsem_wake_slowpath(sem(this));
  }

  kill(slot: usize): void {
    ldsem_down_write(sem(this), FOR_EVER);
    WRITE_ONCE(slot, 0); // O2: ordered by the semaphore
    ldsem_up_write(sem(this));
  }

  destroy(): void {}
}
