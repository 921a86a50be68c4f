// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref torture — users on every CPU against kill, reinit and mode switches.
 *
 * Two oracles. The total: each user knows what it holds, and once the ref is atomic count must be the
 * sum of that. The life: release() clears `alive`; whoever holds a reference must find it set.
 */
import { atomic_add, READ_ONCE, smp_store_release } from "../arch/wasm/atomic";
import { rcu_qs, rcu_softirq } from "../kernel/rcu/tree";
import {
  complete,
  completion,
  init_completion,
  wait_for_completion,
} from "../kernel/sched/completion";
import {
  percpu_ref,
  percpu_ref_add_at,
  percpu_ref_get_many,
  percpu_ref_kill_and_confirm,
  percpu_ref_ptr,
  percpu_ref_put,
  percpu_ref_put_many,
  percpu_ref_reinit,
  percpu_ref_switch_to_atomic,
  percpu_ref_switch_to_atomic_sync,
  percpu_ref_switch_to_percpu,
  percpu_ref_tryget,
  percpu_ref_tryget_live,
} from "../lib/percpu-refcount";
import { prandom_below, prandom_seed } from "../lib/random";

/** percpu_ref_release() and percpu_ref_confirm() ids. */
export const PERCPU_REF_RELEASE_TORTURE: u32 = 0x100;
export const PERCPU_REF_CONFIRM_TORTURE: u32 = 0x100;

/** Begins with the percpu_ref. */
@unmanaged
@final
class torture_ref {
  percpu_count_ptr: u32;
  data: u32;
  /** How often release() and the confirmation ran. */
  released: u32;
  confirmed: u32;
  /** 1 while nothing was released since the last reinit. */
  alive: u32;
  /** Times that a user with a reference found `alive` 0. */
  bad: u32;
  /** Clients that have been in at least once. */
  clients: u32;
  /** Set when the killer is done: clients leave. */
  done: u32;
}

/** Behind it: a struct completion, for each release(). */
const DEAD: usize = offsetof<torture_ref>();
export const SIZEOF_TORTURE_REF: u32 = <u32>DEAD + offsetof<completion>();
export const OFFSETOF_TORTURE_REF_RELEASED: u32 = offsetof<torture_ref>("released");
export const OFFSETOF_TORTURE_REF_CONFIRMED: u32 = offsetof<torture_ref>("confirmed");
export const OFFSETOF_TORTURE_REF_ALIVE: u32 = offsetof<torture_ref>("alive");
export const OFFSETOF_TORTURE_REF_CLIENTS: u32 = offsetof<torture_ref>("clients");
export const OFFSETOF_TORTURE_REF_BAD: u32 = offsetof<torture_ref>("bad");

function word(ref: percpu_ref, offset: usize): usize {
  return changetype<usize>(ref) + offset;
}

function dead_of(ref: percpu_ref): completion {
  return changetype<completion>(word(ref, DEAD));
}

/** The release() of the tests. */
export function percpu_ref_torture_release(ref: percpu_ref): void {
  smp_store_release(word(ref, offsetof<torture_ref>("alive")), 0);
  atomic_add(1, word(ref, offsetof<torture_ref>("released")));
  complete(dead_of(ref));
}

/** The confirmation of the tests. */
export function percpu_ref_torture_confirm(ref: percpu_ref): void {
  atomic_add(1, word(ref, offsetof<torture_ref>("confirmed")));
}

/** One use: what a client does with a reference. */
function use(ref: percpu_ref, delay: u32): void {
  const alive = word(ref, offsetof<torture_ref>("alive"));
  let seen = READ_ONCE(alive);
  for (let i = prandom_below(delay); i !== 0; i--) seen &= READ_ONCE(alive);
  if (seen === 0) atomic_add(1, word(ref, offsetof<torture_ref>("bad")));
}

/**
 * Comes and goes until the ref is killed for good (percpu_ref_torture_cycle() is done).
 *
 * @returns how often it got in
 */
export function percpu_ref_torture_client(ref: percpu_ref, seed: u32, delay: u32): u32 {
  prandom_seed(seed);
  let entries: u32 = 0;
  while (READ_ONCE(word(ref, offsetof<torture_ref>("done"))) === 0) {
    const weak = prandom_below(8) === 0;
    if (weak ? percpu_ref_tryget(ref) : percpu_ref_tryget_live(ref)) {
      use(ref, delay);
      percpu_ref_put(ref);
      if (entries++ === 0) atomic_add(1, word(ref, offsetof<torture_ref>("clients")));
    }
    rcu_qs();
  }
  return entries;
}

/** Kills and revives `n` times, and kills once more; waits for each release(). */
export function percpu_ref_torture_cycle(ref: percpu_ref, n: u32, gap: u32): void {
  const alive = word(ref, offsetof<torture_ref>("alive"));
  init_completion(dead_of(ref));
  for (let i: u32 = 0; i <= n; i++) {
    for (let j = prandom_below(gap); j !== 0; j--) READ_ONCE(alive);
    percpu_ref_kill_and_confirm(ref, PERCPU_REF_CONFIRM_TORTURE);
    wait_for_completion(dead_of(ref));
    if (i === n) break;
    smp_store_release(alive, 1);
    percpu_ref_reinit(ref);
  }
  smp_store_release(word(ref, offsetof<torture_ref>("done")), 1);
}

/**
 * Takes and drops references at random, from one on, and ends with `keep` of them.
 *
 * @returns what it holds: `keep`, or 0 when it did not get in
 */
export function percpu_ref_torture_hold(ref: percpu_ref, ops: u32, keep: u32, seed: u32): u32 {
  prandom_seed(seed);
  if (!percpu_ref_tryget_live(ref)) return 0;
  let held: u32 = 1;
  for (let i: u32 = 0; i < ops; i++) {
    const nr = prandom_below(4);
    if (held > nr && prandom_below(2) === 0) {
      percpu_ref_put_many(ref, nr);
      held -= nr;
    } else {
      percpu_ref_get_many(ref, nr);
      held += nr;
    }
    rcu_qs();
  }
  percpu_ref_get_many(ref, keep);
  percpu_ref_put_many(ref, held);
  return keep;
}

/** Changes the mode `n` times, at random, and ends in atomic mode. */
export function percpu_ref_torture_switch(ref: percpu_ref, n: u32, seed: u32): void {
  prandom_seed(seed);
  for (let i: u32 = 0; i < n; i++) {
    const what = prandom_below(3);
    if (what === 0) percpu_ref_switch_to_atomic(ref, PERCPU_REF_CONFIRM_TORTURE);
    else if (what === 1) percpu_ref_switch_to_atomic_sync(ref);
    else percpu_ref_switch_to_percpu(ref);
    rcu_qs();
    rcu_softirq();
  }
  percpu_ref_switch_to_atomic_sync(ref);
}

/**
 * A tryget_live that is interrupted behind its load of the mode: sets *entered there, goes on when
 * *leave is not 0.
 *
 * @returns 1 if it got a reference
 */
export function percpu_ref_test_late(entered: usize, leave: usize, ref: percpu_ref): u32 {
  const ptr = percpu_ref_ptr(ref);
  smp_store_release(entered, 1);
  while (READ_ONCE(leave) === 0);
  return percpu_ref_add_at(ptr, 1);
}
