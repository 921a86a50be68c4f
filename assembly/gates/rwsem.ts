// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem — one reader/writer semaphore for all devices, as in the patch; entrants sleep.
 *
 * Source:  drivers/cxl/mem.c at 5877515912cc: static DECLARE_RWSEM(cxl_memdev_rwsem).
 *
 * State:   none per device; the semaphore is at CXL_MEMDEV_RWSEM.
 * Cost:    enter is an atomic add and a store to the same line, exit an atomic add: one shared line,
 *          written by every ioctl of every device. Removal is a compare-exchange, idle.
 * Trade:   removal of one device waits for the ioctls of all, and while it waits all others queue.
 * Removal: takes the semaphore for writing: sleeps until the bodies inside, of all devices, have
 *          left, woken by the last; who comes meanwhile, to whatever device, sleeps behind it.
 */

import { WRITE_ONCE } from "../arch/wasm/atomic";
import { CXL_MEMDEV_RWSEM } from "../arch/wasm/memory";
import {
  down_write,
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
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_GLOBAL, ENTRANTS_BLOCK } from "./gate";

function sem(): rw_semaphore {
  return changetype<rw_semaphore>(CXL_MEMDEV_RWSEM);
}

@unmanaged
@final
export class rwsem_gate {
  bytes(where: u32): u32 {
    return where === BYTES_GLOBAL ? offsetof<rw_semaphore>() : 0;
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
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return rwsem_read_trylock_add(sem());
  }

  @inline
  enter_ok(count: u32): bool {
    return rwsem_read_acquired(count);
  }

  @inline
  entered(_count: u32): void {
    rwsem_set_reader_owned(sem());
  }

  enter_slowpath(count: u32): u32 {
    rwsem_down_read_slowpath(sem(), count);
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return rwsem_up_read_sub(sem());
  }

  @inline
  exit_ok(count: u32): bool {
    return !rwsem_up_read_wakes(count);
  }

  @inline
  exited(_count: u32): void {}

  exit_slowpath(count: u32): void {
    rwsem_up_read_slowpath(sem(), count);
  }

  kill(slot: usize): void {
    down_write(sem());
    WRITE_ONCE(slot, 0); // O2: ordered by the semaphore
    up_write(sem());
  }

  destroy(): void {}
}
