// SPDX-License-Identifier: GPL-2.0-only
/**
 * completion, for check: those who complete and those who wait; one of the waiters frees it.
 *
 * Covers C1 and C2 of kernel/sched/completion.ts with completers and waiters for as many; C3 and C4 with
 * an all_completer and two waiters; O1 with one publisher, alone to complete, and a subscriber; C5 with
 * one publisher of one and a freer; C6 with a completer and a timed waiter. A wake-up that is lost shows
 * as a waiter that sleeps for ever.
 *
 * State:   the record, and behind its pointer the completion with a payload: both go when a waiter frees.
 */
import { EBUSY, ETIMEDOUT } from "../../arch/wasm/errno";
import { rcu_qs } from "../../kernel/rcu/tree";
import {
  complete,
  complete_all,
  completion,
  try_wait_for_completion,
  wait_for_completion,
  wait_for_completion_timeout,
} from "../../kernel/sched/completion";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { SIZEOF_TALLY, tally_add, tally_sum } from "./tally";
import { demand } from "./verdict";

/** (done, what was completed and not waited for) */
export const VIOLATION_COMPLETION_MISCOUNTED: u32 = 710;
/** (completion) Somebody is queued, or the lock is taken, after everybody has returned. */
export const VIOLATION_COMPLETION_NOT_IDLE: u32 = 711;
/** (completion, payload) A waiter does not see what came before complete(). */
export const VIOLATION_COMPLETION_PAYLOAD_MISSING: u32 = 712;

const PAYLOAD: u32 = 0x9a710ad;

/** Behind it: tallies of complete() calls and of completions waited for. */
@unmanaged
@final
class check_completion {
  /** The completion, constant. */
  object: u32;
  /** 1 after complete_all(); written by the one who calls it. */
  all: u32;
  /** 1 once a waiter has freed the completion. */
  freed: u32;
}

const COMPLETED: usize = offsetof<check_completion>();
const TAKEN: usize = COMPLETED + SIZEOF_TALLY;
const SIZE: usize = TAKEN + SIZEOF_TALLY;
const PAYLOAD_WORD: usize = offsetof<completion>();

/** The completion of the record at `p`. */
export function check_completion_of(p: usize): completion {
  return changetype<completion>(<usize>changetype<check_completion>(p).object); // plain: constant
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_completion_init(): usize {
  const p = kzalloc(<u32>SIZE, SLAB_MISC);
  if (p === 0) return 0;
  const object = kzalloc(<u32>PAYLOAD_WORD + 4, SLAB_MISC);
  changetype<check_completion>(p).object = <u32>object;
  if (object !== 0) return p;
  kfree(p);
  return 0;
}

/** Notes `n` calls of complete() that are to come. Context: the CPU that makes them. */
export function check_completion_will_complete(p: usize, n: u32): void {
  tally_add(p + COMPLETED, n);
}

function publish(p: usize): void {
  const payload = changetype<usize>(check_completion_of(p)) + PAYLOAD_WORD;
  store<u32>(payload, PAYLOAD); // plain: ordered by the completion
}

function see_payload(p: usize): i32 {
  const x = changetype<usize>(check_completion_of(p));
  const payload = load<u32>(x + PAYLOAD_WORD); // plain: ordered by the completion
  return demand(payload === PAYLOAD, VIOLATION_COMPLETION_PAYLOAD_MISSING, <u32>x, payload);
}

/** Completes `n` times. @returns 0. Context: never sleeps, but for the lock. */
export function check_completion_completer(p: usize, n: u32): i32 {
  check_completion_will_complete(p, n);
  for (let i: u32 = 0; i < n; i++) complete(check_completion_of(p));
  return 0;
}

/** A completer that leaves a payload first: the only one in a scenario. */
export function check_completion_publisher(p: usize, n: u32): i32 {
  publish(p);
  return check_completion_completer(p, n);
}

/** Leaves a payload and completes for good: the only one in a scenario that completes. @returns 0 */
export function check_completion_all_completer(p: usize): i32 {
  publish(p);
  changetype<check_completion>(p).all = 1; // plain: the end reads it
  complete_all(check_completion_of(p));
  return 0;
}

/** Waits `n` times. @returns 0. Context: sleeps. Ordering: acquire. */
export function check_completion_waiter(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    wait_for_completion(check_completion_of(p));
    tally_add(p + TAKEN, 1);
    rcu_qs();
  }
  return 0;
}

/** Waits once, and looks at the payload. @returns 0, or -EIO. Context: sleeps. Ordering: acquire. */
export function check_completion_subscriber(p: usize): i32 {
  check_completion_waiter(p, 1);
  return see_payload(p);
}

/** A subscriber that frees the completion: the only waiter, for the only complete(). */
export function check_completion_freer(p: usize): i32 {
  const result = check_completion_subscriber(p);
  changetype<check_completion>(p).freed = 1; // plain: the end reads it
  kfree(changetype<usize>(check_completion_of(p)));
  return result;
}

/** Waits once, at most so long. @returns 0, or -ETIMEDOUT. Context: sleeps. Ordering: acquire if 0. */
export function check_completion_timed(p: usize, timeout_ns: u32): i32 {
  if (!wait_for_completion_timeout(check_completion_of(p), timeout_ns)) return -ETIMEDOUT;
  tally_add(p + TAKEN, 1);
  return 0;
}

/** Passes if it can. @returns 0, or -EBUSY. Context: never sleeps, but for the lock. */
export function check_completion_trier(p: usize): i32 {
  if (!try_wait_for_completion(check_completion_of(p))) return -EBUSY;
  tally_add(p + TAKEN, 1);
  return 0;
}

/** done is what is left, nobody is queued. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_completion_end(p: usize): i32 {
  const c = changetype<check_completion>(p); // plain: all threads have ended, as below
  let result = 0;
  if (c.freed === 0) {
    const x = check_completion_of(p);
    const at = <u32>changetype<usize>(x);
    const left = c.all !== 0 ? u32.MAX_VALUE : tally_sum(p + COMPLETED) - tally_sum(p + TAKEN);
    result |= demand(x.done === left, VIOLATION_COMPLETION_MISCOUNTED, x.done, left);
    result |= demand((x.first | x.lock) === 0, VIOLATION_COMPLETION_NOT_IDLE, at, 0);
    kfree(at);
  }
  kfree(p);
  return result;
}
