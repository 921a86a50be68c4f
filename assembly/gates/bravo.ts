// SPDX-License-Identifier: GPL-2.0-only
/**
 * bravo — an rwsem in each device, whose readers pass it by through a table of those inside; entrants sleep.
 *
 * Source:  Dice, Kogan, "BRAVO: biased locking for reader-writer locks", 2019.
 *
 * State:   a struct rw_semaphore and rbias (u32) in the device: 1 while readers may pass the semaphore by.
 *          BRAVO_SLOTS seats (seat.ts) for all devices and CPUs at BRAVO_TABLE: 0, or the gate's address.
 * Cost:    enter finds a seat by the CPU and the gate, and says the gate's address there by a
 *          compare-exchange, then looks at rbias again; exit is an exchange. Seats of one gate are on lines
 *          of their own; those of two may meet. Who finds its seat taken goes through the semaphore.
 * Trade:   the semaphore's manners, and its sharing only at removal, which looks at the whole table: the
 *          smaller the table, the more often seats meet. The semaphore is each device's own: one for all
 *          would take the bias from every device whenever one is removed, which is what the table is for.
 * Removal: takes the semaphore, then the bias, then waits for each seat that says this gate's address: for
 *          this device's entries alone. It sleeps, where the paper spins, and the exit that finds its mark
 *          wakes it. Who comes meanwhile sleeps on the semaphore, and finds the pointer 0.
 *
 * Ordering: the seat's compare-exchange, then the load of rbias ↔ the store of rbias, a full barrier, then
 *          the load of the seat: a remover that misses an entry is seen by it. O1: seat.ts, O3.
 * Differs: the bias is there from the start, and is not set again: a device is removed once. So there is no
 *          time during which it is inhibited. An entry may end on another CPU: the cookie is the seat.
 */
import { __READ_ONCE, READ_ONCE, smp_store_mb, WRITE_ONCE } from "../arch/wasm/atomic";
import { BRAVO_TABLE } from "../arch/wasm/memory";
import { smp_processor_id } from "../arch/wasm/percpu";
import {
  down_read,
  down_write,
  init_rwsem,
  rw_semaphore,
  up_read,
  up_write,
} from "../kernel/locking/rwsem";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, BYTES_GLOBAL, ENTRANTS_BLOCK } from "./gate";
import { SEAT_BYTES, seat_await_change, seat_say, seat_says, seat_take, seat_wake } from "./seat";

export const BRAVO_SLOTS: u32 = 2048;
const SLOTS_A_LINE: u32 = 8;
const GOLDEN_RATIO_32: u32 = 0x61c88647;

const BY_SEMAPHORE: u32 = 1; // as a cookie, and as a token: no seat's address, nor a task's
const REVOKED: u32 = 2; // in enter_fast()'s token, beside a seat's address

/** Behind a struct rw_semaphore. */
@unmanaged
@final
class bravo_bias {
  rbias: u32;
}

const BIAS: usize = offsetof<rw_semaphore>();

@unmanaged
@final
export class bravo_gate {
  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return <u32>(BIAS + offsetof<bravo_bias>());
    return where === BYTES_GLOBAL ? BRAVO_SLOTS * SEAT_BYTES : 0;
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
    WRITE_ONCE(bias_of(this), 1);
    return 0;
  }

  /** The token is a seat's address, or says that there is more to do. */
  @inline
  enter_fast(): u32 {
    const seat = seat_of(this);
    if (__READ_ONCE(bias_of(this)) !== 0) {
      if (seat_take(seat, name_of(this))) {
        return <u32>seat | (REVOKED - READ_ONCE(bias_of(this)) * REVOKED); // the bias is 0 or 1
      }
    }
    return BY_SEMAPHORE;
  }

  @inline
  enter_ok(token: u32): bool {
    return (token & (BY_SEMAPHORE | REVOKED)) === 0;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(token: u32): u32 {
    if (token !== BY_SEMAPHORE) seat_wake(seat_say(<usize>(token & ~REVOKED), 0));
    down_read(sem(this));
    return BY_SEMAPHORE;
  }

  @inline
  exit_fast(cookie: u32): u32 {
    if (cookie === BY_SEMAPHORE) return BY_SEMAPHORE;
    return seat_say(<usize>cookie, 0);
  }

  @inline
  exit_ok(sleeper: u32): bool {
    return sleeper === 0;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(sleeper: u32): void {
    if (sleeper === BY_SEMAPHORE) up_read(sem(this));
    else seat_wake(sleeper);
  }

  kill(slot: usize): void {
    const says = name_of(this);
    down_write(sem(this));
    smp_store_mb(bias_of(this), 0);
    for (let i: u32 = 0; i < BRAVO_SLOTS; i++) {
      const seat = BRAVO_TABLE + <usize>i * SEAT_BYTES;
      if (seat_says(seat) === says) seat_await_change(seat, says);
    }
    WRITE_ONCE(slot, 0); // O2: ordered by the semaphore
    up_write(sem(this));
  }

  destroy(): void {}
}

function sem(gate: bravo_gate): rw_semaphore {
  return changetype<rw_semaphore>(gate);
}

function bias_of(gate: bravo_gate): usize {
  return changetype<usize>(gate) + BIAS;
}

function name_of(gate: bravo_gate): u32 {
  return <u32>changetype<usize>(gate);
}

/** Where this CPU says that it is inside: each CPU on a line of its own, each gate at a place of its own. */
function seat_of(gate: bravo_gate): usize {
  const hash = (name_of(gate) * GOLDEN_RATIO_32) >>> 16;
  const slot = (hash + smp_processor_id() * SLOTS_A_LINE) & (BRAVO_SLOTS - 1);
  return BRAVO_TABLE + <usize>slot * SEAT_BYTES;
}
