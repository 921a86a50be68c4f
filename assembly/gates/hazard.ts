// SPDX-License-Identifier: GPL-2.0-only
/**
 * hazard — hazard pointers: each CPU says which gate it is inside of, on its own line; entrants fail.
 *
 * Source:  Michael, "Hazard pointers: safe memory reclamation for lock-free objects", 2004; what is
 *          protected is the gate itself, and with it the pointer behind it.
 *
 * State:   state (u32) in the device
 *            31                       8 7                  0
 *           ├─ guests without a seat ───┼─ CPU + 1 of who  ──┤   0: alive
 *                                         removes it
 *          HAZARD_SEATS seats (seat.ts) on each CPU for all devices: 0, or the gate's address
 * Cost:    enter looks whether the CPU's first seat is free, says the gate's address there by an exchange,
 *          and loads the gate's state; exit is an exchange. No shared line is written, and a device
 *          takes a word.
 * Trade:   as brlock, with nothing a device and CPU; but a removal looks at every seat of every CPU, and
 *          who is inside more often than there are seats counts on a line that all share.
 * Removal: marks the gate as dying, then waits for each seat that says its address: for this device's
 *          entries alone. It sleeps, and the exit that finds its mark wakes it. Who comes meanwhile is
 *          turned away at once.
 *
 * Ordering: the seat's exchange, then the load of state ↔ the add to state, a full barrier, then the load of
 *          the seat: a remover that misses an entry is seen by it. O1: seat.ts, O3; without a seat by the
 *          count's RMW.
 * Differs: a seat holds until it is given up, and not until a scan finds it gone. An entry ends on the CPU
 *          that it began on.
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_cmpxchg,
  atomic_fetch_sub_release,
  atomic_read,
  READ_ONCE,
  WRITE_ONCE,
} from "../arch/wasm/atomic";
import { boot } from "../arch/wasm/memory";
import {
  PERCPU_HAZARD,
  per_cpu_base,
  per_cpu_ptr,
  smp_processor_id,
  this_cpu_ptr,
} from "../arch/wasm/percpu";
import {
  end_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  WAIT_GATE,
} from "../kernel/sched/core";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_GLOBAL_PER_CPU,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";
import { SEAT_BYTES, seat_await_change, seat_say, seat_says, seat_wake } from "./seat";

export const HAZARD_SEATS: u32 = 4; // of each CPU

const REMOVER: u32 = 0xff;
const GUEST_BIAS: u32 = 0x100;
const FIRST_SEAT_TAKEN: u32 = 0xff; // as enter_fast()'s token: there is no such CPU
const NO_SEAT: u32 = 1; // as exit_fast()'s token: no task's address

@unmanaged
@final
export class hazard_gate {
  state: u32;

  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<hazard_gate>();
    return where === BYTES_GLOBAL_PER_CPU ? HAZARD_SEATS * SEAT_BYTES : 0;
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
    this.state = 0; // plain: not published yet
    return 0;
  }

  /** The token is the gate's state; the cookie the number of the seat: 0 for who gets in at once. */
  @inline
  enter_fast(): u32 {
    const seat = this_cpu_ptr(PERCPU_HAZARD);
    if (__READ_ONCE(seat) !== 0) return FIRST_SEAT_TAKEN;
    seat_say(seat, <u32>changetype<usize>(this)); // free: nobody sleeps for it
    return READ_ONCE(state_of(this));
  }

  @inline
  enter_ok(state: u32): bool {
    return state === 0;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(token: u32): u32 {
    let nr: u32 = 0;
    let state = token;
    if (token === FIRST_SEAT_TAKEN) {
      nr = free_seat();
      if (nr === HAZARD_SEATS) return enter_without_seat(state_of(this));
      seat_say(my_seat(nr), <u32>changetype<usize>(this));
      state = READ_ONCE(state_of(this));
    }
    if ((state & REMOVER) === 0) return nr;
    seat_wake(seat_say(my_seat(nr), 0));
    return GATE_CLOSED;
  }

  @inline
  exit_fast(cookie: u32): u32 {
    if (cookie === HAZARD_SEATS) return NO_SEAT;
    return seat_say(my_seat(cookie), 0);
  }

  @inline
  exit_ok(sleeper: u32): bool {
    return sleeper === 0;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(sleeper: u32): void {
    if (sleeper === NO_SEAT) exit_without_seat(state_of(this));
    else seat_wake(sleeper);
  }

  kill(slot: usize): void {
    const says = <u32>changetype<usize>(this);
    atomic_add(smp_processor_id() + 1, state_of(this));
    const ncpus = boot().ncpus;
    for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
      for (let nr: u32 = 0; nr < HAZARD_SEATS; nr++) {
        const seat = seat_at(per_cpu_ptr(PERCPU_HAZARD, cpu), nr);
        if (seat_says(seat) === says) seat_await_change(seat, says);
      }
    }
    await_seatless(state_of(this));
    WRITE_ONCE(slot, 0);
  }

  destroy(): void {}
}

function state_of(gate: hazard_gate): usize {
  return changetype<usize>(gate) + offsetof<hazard_gate>("state");
}

function seat_at(seats: usize, nr: u32): usize {
  return seats + <usize>nr * SEAT_BYTES;
}

function my_seat(nr: u32): usize {
  return seat_at(this_cpu_ptr(PERCPU_HAZARD), nr);
}

/** Number of a free seat of this CPU; HAZARD_SEATS when there is none. */
function free_seat(): u32 {
  let nr: u32 = 1; // the first is taken
  while (nr < HAZARD_SEATS && __READ_ONCE(my_seat(nr)) !== 0) nr++;
  return nr;
}

/** Counts an entry of a CPU whose seats are all taken, unless the gate is dying. */
function enter_without_seat(state: usize): u32 {
  let old = <u32>atomic_read(state);
  while ((old & REMOVER) === 0) {
    const seen = <u32>atomic_cmpxchg(state, old, old + GUEST_BIAS);
    if (seen === old) return HAZARD_SEATS;
    old = seen;
  }
  return GATE_CLOSED;
}

/** The remover is named by the word that it waits for: nothing of the gate is touched after that. */
function exit_without_seat(state: usize): void {
  const remover = <u32>atomic_fetch_sub_release(GUEST_BIAS, state) & REMOVER;
  if (remover !== 0) seat_wake(<u32>per_cpu_base(remover - 1));
}

/** Sleeps until nobody is inside without a seat. */
function await_seatless(state: usize): void {
  if (<u32>atomic_read(state) < GUEST_BIAS) return;
  for (;;) {
    set_wait(WAIT_GATE, state);
    set_current_state(TASK_SLEEPING); // pairs with exit_without_seat(): count, then wake-up
    if (<u32>atomic_read(state) < GUEST_BIAS) break;
    schedule();
  }
  end_wait();
}
