// SPDX-License-Identifier: GPL-2.0-only
/**
 * percpu_ref: switching between the modes. State, rules and ordering pairs are in percpu-refcount.ts.
 *
 * Source:  lib/percpu-refcount.c (v6.12).
 */
import {
  atomic_add,
  atomic_read,
  READ_ONCE,
  smp_store_release,
  WRITE_ONCE,
} from "../arch/wasm/atomic";
import { BUG_ON, WARN_ON } from "../arch/wasm/bug";
import { boot, PERCPU_SWITCH_LOCK } from "../arch/wasm/memory";
import { per_cpu_ptr } from "../arch/wasm/percpu";
import { percpu_ref_confirm } from "../callbacks";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { call_rcu, rcu_head } from "../kernel/rcu/tree";
import { schedule } from "../kernel/sched/core";
import { set_wait, WAIT_PERCPU_REF_SWITCH } from "../kernel/sched/task";
import {
  finish_wait,
  init_wait,
  prepare_to_wait,
  wait_queue_head,
  wake_up_all,
} from "../kernel/sched/wait";
import { free_percpu } from "../mm/percpu";
import {
  __PERCPU_REF_ATOMIC,
  __PERCPU_REF_ATOMIC_DEAD,
  __PERCPU_REF_DEAD,
  PERCPU_COUNT_BIAS,
  percpu_ref,
  percpu_ref_data,
  percpu_ref_data_of,
  percpu_ref_get,
  percpu_ref_ptr,
  percpu_ref_put,
} from "./percpu-refcount-ops";

/** rcu_invoke() id of percpu_ref_switch_to_atomic_rcu(). */
export const RCU_PERCPU_REF_SWITCH: u32 = 1;

/** percpu_ref_confirm() ids: none asked for, and the stand-in that marks a switch without one. */
export const PERCPU_REF_NO_CONFIRM: u32 = 0;
export const PERCPU_REF_NOOP_CONFIRM: u32 = 1;

/** (ref, count) Some put had no get. */
export const WARN_PERCPU_REF_COUNT_NOT_POSITIVE_AFTER_SWITCH: u32 = 222;
/** (ref) Back to per-CPU mode without ALLOW_REINIT. */
export const WARN_PERCPU_REF_REINIT_NOT_ALLOWED: u32 = 226;
/** (ref) Back to per-CPU mode, but the counters are freed (P7). */
export const BUG_PERCPU_REF_COUNTERS_ARE_FREED: u32 = 227;

export const PERCPU_REF_COUNTER_BYTES: u32 = 4;
const RCU_HEAD: usize = (offsetof<percpu_ref_data>() + 7) & ~7; // holds a u64
export const PERCPU_REF_DATA_BYTES: u32 = <u32>RCU_HEAD + offsetof<rcu_head>();

export function percpu_ref_ptr_word(ref: percpu_ref): usize {
  return changetype<usize>(ref) + offsetof<percpu_ref>("percpu_count_ptr");
}

/** Offset of the counters; 0 when they are freed. */
function percpu_count_ptr(ref: percpu_ref): usize {
  return percpu_ref_ptr(ref) & ~__PERCPU_REF_ATOMIC_DEAD;
}

export function percpu_ref_confirm_word(data: percpu_ref_data): usize {
  return changetype<usize>(data) + offsetof<percpu_ref_data>("confirm_switch");
}

export function percpu_ref_switch_lock(): void {
  raw_spin_lock(PERCPU_SWITCH_LOCK);
}

export function percpu_ref_switch_unlock(): void {
  raw_spin_unlock(PERCPU_SWITCH_LOCK);
}

/** Frees the counters; the ref is dead and atomic from here on. */
export function percpu_ref_free_counters(ref: percpu_ref): void {
  const counters = percpu_count_ptr(ref);
  if (counters === 0) return;
  free_percpu(counters, PERCPU_REF_COUNTER_BYTES);
  WRITE_ONCE(percpu_ref_ptr_word(ref), __PERCPU_REF_ATOMIC_DEAD);
}

function switch_waitq(): wait_queue_head {
  return changetype<wait_queue_head>(PERCPU_SWITCH_LOCK + 64);
}

/** Waits until no switch of `ref` is under way. Context: switch lock held; drops it and sleeps (P8). */
export function percpu_ref_wait_for_switch(ref: percpu_ref): void {
  const confirm = percpu_ref_confirm_word(percpu_ref_data_of(ref));
  if (READ_ONCE(confirm) === 0) return;
  const entry = init_wait();
  for (;;) {
    prepare_to_wait(switch_waitq(), entry);
    set_wait(WAIT_PERCPU_REF_SWITCH, changetype<usize>(ref));
    if (READ_ONCE(confirm) === 0) break;
    percpu_ref_switch_unlock();
    schedule();
    percpu_ref_switch_lock();
  }
  finish_wait(switch_waitq(), entry);
}

/** Sets the mode that the flags ask for. Context: switch lock held; may drop it and sleep (P8). */
export function percpu_ref_switch_mode(ref: percpu_ref, confirm: u32): void {
  percpu_ref_wait_for_switch(ref);
  const dead = (percpu_ref_ptr(ref) & __PERCPU_REF_DEAD) !== 0;
  if (dead || percpu_ref_data_of(ref).force_atomic) switch_to_atomic(ref, confirm);
  else switch_to_percpu(ref);
}

function switch_to_atomic(ref: percpu_ref, confirm: u32): void {
  const ptr = percpu_ref_ptr(ref);
  if ((ptr & __PERCPU_REF_ATOMIC) !== 0) {
    if (confirm !== 0) percpu_ref_confirm(confirm, changetype<usize>(ref));
    return;
  }
  const data = percpu_ref_data_of(ref);
  WRITE_ONCE(percpu_ref_ptr_word(ref), ptr | __PERCPU_REF_ATOMIC); // O1
  WRITE_ONCE(percpu_ref_confirm_word(data), confirm !== 0 ? confirm : PERCPU_REF_NOOP_CONFIRM);
  percpu_ref_get(ref); // the callback's own; goes to count
  const head = changetype<usize>(data) + RCU_HEAD;
  call_rcu(changetype<rcu_head>(head), RCU_PERCPU_REF_SWITCH);
}

/**
 * The RCU callback: no CPU touches its counter any more. Collects them, confirms, lets waiters go.
 *
 * Context: RCU callback. Ordering: O1; the RMW on count orders it against the slow paths (O2).
 */
export function percpu_ref_switch_to_atomic_rcu(head: usize): void {
  const data = changetype<percpu_ref_data>(head - RCU_HEAD);
  const ref = changetype<percpu_ref>(<usize>data.ref);
  const counters = percpu_count_ptr(ref);
  const ncpus = boot().ncpus;
  let sum: i32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) sum += load<i32>(per_cpu_ptr(counters, cpu)); // plain: P2
  atomic_add(sum - PERCPU_COUNT_BIAS, changetype<usize>(data)); // P3
  const count = atomic_read(changetype<usize>(data));
  const code = WARN_PERCPU_REF_COUNT_NOT_POSITIVE_AFTER_SWITCH;
  WARN_ON(count <= 0, code, <u32>changetype<usize>(ref), count);
  percpu_ref_confirm(READ_ONCE(percpu_ref_confirm_word(data)), changetype<usize>(ref));
  const one_way = !data.allow_reinit;
  smp_store_release(percpu_ref_confirm_word(data), 0);
  wake_up_all(switch_waitq());
  if (one_way) percpu_ref_free_counters(ref); // P7
  percpu_ref_put(ref);
}

function switch_to_percpu(ref: percpu_ref): void {
  const p = <u32>changetype<usize>(ref);
  const counters = percpu_count_ptr(ref);
  BUG_ON(counters === 0, BUG_PERCPU_REF_COUNTERS_ARE_FREED, p, 0);
  const ptr = percpu_ref_ptr(ref);
  if ((ptr & __PERCPU_REF_ATOMIC) === 0) return;
  const data = percpu_ref_data_of(ref);
  if (WARN_ON(!data.allow_reinit, WARN_PERCPU_REF_REINIT_NOT_ALLOWED, p, 0)) return;
  atomic_add(PERCPU_COUNT_BIAS, changetype<usize>(data));
  const ncpus = boot().ncpus;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) store<i32>(per_cpu_ptr(counters, cpu), 0); // plain: O3
  smp_store_release(percpu_ref_ptr_word(ref), ptr & ~__PERCPU_REF_ATOMIC); // O3
}
