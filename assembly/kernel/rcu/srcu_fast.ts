// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU-fast — SRCU whose readers have no barrier: a grace period of RCU stands in for it.
 *
 * Source:  srcu_read_lock_fast() and srcu_read_unlock_fast() of kernel/rcu/srcutree.c and
 *          include/linux/srcutree.h (2025): the counters, what a reader does, and that a scan needs a grace
 *          period of RCU. What an updater does is argued from that anew: see Differs.
 *
 * State:   srcu_ctrp (u32): offset, in each CPU's unit, of the srcu_ctr that new readers count on
 *          srcu_ctrs[2], on each CPU: how many sections began and ended there, by rank; they only grow
 *          srcu_gp_seq (u32): odd while a grace period runs, + 2 for each
 *          srcu_gp_waits (u32): 1 from before the flip until the old rank is drained
 *          srcu_gp_mutex: who drives a grace period; behind it the queue on which that one sleeps
 *
 * Rules:   F1  synchronize_srcu_fast() returns after every section that began before it was called has
 *              ended. A section may sleep, although its CPU is offline for RCU then, and may end on
 *              another CPU.
 *          F2  A lock is two steps, the load of srcu_ctrp and the count; so is an unlock, the load of
 *              srcu_gp_waits and the count. Between the two steps there is no quiescent state, nor before
 *              the load of whatever turns a late reader away.
 *          F3  An updater sets srcu_gp_waits, flips srcu_ctrp and waits for one grace period of RCU. After
 *              it nobody counts a lock on the old rank any more, and whoever counts an unlock there does
 *              so by an atomic operation, and wakes the updater.
 *          F4  Who comes after the flip counts on the other rank: readers without end do not hold up an
 *              updater.
 *          F5  Who asks needs a grace period that BEGINS later: whoever was overtaken by a whole one
 *              while it waited for the mutex returns. One at a time drives.
 *          F6  The domain is static: an unlock touches it after it has counted.
 *
 * Ordering: O1  before the updater's stores, srcu_gp_waits and the flip ↔ RCU's O1 and O3 ↔ a reader's next
 *               quiescent state: who locks after it sees all three, and counts on the new rank.
 *           O2  a reader's plain count ↔ RCU's O2 ↔ the updater's look: all locks of the old rank are
 *               counted, and those unlocks that were plain, with all that their sections did.
 *           O3  an unlock's RMW ↔ the updater's load of the same word: the others. A word's later values
 *               are all of RMWs, so the newest one orders all that its CPU did before.
 *           O4  the flip, a release ↔ a reader's load of srcu_ctrp, an acquire: a reader that the updater
 *               does not wait for, because it counts on the new rank before its CPU's quiescent state,
 *               sees what was stored before the flip. What turns it away is loaded after srcu_ctrp.
 *           O5  the RMW that asks, on srcu_gp_seq ↔ the driver's RMW on it: O1 and O4 hold for who shares.
 *
 * Cost:    lock: a load of the domain and a plain increment of the CPU's own counter. unlock: the same. A
 *          grace period: one of RCU, idle or not, and two loads a CPU; while it lasts an unlock costs an
 *          atomic increment and the lock of the queue.
 * Differs: the kernel's reader loads srcu_ctrp without acquire, and its updater waits for a grace period
 *          of RCU and for the rank that is not current before it flips: O4 saves that one, and F3 leaves
 *          nobody on that rank. The kernel's updater looks again and again, a grace period each time; here
 *          an unlock wakes it, for which it has to look at srcu_gp_waits.
 * Not modelled: domains that are freed, call_srcu(), NMI readers, the check that flavours are not mixed.
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_add_return,
  READ_ONCE,
  smp_store_release,
} from "../../arch/wasm/atomic";
import { count_event, EV_SRCU_GP } from "../../arch/wasm/events";
import { boot } from "../../arch/wasm/memory";
import { per_cpu_ptr, this_cpu_ptr } from "../../arch/wasm/percpu";
import { mutex, mutex_init, mutex_lock, mutex_unlock } from "../locking/mutex";
import { need_resched, resume_wait, schedule, WAIT_SRCU_GP } from "../sched/core";
import {
  finish_wait,
  init_wait,
  init_waitqueue_head,
  prepare_to_wait,
  wait_queue_head,
  wake_up_all,
} from "../sched/wait";
import { synchronize_rcu } from "./tree";

/** A domain; behind the fields lie srcu_gp_mutex and the updater's queue. */
@unmanaged
@final
export class srcu_fast_struct {
  srcu_ctrp: u32;
  srcu_gp_waits: u32;
  srcu_gp_seq: u32;
}

/** Counts of the sections of one rank that began and ended on one CPU. */
@unmanaged
@final
export class srcu_ctr {
  srcu_locks: u32;
  srcu_unlocks: u32;
}

const MUTEX: usize = offsetof<srcu_fast_struct>();
const QUEUE: usize = MUTEX + offsetof<mutex>();

export const SIZEOF_SRCU_FAST_STRUCT: u32 = <u32>(QUEUE + offsetof<wait_queue_head>());
/** Both ranks: the offset of them is a multiple of this, so that a flip is an exclusive or. */
export const SIZEOF_SRCU_CTRS: u32 = 2 * <u32>offsetof<srcu_ctr>();
export const OFFSETOF_SRCU_FAST_STRUCT_SRCU_CTRP: u32 = offsetof<srcu_fast_struct>("srcu_ctrp");
export const OFFSETOF_SRCU_FAST_STRUCT_SRCU_GP_WAITS: u32 =
  offsetof<srcu_fast_struct>("srcu_gp_waits");
export const OFFSETOF_SRCU_FAST_STRUCT_SRCU_GP_SEQ: u32 = offsetof<srcu_fast_struct>("srcu_gp_seq");
const UNLOCKS: usize = offsetof<srcu_ctr>("srcu_unlocks");

function ctrp_of(ssp: srcu_fast_struct): usize {
  return changetype<usize>(ssp) + offsetof<srcu_fast_struct>("srcu_ctrp");
}

function waits_of(ssp: srcu_fast_struct): usize {
  return changetype<usize>(ssp) + offsetof<srcu_fast_struct>("srcu_gp_waits");
}

function gp_seq_of(ssp: srcu_fast_struct): usize {
  return changetype<usize>(ssp) + offsetof<srcu_fast_struct>("srcu_gp_seq");
}

function gp_mutex_of(ssp: srcu_fast_struct): mutex {
  return changetype<mutex>(changetype<usize>(ssp) + MUTEX);
}

function queue_of(ssp: srcu_fast_struct): wait_queue_head {
  return changetype<wait_queue_head>(changetype<usize>(ssp) + QUEUE);
}

/**
 * DEFINE_STATIC_SRCU_FAST(): makes a domain with counters that have their own place in each unit.
 *
 * @param ctrs - offset of that place: SIZEOF_SRCU_CTRS bytes, a multiple of that, and zero
 * Context: before the domain is published. Ordering: none.
 */
export function init_static_srcu_fast(ssp: srcu_fast_struct, ctrs: usize): void {
  ssp.srcu_ctrp = <u32>ctrs; // plain: not published yet, as are the next two
  ssp.srcu_gp_waits = 0;
  ssp.srcu_gp_seq = 0;
  mutex_init(gp_mutex_of(ssp));
  init_waitqueue_head(queue_of(ssp));
}

/** The first step of a lock (F2): the offset of the counters to count on. Ordering: acquire (O4). */
export function srcu_fast_ctrp(ssp: srcu_fast_struct): u32 {
  return READ_ONCE(ctrp_of(ssp));
}

/** The second step of a lock (F2). Ordering: none (O2). */
export function srcu_fast_count_lock(scp: u32): void {
  const p = this_cpu_ptr(scp);
  store<u32>(p, load<u32>(p) + 1); // plain: the CPU's own, read by others after a grace period alone
}

/**
 * Begins a section. Nests; it may sleep, but not in synchronize_srcu_fast() of its own domain.
 *
 * @returns what srcu_read_unlock_fast() must be given, by this very entry
 * Context: an online CPU; never sleeps. Ordering: none.
 */
export function srcu_read_lock_fast(ssp: srcu_fast_struct): u32 {
  const scp = srcu_fast_ctrp(ssp);
  srcu_fast_count_lock(scp);
  return scp;
}

/**
 * The first step of an unlock (F2).
 *
 * @returns 0: srcu_fast_count_unlock() is the second; 1: srcu_read_unlock_fast_slowpath() is
 * Ordering: none: an old 0 is seen until the CPU's next quiescent state at most, for which F3 waits.
 */
export function srcu_fast_gp_waits(ssp: srcu_fast_struct): u32 {
  return __READ_ONCE(waits_of(ssp));
}

/** The second step of an unlock while no updater waits. Ordering: none (O2). */
export function srcu_fast_count_unlock(scp: u32): void {
  const p = this_cpu_ptr(scp) + UNLOCKS;
  store<u32>(p, load<u32>(p) + 1); // plain: the CPU's own, read by others after a grace period alone
}

/** The second step of an unlock that an updater may wait for (F3). Ordering: full (O3). */
export function srcu_read_unlock_fast_slowpath(ssp: srcu_fast_struct, scp: u32): void {
  atomic_add(1, this_cpu_ptr(scp) + UNLOCKS);
  wake_up_all(queue_of(ssp));
}

/**
 * Ends the section that returned `scp`, on whatever CPU. Nothing from inside may be used afterwards.
 *
 * Context: an online CPU; never sleeps but for a lock. Ordering: none.
 */
export function srcu_read_unlock_fast(ssp: srcu_fast_struct, scp: u32): void {
  if (srcu_fast_gp_waits(ssp) === 0) srcu_fast_count_unlock(scp);
  else srcu_read_unlock_fast_slowpath(ssp, scp);
}

/** True if the rank is drained. Context: after F3's grace period, while srcu_gp_waits is set. */
function srcu_fast_drained(scp: u32): bool {
  const ncpus = boot().ncpus;
  let open: u32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) {
    const p = per_cpu_ptr(scp, cpu);
    open += READ_ONCE(p) - READ_ONCE(p + UNLOCKS); // O3; the locks are final (F3)
  }
  return open === 0;
}

/** Looks, then sleeps, until the rank is drained. Context: srcu_gp_mutex held; sleeps. */
function srcu_fast_drain(ssp: srcu_fast_struct, scp: u32): void {
  for (let polls = boot().spin_limit; polls !== 0; polls--) {
    if (srcu_fast_drained(scp)) return;
    if (need_resched()) break;
  }
  const wq = queue_of(ssp);
  const entry = init_wait();
  for (;;) {
    prepare_to_wait(wq, entry); // then look; an unlock counts, then looks at the queue
    if (srcu_fast_drained(scp)) break;
    resume_wait(WAIT_SRCU_GP, changetype<usize>(ssp), entry.since); // reports name the domain
    schedule();
  }
  finish_wait(wq, entry);
}

/** One grace period (F3). Context: srcu_gp_mutex held; sleeps. */
function srcu_fast_gp(ssp: srcu_fast_struct): void {
  const old = READ_ONCE(ctrp_of(ssp));
  atomic_add(1, gp_seq_of(ssp)); // O5
  smp_store_release(waits_of(ssp), 1);
  smp_store_release(ctrp_of(ssp), old ^ <u32>offsetof<srcu_ctr>()); // the flip; O4
  synchronize_rcu(); // O1, O2
  srcu_fast_drain(ssp, old);
  smp_store_release(waits_of(ssp), 0);
  atomic_add(1, gp_seq_of(ssp));
  count_event(EV_SRCU_GP);
}

/** What srcu_gp_seq reaches with the first grace period that begins later. */
function srcu_fast_gp_snap(ssp: srcu_fast_struct): u32 {
  const seq = <u32>atomic_add_return(0, gp_seq_of(ssp)); // an RMW, so that the driver reads from it (O5)
  return (seq + 3) & ~1;
}

/**
 * Waits until every section of the domain that began before the call is over. Sections that begin
 * meanwhile may still be open on return: something else must turn them away.
 *
 * Context: sleeps; not inside a section of the domain nor of RCU, nor holding anything that one waits for.
 * Ordering: full, and against every section (O1 to O5).
 */
export function synchronize_srcu_fast(ssp: srcu_fast_struct): void {
  const snap = srcu_fast_gp_snap(ssp);
  mutex_lock(gp_mutex_of(ssp));
  if (<i32>(READ_ONCE(gp_seq_of(ssp)) - snap) < 0) srcu_fast_gp(ssp); // F5
  mutex_unlock(gp_mutex_of(ssp));
}
