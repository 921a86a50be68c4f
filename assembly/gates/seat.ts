// SPDX-License-Identifier: GPL-2.0-only
/**
 * A seat: a word in which a reader says what it is inside of, and a remover that it sleeps until the
 * reader says something else. brlock, hazard and bravo are made of seats.
 *
 * State:   a u64
 *            63                       32 31                       0
 *           ├─ task that sleeps, or 0 ──┼─ what the reader says ───┤
 *
 *          The lower half is written by one reader at a time; of the upper half it only ever takes out
 *          what it finds. A remover writes the upper half, and only while the lower says what it read
 *          there. So one exchange says something new and learns whether somebody sleeps: a wake-up takes
 *          no second word, no barrier between two words, and nothing of the device that was left.
 *
 * Rules:   T1  seat_say() takes the sleeper's mark out together with what was said, and returns it: whoever
 *              takes it out wakes the sleeper.
 *          T2  seat_await_change() returns once the seat has said something else than `says`, be it only
 *              for a moment: its mark is gone then. One that says `says` again does not hold it up.
 *
 * Ordering: O3  seat_say() ↔ seat_await_change()'s load of it, or its compare-exchange that fails: all that
 *               the reader did before is visible to the remover.
 *           O4  the remover stores its mark, announces its sleep, and looks for the mark; the reader takes
 *               the mark, then looks for the announcement. All are full barriers: one sees the other.
 *
 * Cost:    seat_say() is one exchange. A wait: boot_info.spin_limit looks, then a sleep, offline for RCU.
 */
import { atomic64_cmpxchg, READ_ONCE64, xchg64 } from "../arch/wasm/atomic";
import { boot } from "../arch/wasm/memory";
import {
  current,
  end_wait,
  need_resched,
  resume_wait,
  schedule,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  task_struct,
  WAIT_GATE,
  wake_up_process,
} from "../kernel/sched/core";

export const SEAT_BYTES: u32 = 8;
const TASK_SHIFT: u64 = 32;

/**
 * Says `what`, from here on.
 *
 * @returns whom seat_wake() is to wake: 0 for nobody
 * Context: the seat's reader; never sleeps. Ordering: full (O3, O4).
 */
export function seat_say(seat: usize, what: u32): u32 {
  return <u32>(xchg64(seat, <u64>what) >>> TASK_SHIFT);
}

/** Says `what` if the seat says nothing. @returns whether it does. Context, Ordering: as seat_say(). */
export function seat_take(seat: usize, what: u32): bool {
  return atomic64_cmpxchg(seat, 0, <u64>what) === 0;
}

/** What a seat says. Context: any. Ordering: acquire (O3). */
export function seat_says(seat: usize): u32 {
  return <u32>READ_ONCE64(seat);
}

/** Wakes who sleeps, if anybody does. @param task - from seat_say() (T1). Context: any; never sleeps. */
export function seat_wake(task: u32): void {
  if (task !== 0) wake_up_process(changetype<task_struct>(<usize>task));
}

/** Sleeps until the mark is gone, if the seat says `says` still. */
function seat_sleep(seat: usize, says: u32): void {
  const mark = ((<u64>changetype<usize>(current())) << TASK_SHIFT) | <u64>says;
  if (atomic64_cmpxchg(seat, <u64>says, mark) !== <u64>says) return;
  const since = set_wait(WAIT_GATE, seat);
  for (;;) {
    set_current_state(TASK_SLEEPING); // O4
    if (READ_ONCE64(seat) !== mark) break; // T2
    schedule();
    resume_wait(WAIT_GATE, seat, since);
  }
  end_wait();
}

/**
 * Returns once `seat` has said something else than `says` (T2).
 *
 * Context: sleeps; one remover at a time waits for what a seat says. Ordering: acquire (O3).
 */
export function seat_await_change(seat: usize, says: u32): void {
  for (let polls = boot().spin_limit; polls !== 0; polls--) {
    if (seat_says(seat) !== says) return;
    if (need_resched()) break;
  }
  seat_sleep(seat, says);
}
