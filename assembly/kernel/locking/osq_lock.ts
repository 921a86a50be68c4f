// SPDX-License-Identifier: GPL-2.0-only
/**
 * optimistic_spin_queue — an MCS lock that a waiter may leave: only its holder spins on the lock that
 * it belongs to, so one line bounces between two CPUs, not between all.
 *
 * Source:  kernel/locking/osq_lock.c, include/linux/osq_lock.h (v6.12).
 *
 * State:   tail (u32)   0, or 1 + the CPU that queued last
 *          node, one a CPU, in its unit
 *            next, prev  the neighbours' nodes, 0 when there is none or it is not linked yet
 *            locked      0 while this CPU waits; its predecessor stores 1
 *            cpu         1 + the CPU: what stands in tail for this node
 *
 * Rules:   Q1  One holder at a time; queued CPUs become the holder in the order of their exchange.
 *          Q2  A CPU waits on its own node only.
 *          Q3  A CPU leaves the queue when it should reschedule, or when its budget of looks is used up:
 *              the holder may have lost its core.
 *          Q4  It leaves in three steps: A cut prev's link to it, so that prev cannot hand over to it;
 *              B make its own next stable; C link prev and next. If step A finds that the lock has been
 *              handed over, it holds the lock after all.
 *          Q5  Step B waits only for CPUs that are between two instructions of lock or unlock.
 *
 * Ordering: O1  osq_lock() acquires: the exchange of an empty tail, or the load of locked.
 *           O2  osq_unlock() releases: the exchange of the tail, or the store to next's locked.
 *           O3  node.prev is stored before prev.next: who follows next finds prev set (Q4 step C).
 *
 * Cost:    uncontended 1 + 1 RMW.
 * Not modelled: vcpu_is_preempted(): the host does not tell. Q3's budget stands in for it.
 */
import {
  atomic_cmpxchg,
  atomic_cmpxchg_acquire,
  READ_ONCE,
  smp_load_acquire,
  smp_store_release,
  WRITE_ONCE,
  xchg,
} from "../../arch/wasm/atomic";
import { boot } from "../../arch/wasm/memory";
import {
  PERCPU_OSQ_NODE,
  per_cpu_ptr,
  smp_processor_id,
  this_cpu_ptr,
} from "../../arch/wasm/percpu";
import { need_resched } from "../sched/core";

const OSQ_UNLOCKED: u32 = 0;
const SPIN_LIMITS_A_BUDGET: u32 = 16;

@unmanaged
@final
class optimistic_spin_node {
  next: u32;
  prev: u32;
  locked: u32;
  cpu: u32;
}

const NEXT: usize = offsetof<optimistic_spin_node>("next");
const PREV: usize = offsetof<optimistic_spin_node>("prev");
const LOCKED: usize = offsetof<optimistic_spin_node>("locked");
const CPU: usize = offsetof<optimistic_spin_node>("cpu");

export const OFFSETOF_OPTIMISTIC_SPIN_NODE_NEXT: u32 = <u32>NEXT;
export const OFFSETOF_OPTIMISTIC_SPIN_NODE_PREV: u32 = <u32>PREV;
export const OFFSETOF_OPTIMISTIC_SPIN_NODE_LOCKED: u32 = <u32>LOCKED;
export const OFFSETOF_OPTIMISTIC_SPIN_NODE_CPU: u32 = <u32>CPU;

/**
 * Looks that an optimistic spinner takes, here or at the owner of a lock, before it goes to sleep:
 * the kernel has no such limit, because its lock holders do not lose the core unseen. 0 where
 * boot_info.spin_limit is 0: then nobody spins.
 *
 * Context: any; never sleeps. Ordering: none.
 */
export function optimistic_spin_budget(): u32 {
  return boot().spin_limit * SPIN_LIMITS_A_BUDGET;
}

function node_of(encoded: u32): usize {
  return per_cpu_ptr(PERCPU_OSQ_NODE, encoded - 1);
}

/**
 * Step B: the node behind `node`, taken out of its next; or 0 if `node` was the last one, and tail
 * now says `old`. Both may not be true for a moment: a CPU that has exchanged the tail has not linked
 * itself yet, or one that leaves has unlinked itself.
 */
function osq_wait_next(lock: usize, node: usize, curr: u32, old: u32): usize {
  let next: usize = 0;
  while (next === 0) {
    if (READ_ONCE(lock) === curr) {
      // O1: a later osq_lock() that finds the tail empty synchronises with this one.
      if (<u32>atomic_cmpxchg_acquire(lock, <i32>curr, <i32>old) === curr) break;
    }
    // Left in place, next would pass in its own step A: it would believe this node still before it.
    if (READ_ONCE(node + NEXT) !== 0) next = xchg(node + NEXT, 0);
  }
  return next;
}

/** Q4. @returns true if the lock was handed over meanwhile: the caller holds it */
function osq_unqueue_slowpath(lock: usize, node: usize, curr: u32): bool {
  let prev: usize = 0;
  for (;;) {
    prev = READ_ONCE(node + PREV); // may change: prev itself may leave
    if (
      READ_ONCE(prev + NEXT) === <u32>node &&
      <u32>atomic_cmpxchg(prev + NEXT, <i32>node, 0) === <u32>node
    ) {
      break; // step A
    }
    if (smp_load_acquire(node + LOCKED) !== 0) return true;
  }
  const next = osq_wait_next(lock, node, curr, READ_ONCE(prev + CPU)); // step B
  if (next === 0) return false;
  WRITE_ONCE(next + PREV, <u32>prev); // step C
  WRITE_ONCE(prev + NEXT, <u32>next);
  return false;
}

/** Queues behind `old`. @returns true with the lock held */
function osq_lock_slowpath(lock: usize, node: usize, curr: u32, old: u32): bool {
  const prev = node_of(old);
  WRITE_ONCE(node + PREV, <u32>prev);
  smp_store_release(prev + NEXT, <u32>node); // O3
  for (let budget = optimistic_spin_budget(); budget !== 0; budget--) {
    if (smp_load_acquire(node + LOCKED) !== 0) return true; // O1, Q2
    if (need_resched()) break; // Q3
  }
  return osq_unqueue_slowpath(lock, node, curr);
}

/**
 * Waits, spinning, to become the one that spins.
 *
 * @returns true with the lock held; false when the caller should sleep instead
 * Context: not recursive, one queue at a time a CPU; never sleeps. Ordering: acquire on success (O1).
 */
export function osq_lock(lock: usize): bool {
  const node = this_cpu_ptr(PERCPU_OSQ_NODE);
  const curr = smp_processor_id() + 1;
  WRITE_ONCE(node + LOCKED, 0);
  WRITE_ONCE(node + NEXT, 0);
  WRITE_ONCE(node + CPU, curr);
  const old = xchg(lock, curr);
  if (old === OSQ_UNLOCKED) return true;
  return osq_lock_slowpath(lock, node, curr, old);
}

/** Context: the holder; never sleeps. Ordering: release (O2). */
export function osq_unlock(lock: usize): void {
  const curr = smp_processor_id() + 1;
  if (<u32>atomic_cmpxchg(lock, <i32>curr, OSQ_UNLOCKED) === curr) return;
  const node = this_cpu_ptr(PERCPU_OSQ_NODE);
  let next: usize = xchg(node + NEXT, 0);
  if (next === 0) next = osq_wait_next(lock, node, curr, OSQ_UNLOCKED);
  if (next !== 0) smp_store_release(next + LOCKED, 1);
}

/** True if a CPU holds it. A hint. */
export function osq_is_locked(lock: usize): bool {
  return READ_ONCE(lock) !== OSQ_UNLOCKED;
}
