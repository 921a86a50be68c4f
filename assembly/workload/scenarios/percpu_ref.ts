// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref, for check: users of an object against those who kill the ref, free the object, or revive
 * both.
 *
 * Covers of lib/percpu-refcount.ts: P1, P2, P5, O1 and O2 with users and a killer; P3 and P4 with two
 * users, so that the last put may come from anywhere; P5 and its end with a confirming_killer; P6 and P7
 * with flags 0; P8 and O3 with PERCPU_REF_ALLOW_REINIT, a reiniter or a switcher, and users; O1 with
 * an atomizer, whose grace period a synchronizer drives.
 *
 * State:   the record begins with the ref. What the ref guards is an object of mortal.ts.
 */
import { READ_ONCE } from "../../arch/wasm/atomic";
import { ENXIO } from "../../arch/wasm/errno";
import { rcu_barrier, rcu_qs, synchronize_rcu } from "../../kernel/rcu/tree";
import {
  complete,
  completion,
  SIZEOF_COMPLETION,
  wait_for_completion,
} from "../../kernel/sched/completion";
import {
  percpu_ref,
  percpu_ref_exit,
  percpu_ref_init,
  percpu_ref_kill,
  percpu_ref_kill_and_confirm,
  percpu_ref_put,
  percpu_ref_reinit,
  percpu_ref_switch_to_atomic_sync,
  percpu_ref_switch_to_percpu,
  percpu_ref_tryget,
  percpu_ref_tryget_live,
} from "../../lib/percpu-refcount";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_kill, mortal_revive, mortal_use } from "./mortal";
import { demand } from "./verdict";

/** percpu_ref_release() and percpu_ref_confirm() ids. */
export const PERCPU_REF_RELEASE_CHECK: u32 = 0x101;
export const PERCPU_REF_CONFIRM_CHECK: u32 = 0x101;

/** (times released, times killed) */
export const VIOLATION_PERCPU_REF_RELEASES: u32 = 720;
/** (ref) A live reference was given out behind the confirmation. */
export const VIOLATION_PERCPU_REF_LIVE_AFTER_CONFIRM: u32 = 721;

/** Begins with the percpu_ref. Behind it: a struct completion for release(), one for confirm(). */
@unmanaged
@final
class check_ref {
  percpu_count_ptr: u32;
  data: u32;
  /** What is guarded, constant. */
  object: u32;
  /** How often release() ran, and kill(); plain: each comes after the other. */
  released: u32;
  killed: u32;
  /** 1 once the object is freed; the killer's. */
  freed: u32;
}

const RELEASED: usize = offsetof<check_ref>();
const CONFIRMED: usize = RELEASED + SIZEOF_COMPLETION;
const SIZE: usize = CONFIRMED + SIZEOF_COMPLETION;

function ref_of(p: usize): percpu_ref {
  return changetype<percpu_ref>(p);
}

function completion_at(p: usize, offset: usize): completion {
  return changetype<completion>(p + offset);
}

/** PERCPU_REF_RELEASE_CHECK. Leaves the object alone: whoever waits for it frees that. */
export function check_percpu_ref_release(ref: percpu_ref): void {
  const p = changetype<usize>(ref);
  changetype<check_ref>(p).released++; // plain: the last reference is gone
  complete(completion_at(p, RELEASED));
}

/** PERCPU_REF_CONFIRM_CHECK. */
export function check_percpu_ref_confirm(ref: percpu_ref): void {
  complete(completion_at(changetype<usize>(ref), CONFIRMED));
}

/**
 * @param flags - of percpu_ref_init()
 * @returns the record, or 0 when there is no memory
 * Context: runs alone. Ordering: none.
 */
export function check_percpu_ref_init(flags: u32): usize {
  const p = kzalloc(<u32>SIZE, SLAB_MISC);
  if (p === 0) return 0;
  const object = mortal_alloc(p);
  changetype<check_ref>(p).object = <u32>object; // plain: nobody else is here yet
  if (object !== 0 && percpu_ref_init(ref_of(p), PERCPU_REF_RELEASE_CHECK, flags) === 0) return p;
  if (object !== 0) mortal_free(object);
  kfree(p);
  return 0;
}

/** What a reference is for. */
function use(p: usize): i32 {
  const place = p + offsetof<check_ref>("object");
  return mortal_use(READ_ONCE(place), place);
}

/** Comes and goes `n` times. @returns 0; -ENXIO when it was turned away the last time; -EIO */
export function check_percpu_ref_user(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (percpu_ref_tryget_live(ref_of(p))) {
      result |= use(p);
      percpu_ref_put(ref_of(p));
    } else if (i === n - 1 && result === 0) result = -ENXIO;
    rcu_qs();
  }
  return result;
}

/** A late user, who comes in as long as anybody is inside, killed or not. @returns as the user */
export function check_percpu_ref_late_user(p: usize, n: u32): i32 {
  let result = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (percpu_ref_tryget(ref_of(p))) {
      result |= use(p);
      percpu_ref_put(ref_of(p));
    } else if (i === n - 1 && result === 0) result = -ENXIO;
    rcu_qs();
  }
  return result;
}

/** Frees what is guarded. Context: as the caller believes, nobody can reach it. */
export function check_percpu_ref_free(p: usize): void {
  const c = changetype<check_ref>(p); // plain: the killer's own, and constant
  c.freed = 1;
  mortal_free(c.object);
}

/** Notes a kill() to come. Context: whoever kills. */
export function check_percpu_ref_will_kill(p: usize): void {
  changetype<check_ref>(p).killed++; // plain: one kills, and the next one after its release
}

/** Kills, waits for release(), frees. One in a scenario. @returns 0. Context: sleeps. */
export function check_percpu_ref_killer(p: usize): i32 {
  check_percpu_ref_will_kill(p);
  percpu_ref_kill(ref_of(p));
  wait_for_completion(completion_at(p, RELEASED));
  check_percpu_ref_free(p);
  return 0;
}

/** A killer that also waits for the confirmation, and looks at P5. @returns 0, or -EIO */
export function check_percpu_ref_confirming_killer(p: usize): i32 {
  check_percpu_ref_will_kill(p);
  percpu_ref_kill_and_confirm(ref_of(p), PERCPU_REF_CONFIRM_CHECK);
  wait_for_completion(completion_at(p, CONFIRMED));
  const got = percpu_ref_tryget_live(ref_of(p));
  const result = demand(!got, VIOLATION_PERCPU_REF_LIVE_AFTER_CONFIRM, <u32>p, 0);
  if (got) percpu_ref_put(ref_of(p));
  wait_for_completion(completion_at(p, RELEASED));
  check_percpu_ref_free(p);
  return result;
}

/** Kills, waits for release(), revives `n` times; needs ALLOW_REINIT. @returns 0. Context: sleeps. */
export function check_percpu_ref_reiniter(p: usize, n: u32): i32 {
  const object = <usize>changetype<check_ref>(p).object; // plain: constant
  for (let i: u32 = 0; i < n; i++) {
    check_percpu_ref_will_kill(p);
    percpu_ref_kill(ref_of(p));
    wait_for_completion(completion_at(p, RELEASED));
    mortal_kill(object);
    mortal_revive(object);
    percpu_ref_reinit(ref_of(p));
    rcu_qs();
  }
  return 0;
}

/** To atomic mode and back `n` times; needs ALLOW_REINIT. @returns 0. Context: sleeps. */
export function check_percpu_ref_switcher(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    percpu_ref_switch_to_atomic_sync(ref_of(p));
    percpu_ref_switch_to_percpu(ref_of(p));
    rcu_qs();
  }
  return 0;
}

/** To atomic mode, and no further; needs ALLOW_REINIT. @returns 0. Context: sleeps. */
export function check_percpu_ref_atomizer(p: usize): i32 {
  percpu_ref_switch_to_atomic_sync(ref_of(p));
  return 0;
}

/** Drives a grace period, for nothing: a switch may share it. @returns 0. Context: sleeps. */
export function check_percpu_ref_synchronizer(_p: usize): i32 {
  synchronize_rcu();
  return 0;
}

/**
 * Kills a ref that is live still: each kill has had its release, so no reference is left.
 *
 * @returns 0, or -EIO
 * Context: runs alone, at the end; sleeps.
 */
export function check_percpu_ref_end(p: usize): i32 {
  const c = changetype<check_ref>(p); // plain: all threads have ended
  if (c.freed === 0) {
    check_percpu_ref_will_kill(p);
    percpu_ref_kill(ref_of(p));
  }
  rcu_barrier();
  const result = demand(
    c.released === c.killed,
    VIOLATION_PERCPU_REF_RELEASES,
    c.released,
    c.killed,
  );
  if (c.freed === 0) check_percpu_ref_free(p);
  percpu_ref_exit(ref_of(p));
  kfree(p);
  return result;
}
