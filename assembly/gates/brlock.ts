// SPDX-License-Identifier: GPL-2.0-only
/**
 * brlock — a flag on each CPU's own line, and a writer's word that all read; entrants fail.
 *
 * Source:  the idea of br_read_lock() in include/linux/lglock.h, which Linux had until v4.8: a reader takes
 *          what is its CPU's, a writer what is every CPU's. There it was a spinlock a CPU, and nobody
 *          slept inside.
 *
 * State:   writer (u32) in the device: 1 once the removal began. On each CPU a seat (seat.ts), which says
 *           31  30                     0
 *          ├ D ┼─ entries of this CPU ─┤   D: all are out, for good
 * Cost:    enter counts by an exchange on the CPU's own line, then loads the writer's word; exit is an
 *          exchange. No shared line is written. An exchange, and not an add, which some engines make a
 *          loop of: nobody else writes the count.
 * Trade:   two locked operations on a line that is always there, where percpu_ref has none; no grace
 *          period at removal, but a line of every CPU to look at.
 * Removal: stores the writer's word, then waits for one CPU after the other until its count is 0: for this
 *          device's entries alone. It sleeps, and the exit that finds its mark wakes it. Who comes
 *          meanwhile is turned away at once, for the device will not come back.
 *
 * Ordering: the flag's exchange, then the load of writer ↔ the store of writer, a full barrier, then the
 *          load of the flag: a remover that misses an entry is seen by it. O1: seat.ts, O3.
 * Differs: an entry ends on the CPU that it began on. In the kernel preemption would be off between the
 *          load of the count and the exchange.
 */
import { __READ_ONCE, READ_ONCE, smp_store_mb, WRITE_ONCE } from "../arch/wasm/atomic";
import { ENOMEM } from "../arch/wasm/errno";
import { boot } from "../arch/wasm/memory";
import { per_cpu_ptr, this_cpu_ptr } from "../arch/wasm/percpu";
import { alloc_percpu, free_percpu } from "../mm/percpu";
import {
  ADMITS_MANY,
  BODY_MAY_SLEEP,
  BYTES_EMBEDDED,
  BYTES_PER_CPU,
  ENTRANTS_FAIL,
  GATE_CLOSED,
} from "./gate";
import { SEAT_BYTES, seat_await_change, seat_say, seat_says, seat_wake } from "./seat";

const WRITER: u32 = 1; // no task's address has this bit: one token holds both
const DRAINED: u32 = 0x80000000;

@unmanaged
@final
export class brlock_gate {
  writer: u32;
  /** Offset of the CPUs' flags in their units. */
  flags: u32;

  bytes(where: u32): u32 {
    if (where === BYTES_EMBEDDED) return offsetof<brlock_gate>();
    return where === BYTES_PER_CPU ? SEAT_BYTES : 0;
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
    this.writer = 0; // plain: not published yet, as is the next
    this.flags = <u32>alloc_percpu(SEAT_BYTES);
    return this.flags === 0 ? -ENOMEM : 0;
  }

  /** The token: whom to wake, and whether there is a writer. */
  @inline
  enter_fast(): u32 {
    const flag = this_cpu_ptr(this.flags); // plain: constant since init
    const sleeper = seat_say(flag, __READ_ONCE(flag) + 1);
    return sleeper | READ_ONCE(writer_of(this));
  }

  @inline
  enter_ok(token: u32): bool {
    return token === 0;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(token: u32): u32 {
    const flag = this_cpu_ptr(this.flags);
    const left = __READ_ONCE(flag) - 1;
    seat_wake(token & ~WRITER);
    // For good: who comes again and again would else be counted each time that the remover looks.
    seat_wake(seat_say(flag, left === 0 ? DRAINED : left));
    return GATE_CLOSED;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    const flag = this_cpu_ptr(this.flags);
    return seat_say(flag, __READ_ONCE(flag) - 1);
  }

  @inline
  exit_ok(sleeper: u32): bool {
    return sleeper === 0;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(sleeper: u32): void {
    seat_wake(sleeper);
  }

  kill(slot: usize): void {
    smp_store_mb(writer_of(this), WRITER);
    const ncpus = boot().ncpus;
    for (let cpu: u32 = 0; cpu < ncpus; cpu++) drain(per_cpu_ptr(this.flags, cpu));
    WRITE_ONCE(slot, 0);
  }

  destroy(): void {
    free_percpu(this.flags, SEAT_BYTES);
  }
}

function writer_of(gate: brlock_gate): usize {
  return changetype<usize>(gate) + offsetof<brlock_gate>("writer");
}

/** Waits until nobody is inside on the CPU that has this flag. */
function drain(flag: usize): void {
  for (;;) {
    const says = seat_says(flag);
    if (says === 0 || (says & DRAINED) !== 0) return;
    seat_await_change(flag, says);
  }
}
