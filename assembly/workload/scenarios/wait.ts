// SPDX-License-Identifier: GPL-2.0-only
/**
 * Wait queues, for check: sleepers on a flag, exclusive sleepers on tokens, and those who wake them.
 *
 * Covers O1, W1, W3 and W4 of kernel/sched/wait.ts with sleepers and a waker; W2 with two takers and a
 * giver of two, or two givers; W5 in each. S1 and S5 of kernel/sched/core.ts lie beneath. A wake-up that
 * is lost shows as a sleeper for ever.
 */
import {
  atomic_add,
  atomic_cmpxchg,
  atomic_read,
  READ_ONCE,
  WRITE_ONCE,
} from "../../arch/wasm/atomic";
import { rcu_qs } from "../../kernel/rcu/tree";
import { schedule } from "../../kernel/sched/core";
import {
  finish_wait,
  init_wait,
  init_waitqueue_head,
  prepare_to_wait,
  prepare_to_wait_exclusive,
  SIZEOF_WAIT_QUEUE_HEAD,
  wait_queue_head,
  wake_up,
  wake_up_all,
} from "../../kernel/sched/wait";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { SIZEOF_TALLY, tally_add, tally_sum } from "./tally";
import { demand } from "./verdict";

/** (tokens left, tokens given and not taken) */
export const VIOLATION_WAIT_TOKENS: u32 = 750;
/** (queue, first entry) Somebody is queued, or the lock is taken, after everybody has left. */
export const VIOLATION_WAIT_QUEUE_NOT_IDLE: u32 = 751;

/** Behind it: the queue's head, and tallies of tokens given and taken. */
@unmanaged
@final
class check_wait {
  /** What a sleeper waits for. */
  flag: u32;
  /** What a taker waits for, and takes one of. */
  tokens: i32;
}

const HEAD: usize = offsetof<check_wait>();
const GIVEN: usize = HEAD + SIZEOF_WAIT_QUEUE_HEAD;
const TAKEN: usize = GIVEN + SIZEOF_TALLY;
const SIZE: usize = TAKEN + SIZEOF_TALLY;

function flag_of(p: usize): usize {
  return p + offsetof<check_wait>("flag");
}

function tokens_of(p: usize): usize {
  return p + offsetof<check_wait>("tokens");
}

function head_of(p: usize): wait_queue_head {
  return changetype<wait_queue_head>(p + HEAD);
}

/** @returns the record, or 0 when there is no memory. Context: runs alone. Ordering: none. */
export function check_wait_init(): usize {
  const p = kzalloc(<u32>SIZE, SLAB_MISC);
  if (p !== 0) init_waitqueue_head(head_of(p));
  return p;
}

/** Sleeps until the flag is set. @returns 0. Context: sleeps. Ordering: full. */
export function check_wait_sleeper(p: usize): i32 {
  const entry = init_wait();
  for (;;) {
    prepare_to_wait(head_of(p), entry);
    if (READ_ONCE(flag_of(p)) !== 0) break;
    schedule();
  }
  finish_wait(head_of(p), entry);
  rcu_qs();
  return 0;
}

/** Sets the flag by a store that is no barrier, and wakes. @returns 0. Context: never sleeps. */
export function check_wait_waker(p: usize): i32 {
  WRITE_ONCE(flag_of(p), 1);
  wake_up(head_of(p));
  return 0;
}

/** A waker of all, takers included. @returns 0. Context: never sleeps. */
export function check_wait_all_waker(p: usize): i32 {
  WRITE_ONCE(flag_of(p), 1);
  wake_up_all(head_of(p));
  return 0;
}

function take_token(p: usize): bool {
  let tokens = atomic_read(tokens_of(p));
  while (tokens > 0) {
    const seen = atomic_cmpxchg(tokens_of(p), tokens, tokens - 1);
    if (seen === tokens) return true;
    tokens = seen;
  }
  return false;
}

/**
 * Sleeps, as an exclusive waiter, until it has a token.
 *
 * Context: sleeps. It may have been woken for another token, having found its own awake: see W2 there.
 */
export function check_wait_take(p: usize): void {
  const entry = init_wait();
  for (;;) {
    prepare_to_wait_exclusive(head_of(p), entry);
    if (take_token(p)) break;
    schedule();
  }
  finish_wait(head_of(p), entry);
  tally_add(p + TAKEN, 1);
}

/** Takes `n` tokens, and passes on a wake-up that may have been meant for another. @returns 0 */
export function check_wait_taker(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    check_wait_take(p);
    if (atomic_read(tokens_of(p)) > 0) wake_up(head_of(p));
    rcu_qs();
  }
  return 0;
}

/** Gives `n` tokens, a wake-up with each. @returns 0. Context: never sleeps. */
export function check_wait_giver(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    tally_add(p + GIVEN, 1);
    atomic_add(1, tokens_of(p));
    wake_up(head_of(p));
  }
  return 0;
}

/** Tokens add up, nobody is queued. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_wait_end(p: usize): i32 {
  const head = head_of(p); // plain: all threads have ended, as below
  const left = <u32>changetype<check_wait>(p).tokens;
  const expected = tally_sum(p + GIVEN) - tally_sum(p + TAKEN);
  const idle = (head.first | head.lock) === 0;
  let result = demand(left === expected, VIOLATION_WAIT_TOKENS, left, expected);
  result |= demand(idle, VIOLATION_WAIT_QUEUE_NOT_IDLE, <u32>(p + HEAD), head.first);
  kfree(p);
  return result;
}
