// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem_per_device — the rwsem of the patch, but one in each device; entrants sleep.
 *
 * Source:  none in the tree; what S6 of the patch's review asks for: the same lock, embedded.
 *
 * State:   a struct rw_semaphore in the device.
 * Cost:    as rwsem, but the line is shared only by the ioctls of one device.
 * Trade:   24 bytes a device, and devices no longer wait for one another.
 * Removal: takes the semaphore for writing: sleeps until the bodies inside have left, woken by the
 *          last; who comes meanwhile sleeps behind it. Other devices do not notice.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  down_write,
  init_rwsem,
  rw_semaphore,
  rwsem_down_read_slowpath,
  rwsem_read_acquired,
  rwsem_read_trylock_add,
  rwsem_set_reader_owned,
  rwsem_up_read_slowpath,
  rwsem_up_read_sub,
  rwsem_up_read_wakes,
  up_write,
} from "../kernel/locking/rwsem";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, ENTRANTS_BLOCK } from "./gate";

function sem(gate: rwsem_per_device_gate): rw_semaphore {
  return changetype<rw_semaphore>(gate);
}

@unmanaged
@final
export class rwsem_per_device_gate {
  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? offsetof<rw_semaphore>() : 0;
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
    init_rwsem(sem(this));
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return rwsem_read_trylock_add(sem(this));
  }

  @inline
  enter_ok(count: u32): bool {
    return rwsem_read_acquired(count);
  }

  @inline
  entered(_count: u32): void {
    rwsem_set_reader_owned(sem(this));
  }

  enter_slowpath(count: u32): u32 {
    rwsem_down_read_slowpath(sem(this), count);
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return rwsem_up_read_sub(sem(this));
  }

  @inline
  exit_ok(count: u32): bool {
    return !rwsem_up_read_wakes(count);
  }

  @inline
  exited(_count: u32): void {}

  exit_slowpath(count: u32): void {
    rwsem_up_read_slowpath(sem(this), count);
  }

  kill(slot: usize): void {
    down_write(sem(this));
    WRITE_ONCE(slot, 0); // O2: ordered by the semaphore
    up_write(sem(this));
  }

  destroy(): void {}
}
