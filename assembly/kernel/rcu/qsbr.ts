// SPDX-License-Identifier: GPL-2.0-only
/**
 * RCU by quiescent states: readers, and the grace period that waits for them.
 *
 * Source:  the guarantee of kernel/rcu/tree.c (v6.12, non-preemptible), by the algorithm of
 *          userspace-rcu's urcu-qsbr, 64-bit form.
 *
 * State:   gp_seq (u64, shared, on a line of its own): odd, + 2 for each grace period
 *          slot (u64, one a CPU, on that CPU's line)
 *             0            offline: no reader here, whatever the CPU does
 *             === gp_seq   online, and quiescent since the newest grace period began
 *             else         online, holds up the newest grace period
 *          completed (u64): the newest grace period that ended; === gp_seq when none runs
 *          gp_lock (u32): 0, or cpu + 1 of the one updater that drives a grace period
 *
 * Rules:   Q1  A reader section has no cost and no bounds of its own: it lies between two quiescent
 *              states of a CPU that is online. rcu_qs() is never called inside one.
 *          Q2  Only the CPU itself writes its slot.
 *          Q3  A grace period ends only after every CPU's slot was seen 0 or equal to its number.
 *          Q4  Who asks needs a grace period that BEGINS later: number gp_seq + 2 at the time. Whoever
 *              needs the same number shares it; one updater at a time drives.
 *          Q5  Going online loads gp_seq again after the slot is stored, until both agree: before that
 *              nothing protected is touched.
 *          Q6  An updater that sleeps does so on the waiting word of the one CPU it waits for. A CPU
 *              pays a notify only if that word is set.
 *          Q7  An updater is offline for as long as it waits, and online again after it if it was.
 *          Q8  A grace period older than boot_info.rcu_stall_timeout_ns is reported once in each such
 *              period, naming every CPU that holds it up.
 *
 * Ordering: O1  rcu_gp_snap()'s RMW on gp_seq ↔ the driver's RMW on it: what the updater stored before
 *               it asked is visible to every section that begins after the grace period began.
 *           O2  the slot's store in rcu_qs()/offline ↔ the driver's load of it, and completed's store ↔
 *               the requester's load: all that a section did is visible after the grace period.
 *           O3  the driver's RMW on gp_seq ↔ the CPU's load of it in rcu_qs() or, with Q5, in
 *               rcu_cpu_online(): a section that outlives the grace period sees O1's stores, even by
 *               plain loads. An atomic slot store alone would not do: the plain loads behind it may be
 *               stale.
 *
 * Cost:    rcu_qs() with nothing to report: two loads and a compare. A report: one store, one load.
 *          A grace period: one RMW and a load for each CPU, plus the readers' time to report.
 * Not modelled: preemptible readers, nesting counts, expedited grace periods, idle-tick detection.
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_cmpxchg_acquire,
  atomic64_add_return,
  READ_ONCE,
  READ_ONCE64,
  smp_store_mb,
  smp_store_mb64,
  smp_store_release,
  smp_store_release64,
} from "../../arch/wasm/atomic";
import { WARN_ON } from "../../arch/wasm/bug";
import { ktime_get } from "../../arch/wasm/clock";
import { count_event, EV_RCU_GP, EV_RCU_ONLINE_RETRY, EV_RCU_STALL } from "../../arch/wasm/events";
import { futex_wait, futex_wake } from "../../arch/wasm/futex";
import { boot, RCU_STATE } from "../../arch/wasm/memory";
import {
  PERCPU_RCU_SLOT,
  per_cpu_ptr,
  smp_processor_id,
  this_cpu_ptr,
} from "../../arch/wasm/percpu";
import { current, resume_wait, set_wait, WAIT_RCU_GP } from "../sched/task";

/** (cpu, grace period): the CPU has not been quiescent for too long. */
export const WARN_RCU_STALL: u32 = 200;

const GP_ONLINE: u64 = 1; // gp_seq's first value: makes it differ from an offline slot for ever
const GP_CTR: u64 = 2;

const GP_SEQ: usize = RCU_STATE;

/** What only updaters touch, away from gp_seq's line. */
@unmanaged
@final
export class rcu_state {
  completed: u64;
  gp_lock: u32;
  /** Sharers asleep, by rcu_bucket() of the grace period they need: who counts is about to sleep. */
  waiters: u32;
  waiters_odd: u32;
  /** Futex words of the same two buckets: bumped by each wake-up. */
  wakeups: u32;
  wakeups_odd: u32;
}

/** A CPU's line, at PERCPU_RCU_SLOT. */
@unmanaged
@final
export class rcu_slot {
  slot: u64;
  /** Futex word: 1 while an updater sleeps until this CPU reports. */
  waiting: u32;
}

const STATE: usize = RCU_STATE + 128;
const COMPLETED: usize = STATE + offsetof<rcu_state>("completed");
const GP_LOCK: usize = STATE + offsetof<rcu_state>("gp_lock");
const WAITERS: usize = STATE + offsetof<rcu_state>("waiters");
const WAKEUPS: usize = STATE + offsetof<rcu_state>("wakeups");
const WAITING: usize = offsetof<rcu_slot>("waiting");

export const RCU_GP_SEQ: u32 = <u32>GP_SEQ;
export const RCU_COMPLETED: u32 = <u32>COMPLETED;
export const RCU_GP_LOCK: u32 = <u32>GP_LOCK;

/** Context: once, at boot. Ordering: none; other CPUs start later. */
export function rcu_init(): void {
  smp_store_mb64(GP_SEQ, GP_ONLINE);
  smp_store_mb64(COMPLETED, GP_ONLINE);
}

function rcu_my_slot(): u64 {
  return load<u64>(this_cpu_ptr(PERCPU_RCU_SLOT)); // plain: written by this CPU alone (Q2)
}

/** True while grace periods wait for this CPU. Context: any. Ordering: none. */
export function rcu_is_online(): bool {
  return rcu_my_slot() !== 0;
}

/** True if a grace period waits for this CPU now. Context: any; never sleeps. Ordering: none. */
export function rcu_need_qs(): bool {
  const mine = rcu_my_slot();
  return mine !== READ_ONCE64(GP_SEQ) && mine !== 0;
}

/**
 * A hint whether rcu_need_qs(), for a hot loop that ends soon by itself, with rcu_qs() behind it: it may say
 * no for as long as the loop lasts, for the load is plain and of the lower halves, and yes on an offline CPU.
 *
 * @returns 0 for no; one value that a loop can join to what else would end it
 * Context: any; never sleeps. Ordering: none.
 */
export function rcu_qs_hint(): u32 {
  return load<u32>(this_cpu_ptr(PERCPU_RCU_SLOT)) ^ __READ_ONCE(GP_SEQ); // plain: as rcu_my_slot()
}

/** Marks the begin of a reader section for the eye; costs nothing. Context: the CPU is online (Q1). */
export function rcu_read_lock(): void {}

/** Marks its end. Nothing from inside may be used after the next rcu_qs(). Ordering: none. */
export function rcu_read_unlock(): void {}

/**
 * Reports a quiescent state, if a grace period waits for one. Does nothing on an offline CPU.
 *
 * Context: operation boundaries, outside every reader section; never sleeps. Ordering: full if there
 * was something to report (O2, O3), else none.
 */
export function rcu_qs(): void {
  const gp = READ_ONCE64(GP_SEQ);
  if (gp !== rcu_my_slot()) rcu_qs_slowpath(gp);
}

/** The report itself; `gp` is what rcu_qs() loaded. Context, Ordering: as rcu_qs(). */
export function rcu_qs_slowpath(gp: u64): void {
  if (!rcu_is_online()) return;
  const slot = this_cpu_ptr(PERCPU_RCU_SLOT);
  smp_store_mb64(slot, gp); // O2: pairs with rcu_cpu_quiescent()
  rcu_wake_updater(slot);
}

/** Q6. The slot's store and this load, against the updater's store and load: one of us sees the other. */
function rcu_wake_updater(slot: usize): void {
  if (READ_ONCE(slot + WAITING) === 0) return;
  smp_store_release(slot + WAITING, 0);
  futex_wake(slot + WAITING, 1);
}

/**
 * Makes the CPU a possible reader: grace periods wait for it from here on.
 *
 * Context: any; never sleeps. Ordering: full: what grace periods that have ended published is visible.
 */
export function rcu_cpu_online(): void {
  const slot = this_cpu_ptr(PERCPU_RCU_SLOT);
  let gp = READ_ONCE64(GP_SEQ);
  for (;;) {
    smp_store_mb64(slot, gp);
    const now = READ_ONCE64(GP_SEQ); // Q5
    if (now === gp) break;
    gp = now;
    count_event(EV_RCU_ONLINE_RETRY);
  }
  rcu_wake_updater(slot);
}

/** Takes the CPU out of all grace periods. Context: outside every reader section. Ordering: full (O2). */
export function rcu_slot_offline(): void {
  const slot = this_cpu_ptr(PERCPU_RCU_SLOT);
  smp_store_mb64(slot, 0);
  rcu_wake_updater(slot);
}

/**
 * The number of the grace period that covers everything up to here.
 *
 * Context: any; never sleeps. Ordering: full; an RMW, and not a load, so that the driver's RMW reads
 * from it (O1).
 */
export function rcu_gp_snap(): u64 {
  return atomic64_add_return(0, GP_SEQ) + GP_CTR;
}

/** The newest grace period that has ended. Context: any; never sleeps. Ordering: acquire (O2). */
export function rcu_gp_completed(): u64 {
  return READ_ONCE64(COMPLETED);
}

/** True once grace period `gp` has ended. Context: any; never sleeps. Ordering: acquire if true (O2). */
export function rcu_gp_done(gp: u64): bool {
  return rcu_gp_completed() >= gp;
}

/**
 * Returns once grace period `gp` (from rcu_gp_snap()) has ended: shares one or drives one.
 *
 * Context: sleeps; outside every reader section, holding nothing that a reader waits for without
 * going offline. Ordering: full.
 */
export function rcu_gp_wait(gp: u64): void {
  if (rcu_gp_done(gp)) return;
  const task = current();
  const what = task.wait_what;
  const obj = task.wait_obj;
  const since = task.wait_since;
  const was_online = rcu_is_online();
  if (was_online) rcu_slot_offline(); // Q7
  while (!rcu_gp_done(gp)) {
    if (atomic_cmpxchg_acquire(GP_LOCK, 0, smp_processor_id() + 1) !== 0) {
      rcu_wait_for_driver(gp);
      continue;
    }
    if (!rcu_gp_done(gp)) rcu_gp();
    rcu_gp_unlock();
  }
  resume_wait(what, obj, since);
  if (was_online) rcu_cpu_online();
}

/** One grace period. Context: gp_lock held, offline; sleeps. */
function rcu_gp(): void {
  const gp = atomic64_add_return(GP_CTR, GP_SEQ); // O1, O3
  const ncpus = boot().ncpus;
  let polls = boot().spin_limit;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    while (!rcu_cpu_quiescent(cpu, gp)) {
      if (polls === 0) {
        rcu_wait_for_cpu(cpu, gp);
        break;
      }
      polls--;
    }
  }
  smp_store_release64(COMPLETED, gp);
  count_event(EV_RCU_GP);
}

/** Q3. Ordering: acquire if true (O2). */
function rcu_cpu_quiescent(cpu: u32, gp: u64): bool {
  const slot = READ_ONCE64(per_cpu_ptr(PERCPU_RCU_SLOT, cpu));
  return slot === gp || slot === 0;
}

function rcu_wait_for_cpu(cpu: u32, gp: u64): void {
  const waiting = per_cpu_ptr(PERCPU_RCU_SLOT, cpu) + WAITING;
  const stall = boot().rcu_stall_timeout_ns;
  let report = set_wait(WAIT_RCU_GP, cpu) + stall;
  for (;;) {
    smp_store_mb(waiting, 1); // Q6: then look again
    if (rcu_cpu_quiescent(cpu, gp)) break;
    const now = stall === 0 ? 0 : ktime_get();
    futex_wait(waiting, 1, stall === 0 ? -1 : now < report ? <i64>(report - now) : 0);
    if (rcu_cpu_quiescent(cpu, gp)) break;
    if (stall !== 0 && ktime_get() >= report) {
      rcu_report_stall(gp);
      report = ktime_get() + stall;
    }
  }
  smp_store_release(waiting, 0);
}

/** Q8. */
function rcu_report_stall(gp: u64): void {
  const ncpus = boot().ncpus;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    if (rcu_cpu_quiescent(cpu, gp)) continue;
    WARN_ON(true, WARN_RCU_STALL, cpu, <u32>gp);
    count_event(EV_RCU_STALL);
  }
}

/** Grace periods alternate between two sets of sleepers: those that end, and those that begin next. */
function rcu_bucket(gp: u64): usize {
  return (<usize>(gp & GP_CTR)) << 1;
}

/** Polls, then sleeps, until `gp` has ended or the lock is free; may return early. */
function rcu_wait_for_driver(gp: u64): void {
  let polls = boot().spin_limit;
  while (!rcu_gp_done(gp)) {
    const driver = READ_ONCE(GP_LOCK);
    if (driver === 0) return;
    if (polls-- > 0) continue;
    const bucket = rcu_bucket(gp);
    set_wait(WAIT_RCU_GP, driver - 1);
    atomic_add(1, WAITERS + bucket);
    const seen = READ_ONCE(WAKEUPS + bucket);
    // Against rcu_gp_unlock(): it frees the lock, then looks for waiters; we count, then look at it.
    if (READ_ONCE(GP_LOCK) !== 0 && !rcu_gp_done(gp)) futex_wait(WAKEUPS + bucket, seen, -1);
    atomic_add(-1, WAITERS + bucket);
    return;
  }
}

/** Frees the lock; wakes all who share what has ended, and one who will drive the next. */
function rcu_gp_unlock(): void {
  const ended = rcu_gp_completed(); // while it is still ours: the next driver moves it on
  smp_store_mb(GP_LOCK, 0); // pairs with atomic_add() in rcu_wait_for_driver()
  rcu_wake_sharers(rcu_bucket(ended), -1);
  rcu_wake_sharers(rcu_bucket(ended + GP_CTR), 1);
}

function rcu_wake_sharers(bucket: usize, nr: i32): void {
  if (READ_ONCE(WAITERS + bucket) === 0) return;
  atomic_add(1, WAKEUPS + bucket);
  futex_wake(WAKEUPS + bucket, nr);
}
