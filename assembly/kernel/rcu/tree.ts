// SPDX-License-Identifier: GPL-2.0-only
/**
 * RCU for updaters: synchronize_rcu(), call_rcu() and its callbacks, rcu_barrier().
 *
 * Source:  kernel/rcu/tree.c, kernel/rcu/rcu_segcblist.c (v6.12). Grace periods: qsbr.ts.
 *
 * State:   rcu_data, one a CPU: a singly linked list of rcu_head in the order of call_rcu(), hence of
 *          their grace periods: what is ripe is a prefix.
 *          queued, done (u32): how many call_rcu() added, and how many callbacks have returned.
 *
 * Rules:   C1  A callback runs on the CPU that queued it, after its grace period, in order.
 *          C2  It runs outside every reader section, on an online CPU, and never sleeps; it may queue
 *              further callbacks, its own head included. A quiescent state follows each.
 *          C3  rcu_core() returns with an empty list; it drives grace periods as needed. It runs before
 *              a CPU parks and before it leaves the kernel, so no callback is stranded on an idle CPU.
 *          C4  rcu_softirq() never waits: it runs what is ripe.
 *          C5  rcu_barrier() returns after every callback has returned that was queued, anywhere,
 *              before it was called.
 *          C6  rcu_user_enter() waits only when the CPU has more than QHIMARK callbacks: a CPU that never
 *              sleeps still frees what it queued.
 *
 * Ordering: see qsbr.ts. O4  done's store after a batch ↔ rcu_barrier()'s load of it: what the
 *          callbacks did is visible behind the barrier.
 *
 * Cost:    call_rcu() is one RMW on gp_seq's line (qsbr.ts, O1), one store. rcu_softirq() and
 *          rcu_core() on an empty list: one load.
 * Not modelled: callback offloading, lazy callbacks, batch limits, kfree_rcu.
 */
import { atomic_add, READ_ONCE, smp_store_mb, smp_store_release } from "../../arch/wasm/atomic";
import { BUG_ON, WARN_ON } from "../../arch/wasm/bug";
import { add_events, EV_RCU_CALLBACK } from "../../arch/wasm/events";
import { FUTEX_TIMED_OUT, futex_wait, futex_wake } from "../../arch/wasm/futex";
import { boot } from "../../arch/wasm/memory";
import { PERCPU_RCU_DATA, per_cpu_ptr, this_cpu_ptr } from "../../arch/wasm/percpu";
import { rcu_invoke } from "../../callbacks";
import { current, resume_wait, set_wait, WAIT_RCU_GP } from "../sched/task";
import {
  rcu_cpu_online,
  rcu_gp_completed,
  rcu_gp_done,
  rcu_gp_snap,
  rcu_gp_wait,
  rcu_is_online,
  rcu_qs,
  rcu_slot_offline,
} from "./qsbr";

export * from "./qsbr";

/** (callback id) A callback, or what it called, tried to sleep (C2). */
export const BUG_RCU_CALLBACK_SLEEPS: u32 = 201;
/** (cpu, callbacks left) rcu_barrier() has waited long for a CPU that does not run its callbacks. */
export const WARN_RCU_BARRIER_STALL: u32 = 202;

/** What call_rcu() needs in the object; lives until its callback runs. */
@unmanaged
@final
export class rcu_head {
  next: u32;
  /** Which function: see callbacks.ts, rcu_invoke(). */
  func: u32;
  /** The grace period that must have ended. */
  gp: u64;
}

@unmanaged
@final
class rcu_data {
  head: u32;
  tail: u32;
  queued: u32;
  /** Also the futex word of rcu_barrier(). */
  done: u32;
  /** Id of the callback that runs now; 0: none. */
  running: u32;
  /** How many rcu_barrier() calls wait for this CPU. */
  barriers: u32;
}

/** Callbacks that a CPU lets wait before it drives a grace period for them (the kernel: 10,000). */
export const QHIMARK: u32 = 256;

export const SIZEOF_RCU_HEAD: u32 = offsetof<rcu_head>();

function this_rcu_data(): rcu_data {
  return changetype<rcu_data>(this_cpu_ptr(PERCPU_RCU_DATA));
}

/**
 * Waits until every reader section that began before the call is over.
 *
 * Context: sleeps; as rcu_gp_wait(). Ordering: full, and against every CPU (O1 to O3).
 */
export function synchronize_rcu(): void {
  rcu_might_sleep();
  rcu_gp_wait(rcu_gp_snap());
}

/**
 * Has callback `func` run with `head` once every reader section that began before the call is over.
 *
 * @param head - inside the object; not queued already
 * @param func - id in rcu_invoke(), not 0
 * Context: any, callbacks and reader sections included; never sleeps. Ordering: full (O1).
 */
export function call_rcu(head: rcu_head, func: u32): void {
  const rdp = this_rcu_data(); // plain from here on: the list is this CPU's own
  head.next = 0;
  head.func = func;
  head.gp = rcu_gp_snap();
  const p = <u32>changetype<usize>(head);
  if (rdp.head === 0) rdp.head = p;
  else changetype<rcu_head>(<usize>rdp.tail).next = p;
  rdp.tail = p;
  smp_store_release(changetype<usize>(rdp) + offsetof<rcu_data>("queued"), rdp.queued + 1);
}

/**
 * Runs this CPU's callbacks, all of them, and waits for the grace periods they need.
 *
 * Context: sleeps if there is a callback; as rcu_gp_wait(). Not from a callback. Ordering: full if
 * there was one.
 */
export function rcu_core(): void {
  const rdp = this_rcu_data();
  if ((rdp.head | rdp.running) !== 0) rcu_core_slowpath(); // plain: this CPU's own
}

export function rcu_core_slowpath(): void {
  rcu_might_sleep();
  const rdp = this_rcu_data();
  while (rdp.head !== 0) {
    rcu_gp_wait(changetype<rcu_head>(<usize>rdp.head).gp);
    rcu_do_batch(rdp);
  }
}

/**
 * Runs those of this CPU's callbacks whose grace period has ended already.
 *
 * Context: operation boundaries, as rcu_qs(); never sleeps. Ordering: none by itself.
 */
export function rcu_softirq(): void {
  const rdp = this_rcu_data();
  if (rdp.head !== 0) rcu_softirq_slowpath(); // plain: this CPU's own
}

export function rcu_softirq_slowpath(): void {
  const rdp = this_rcu_data();
  if (rdp.running === 0 && rcu_gp_done(changetype<rcu_head>(<usize>rdp.head).gp)) {
    rcu_do_batch(rdp);
  }
}

/**
 * The end of a system call: a quiescent state, the callbacks that are ripe, and all of them when there
 * are too many (C6).
 *
 * Context: outside every reader section; sleeps above QHIMARK callbacks. Ordering: as rcu_qs().
 */
export function rcu_user_enter(): void {
  rcu_qs();
  const rdp = this_rcu_data();
  if (rdp.head !== 0) rcu_user_enter_slowpath(); // plain: this CPU's own
}

export function rcu_user_enter_slowpath(): void {
  const rdp = this_rcu_data();
  rcu_softirq();
  if (rdp.queued - rdp.done > QHIMARK) rcu_core(); // plain: this CPU's own
}

/**
 * Takes the CPU out of all grace periods, after its last callback (C3).
 *
 * Context: sleeps if there is a callback; outside every reader section. Ordering: full.
 */
export function rcu_cpu_offline(): void {
  rcu_core();
  rcu_slot_offline();
}

/**
 * Waits until all callbacks have run that any CPU queued before.
 *
 * Context: sleeps; as rcu_gp_wait(). Not from a callback. Ordering: full (O4).
 */
export function rcu_barrier(): void {
  rcu_core(); // our own
  const was_online = rcu_is_online();
  if (was_online) rcu_slot_offline();
  const ncpus = boot().ncpus;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    const rdp = per_cpu_ptr(PERCPU_RCU_DATA, cpu);
    const queued = READ_ONCE(rdp + offsetof<rcu_data>("queued"));
    if (rcu_callbacks_left(rdp, queued) === 0) continue;
    rcu_gp_wait(rcu_gp_snap()); // makes them ripe: that CPU may never wait for a grace period itself
    rcu_wait_for_callbacks(cpu, rdp, queued);
  }
  if (was_online) rcu_cpu_online();
}

/** A sleep, or anything that waits for a grace period, would never end inside a callback. */
function rcu_might_sleep(): void {
  const running = this_rcu_data().running;
  BUG_ON(running !== 0, BUG_RCU_CALLBACK_SLEEPS, running, 0);
}

/** Invokes the ripe prefix, which is not empty. */
function rcu_do_batch(rdp: rcu_data): void {
  const was_online = rcu_is_online();
  if (!was_online) rcu_cpu_online(); // C2: a callback may itself be a reader
  const ripe = rcu_gp_completed();
  let n: u32 = 0;
  while (rdp.head !== 0) {
    const head = changetype<rcu_head>(<usize>rdp.head);
    if (head.gp > ripe) break;
    rdp.head = head.next; // before the call: the callback may free its head, or queue it again
    rdp.running = head.func;
    rcu_invoke(head.func, changetype<usize>(head));
    rdp.running = 0;
    rcu_qs();
    n++;
  }
  add_events(EV_RCU_CALLBACK, n);
  if (!was_online) rcu_slot_offline();
  const done = changetype<usize>(rdp) + offsetof<rcu_data>("done");
  smp_store_mb(done, rdp.done + n); // O4; and pairs with atomic_add() in rcu_wait_for_callbacks()
  if (READ_ONCE(changetype<usize>(rdp) + offsetof<rcu_data>("barriers")) !== 0)
    futex_wake(done, -1);
}

/** How many of the first `queued` callbacks have not returned yet. */
function rcu_callbacks_left(rdp: usize, queued: u32): u32 {
  return max<i32>(<i32>(queued - READ_ONCE(rdp + offsetof<rcu_data>("done"))), 0);
}

function rcu_wait_for_callbacks(cpu: u32, rdp: usize, queued: u32): void {
  const task = current();
  const what = task.wait_what;
  const obj = task.wait_obj;
  const since = task.wait_since;
  const stall = boot().rcu_stall_timeout_ns;
  const done = rdp + offsetof<rcu_data>("done");
  const barriers = rdp + offsetof<rcu_data>("barriers");
  set_wait(WAIT_RCU_GP, cpu);
  atomic_add(1, barriers); // then look at done; rcu_do_batch() stores done, then looks at this
  for (;;) {
    const seen = READ_ONCE(done);
    const left = rcu_callbacks_left(rdp, queued);
    if (left === 0) break;
    const why = futex_wait(done, seen, stall === 0 ? -1 : stall);
    WARN_ON(why === FUTEX_TIMED_OUT, WARN_RCU_BARRIER_STALL, cpu, left);
  }
  atomic_add(-1, barriers);
  resume_wait(what, obj, since);
}
