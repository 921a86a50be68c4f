// SPDX-License-Identifier: GPL-2.0-only
/**
 * mutex — one mutex in each device, and so one ioctl at a time; entrants sleep.
 *
 * Source:  none of its own: device_lock() around the use, the simplest thing that works.
 *
 * State:   a struct mutex in the device.
 * Cost:    enter and exit are a compare-exchange each on one line: uncontended less than any other lock.
 * Trade:   20 bytes a device. Bodies exclude one another too: it is no slower only where ioctls of one
 *          device do not overlap, or take another mutex anyway, as a mailbox command does.
 *
 * Removal: takes the mutex like everybody else, asking for a handoff when it was woken in vain.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  __mutex_trylock_fast,
  __mutex_unlock_fast,
  mutex,
  mutex_init,
  mutex_lock,
  mutex_lock_slowpath,
  mutex_unlock,
  mutex_unlock_slowpath,
} from "../kernel/locking/mutex";
import { ADMITS_ONE, BODY_MAY_SLEEP, BYTES_EMBEDDED, ENTRANTS_BLOCK } from "./gate";

function lock(gate: mutex_gate): mutex {
  return changetype<mutex>(gate);
}

@unmanaged
@final
export class mutex_gate {
  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? offsetof<mutex>() : 0;
  }

  entrants(): u32 {
    return ENTRANTS_BLOCK;
  }

  body(): u32 {
    return BODY_MAY_SLEEP;
  }

  admits(): u32 {
    return ADMITS_ONE;
  }

  init(): i32 {
    mutex_init(lock(this));
    return 0;
  }

  /** The token is who owned the mutex. */
  @inline
  enter_fast(): u32 {
    return __mutex_trylock_fast(lock(this));
  }

  @inline
  enter_ok(owner: u32): bool {
    return owner === 0;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(_token: u32): u32 {
    mutex_lock_slowpath(lock(this));
    return 0;
  }

  /** The token is what the mutex's word held beside the owner. */
  @inline
  exit_fast(_cookie: u32): u32 {
    return __mutex_unlock_fast(lock(this));
  }

  @inline
  exit_ok(flags: u32): bool {
    return flags === 0;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(_token: u32): void {
    mutex_unlock_slowpath(lock(this));
  }

  kill(slot: usize): void {
    mutex_lock(lock(this));
    WRITE_ONCE(slot, 0); // O2: ordered by the mutex
    mutex_unlock(lock(this));
  }

  destroy(): void {}
}
