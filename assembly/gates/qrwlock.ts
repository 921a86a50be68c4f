// SPDX-License-Identifier: GPL-2.0-only
/**
 * qrwlock — the kernel's rwlock_t in each device, with a queue for who has to wait; entrants spin.
 *
 * Source:  include/asm-generic/qrwlock.h, kernel/locking/qrwlock.c: read_lock() around the use.
 *
 * State:   a struct qrwlock in the device.
 * Cost:    enter and exit are an atomic add each on one shared line. Removal is a compare-exchange, idle.
 * Trade:   12 bytes a device, and nobody is ever put to sleep or woken. So a body must not sleep: all who
 *          wait would burn their CPUs for as long. An ioctl copies from and to user memory, which sleeps.
 *
 * Removal: spins, first in the queue or behind those who are, until those inside have left.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import {
  QRWLOCK_BYTES,
  qrwlock,
  qrwlock_init,
  queued_read_acquired,
  queued_read_add,
  queued_read_lock_slowpath,
  queued_read_unlock,
  queued_write_lock,
  queued_write_unlock,
} from "../kernel/locking/qrwlock";
import { ADMITS_MANY, BODY_MAY_NOT_SLEEP, BYTES_EMBEDDED, ENTRANTS_SPIN } from "./gate";

function lock(gate: qrwlock_gate): qrwlock {
  return changetype<qrwlock>(gate);
}

@unmanaged
@final
export class qrwlock_gate {
  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? QRWLOCK_BYTES : 0;
  }

  entrants(): u32 {
    return ENTRANTS_SPIN;
  }

  body(): u32 {
    return BODY_MAY_NOT_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  init(): i32 {
    qrwlock_init(lock(this));
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return queued_read_add(lock(this));
  }

  @inline
  enter_ok(cnts: u32): bool {
    return queued_read_acquired(cnts);
  }

  @inline
  entered(_cnts: u32): void {}

  enter_slowpath(_cnts: u32): u32 {
    queued_read_lock_slowpath(lock(this));
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    queued_read_unlock(lock(this));
    return 0;
  }

  @inline
  exit_ok(_token: u32): bool {
    return true; // who waits looks by itself
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(_token: u32): void {}

  kill(slot: usize): void {
    queued_write_lock(lock(this));
    WRITE_ONCE(slot, 0); // O2: ordered by the lock
    queued_write_unlock(lock(this));
  }

  destroy(): void {}
}
