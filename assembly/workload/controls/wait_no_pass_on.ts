// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: an exclusive waiter that leaves the queue with what it wanted, and asks nobody whether a
 * wake-up came to it meanwhile.
 *
 * Breaks what W2 of kernel/sched/wait.ts asks of its users: a taker that is queued finds a token before it
 * sleeps; the wake-up of the next token is spent on it, and the one behind it in the queue sleeps beside
 * a token. Found under every memory model, as a deadlock. Else as scenarios/wait.ts.
 */
import { rcu_qs } from "../../kernel/rcu/tree";
import {
  check_wait_end,
  check_wait_giver,
  check_wait_init,
  check_wait_take,
} from "../scenarios/wait";

/** As check_wait_init(). */
export function wait_no_pass_on_init(): usize {
  return check_wait_init();
}

/** As check_wait_taker(), but for the wake-up. */
export function wait_no_pass_on_taker(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    check_wait_take(p); // wrong: there may be a token left, and its wake-up was ours
    rcu_qs();
  }
  return 0;
}

/** As check_wait_giver(). */
export function wait_no_pass_on_giver(p: usize, n: u32): i32 {
  return check_wait_giver(p, n);
}

/** As check_wait_end(). */
export function wait_no_pass_on_end(p: usize): i32 {
  return check_wait_end(p);
}
