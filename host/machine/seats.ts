// SPDX-License-Identifier: GPL-2.0-only
/** How many seats say that somebody is inside a gate: those of gates/seat.ts that all devices share. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { Layouts } from "../abi/layouts.ts";
import type { Lock, LockValues } from "./lock-classes.ts";
import { unitsOf } from "./percpu-parts.ts";

/** Addresses of all seats. */
function* hazardSeats(abi: KernelAbi, view: DataView): Generator<number> {
  for (const unit of unitsOf(abi, view)) {
    for (let nr = 0; nr < abi.constant("HAZARD_SEATS"); nr++) {
      yield unit + abi.constant("PERCPU_HAZARD") + nr * abi.constant("SEAT_BYTES");
    }
  }
}

function* bravoSeats(abi: KernelAbi): Generator<number> {
  for (let slot = 0; slot < abi.constant("BRAVO_SLOTS"); slot++) {
    yield abi.constant("BRAVO_TABLE") + slot * abi.constant("SEAT_BYTES");
  }
}

function countThoseThatSay(view: DataView, gate: number, seats: Iterable<number>): LockValues {
  let count = 0;
  for (const seat of seats) if (view.getUint32(seat, true) === gate) count++;
  return { seats: count };
}

/** "seats" of a lock that has some; a seat says the gate's address. */
export function seatsOf(abi: KernelAbi, view: DataView, layouts: Layouts, lock: Lock): LockValues {
  if (lock.class === "hazard_gate")
    return countThoseThatSay(view, lock.base, hazardSeats(abi, view));
  if (lock.class !== "bravo_bias") return {};
  const gate = lock.base - (layouts.get("rw_semaphore")?.bytes ?? 0); // it begins with the semaphore
  return countThoseThatSay(view, gate, bravoSeats(abi));
}
