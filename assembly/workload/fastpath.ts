// SPDX-License-Identifier: GPL-2.0-only
/**
 * Single-threaded fast paths, `n` of each in a loop inside wasm, for the Benchmark.js suites: a call
 * from the host for each would cost more than what is timed. fastpath_empty() is the loop itself.
 *
 * Each function takes the address of an initialised object of its kind, uncontended, and leaves it as
 * it was. Context: an online CPU; none sleeps.
 */
import { smp_processor_id } from "../arch/wasm/percpu";
import { mutex, mutex_lock, mutex_unlock } from "../kernel/locking/mutex";
import { down_read, down_write, rw_semaphore, up_read, up_write } from "../kernel/locking/rwsem";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { rcu_cpu_offline, rcu_cpu_online, rcu_qs } from "../kernel/rcu/tree";
import { complete, completion, try_wait_for_completion } from "../kernel/sched/completion";
import { kref_get, kref_put } from "../lib/kref";
import { percpu_ref, percpu_ref_put, percpu_ref_tryget_live } from "../lib/percpu-refcount";
import { prandom_u32 } from "../lib/random";
import { refcount_dec_and_test, refcount_inc_not_zero } from "../lib/refcount";
import { kfree, kmalloc, SLAB_MISC } from "../mm/slab";

export function fastpath_empty(_p: usize, n: u32): u32 {
  let x: u32 = 0;
  for (let i: u32 = 0; i < n; i++) x ^= smp_processor_id() + i;
  return x;
}

export function fastpath_rwsem_read(p: usize, n: u32): void {
  const sem = changetype<rw_semaphore>(p);
  for (let i: u32 = 0; i < n; i++) {
    down_read(sem);
    up_read(sem);
  }
}

export function fastpath_rwsem_write(p: usize, n: u32): void {
  const sem = changetype<rw_semaphore>(p);
  for (let i: u32 = 0; i < n; i++) {
    down_write(sem);
    up_write(sem);
  }
}

export function fastpath_mutex(p: usize, n: u32): void {
  const lock = changetype<mutex>(p);
  for (let i: u32 = 0; i < n; i++) {
    mutex_lock(lock);
    mutex_unlock(lock);
  }
}

export function fastpath_spinlock(p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    raw_spin_lock(p);
    raw_spin_unlock(p);
  }
}

export function fastpath_percpu_ref(p: usize, n: u32): void {
  const ref = changetype<percpu_ref>(p);
  for (let i: u32 = 0; i < n; i++) {
    if (percpu_ref_tryget_live(ref)) percpu_ref_put(ref);
  }
}

export function fastpath_refcount(p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (refcount_inc_not_zero(p)) refcount_dec_and_test(p);
  }
}

export function fastpath_kref(p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    kref_get(p);
    kref_put(p);
  }
}

export function fastpath_completion(p: usize, n: u32): void {
  const c = changetype<completion>(p);
  for (let i: u32 = 0; i < n; i++) {
    complete(c);
    try_wait_for_completion(c);
  }
}

export function fastpath_rcu_qs(_p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) rcu_qs();
}

export function fastpath_rcu_offline_online(_p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    rcu_cpu_offline();
    rcu_cpu_online();
  }
}

export function fastpath_kmalloc(_p: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) kfree(kmalloc(64, SLAB_MISC));
}

export function fastpath_random(_p: usize, n: u32): u32 {
  let x: u32 = 0;
  for (let i: u32 = 0; i < n; i++) x ^= prandom_u32();
  return x;
}
