// SPDX-License-Identifier: GPL-2.0-only
/**
 * SRCU — RCU in a domain of one's own, whose readers may sleep.
 *
 * Source:  kernel/rcu/srcutree.c, include/linux/srcutree.h (v6.12).
 *
 * State:   srcu_idx (u32): bit 0 is the rank that new readers count on; + 1 for each grace period
 *          srcu_gp_seq (u32)
 *            31                        2 1     0
 *           ├─── grace periods ended ───┼─ state ─┤   0 idle · 1 SCAN1 · 2 SCAN2
 *          srcu_gp_mutex: who drives a grace period
 *          lock_count[2], unlock_count[2] (u32), one set a CPU: how many sections began and ended there,
 *          by rank; they only ever grow, and wrap
 *          SRCU_STATE, shared by all domains: how many updaters are about to sleep, and their wait queue
 *
 * Rules:   S1  synchronize_srcu() returns after every section that began before it was called has ended.
 *              A section may sleep, and may end on another CPU; others have domains of their own.
 *          S2  A rank is drained when its unlocks, summed first, are as many as its locks, summed next:
 *              an unlock that is counted has its lock counted.
 *          S3  SCAN1 waits for the rank that is not current: for who fetched the index before the last
 *              flip, and counted after it. Then the flip; SCAN2 waits for the rank that was current.
 *          S4  Who comes after the flip counts on the other rank: readers without end do not hold up an
 *              updater.
 *          S5  Who asks needs a grace period that BEGINS later: whoever was overtaken by a whole one
 *              while it waited for the mutex returns. One at a time drives.
 *          S6  An updater looks boot_info.spin_limit times, then sleeps until an unlock wakes it, offline
 *              for RCU. An unlock pays for a wake-up only if somebody sleeps.
 *          S7  The count is the last that an unlock touches of the domain: after synchronize_srcu() it
 *              may be freed, if nobody can enter any more.
 *          S8  cleanup_srcu_struct() of a domain in use warns, and leaks it.
 *
 * Ordering: O1  the lock's RMW (barrier B) ↔ the scan's RMW on the same word: a section that the scan
 *               does not count sees what was stored before synchronize_srcu(), even by plain loads. A
 *               load in the scan would not do: nothing would be read from the updater.
 *           O2  the unlock's RMW (barrier C) ↔ the scan's load of it: all that a section did is visible
 *               after the grace period.
 *           O3  the RMW that asks, on srcu_gp_seq ↔ the driver's RMW on it: O1 holds for who shares.
 *           O4  an unlock counts, then looks for sleepers; an updater says that it sleeps, then looks at
 *               the counts. All four are seq-cst: one of the two sees the other.
 *
 * Cost:    lock: two loads and an RMW on the CPU's own line. unlock: the same RMW, and a load of a line
 *          that only sleeping updaters write. A grace period: two scans, 4 accesses a CPU each; by O1
 *          it takes each CPU's line for a moment.
 * Differs: a scan sleeps on a wake-up, and not for jiffies; it writes (O1).
 * Not modelled: call_srcu(), srcu_barrier(), the node tree, NMI readers, expediting.
 */
import {
  __READ_ONCE,
  atomic_add,
  atomic_add_return,
  atomic_fetch_add,
  READ_ONCE,
} from "../../arch/wasm/atomic";
import { WARN_ON } from "../../arch/wasm/bug";
import { ENOMEM } from "../../arch/wasm/errno";
import { count_event, EV_SRCU_GP } from "../../arch/wasm/events";
import { boot, SRCU_STATE } from "../../arch/wasm/memory";
import { per_cpu_ptr, this_cpu_ptr } from "../../arch/wasm/percpu";
import { alloc_percpu, free_percpu } from "../../mm/percpu";
import { mutex, mutex_init, mutex_lock, mutex_unlock } from "../locking/mutex";
import { need_resched, resume_wait, schedule, WAIT_SRCU_GP } from "../sched/core";
import {
  finish_wait,
  init_wait,
  prepare_to_wait,
  wait_queue_head,
  wake_up_all,
} from "../sched/wait";

/** (domain, sections that have not ended) */
export const WARN_SRCU_CLEANUP_WITH_READERS: u32 = 203;
/** (domain, srcu_gp_seq) */
export const WARN_SRCU_CLEANUP_DURING_GP: u32 = 204;

export const SRCU_STATE_IDLE: u32 = 0;
export const SRCU_STATE_SCAN1: u32 = 1;
export const SRCU_STATE_SCAN2: u32 = 2;
const SEQ_STATE_MASK: u32 = 3;

/** A domain; behind the fields lies srcu_gp_mutex. */
@unmanaged
@final
export class srcu_struct {
  srcu_idx: u32;
  /** Offset of the CPUs' srcu_data in their units. */
  sda: u32;
  srcu_gp_seq: u32;
}

/** Counts of the sections that began and ended on one CPU. */
@unmanaged
@final
export class srcu_data {
  lock_count: u32;
  lock_count_1: u32;
  unlock_count: u32;
  unlock_count_1: u32;
}

export const SIZEOF_SRCU_STRUCT: u32 = <u32>(offsetof<srcu_struct>() + offsetof<mutex>());
export const SIZEOF_SRCU_DATA: u32 = offsetof<srcu_data>();
export const OFFSETOF_SRCU_STRUCT_SRCU_IDX: u32 = offsetof<srcu_struct>("srcu_idx");
export const OFFSETOF_SRCU_STRUCT_SRCU_GP_SEQ: u32 = offsetof<srcu_struct>("srcu_gp_seq");
export const OFFSETOF_SRCU_STRUCT_SDA: u32 = offsetof<srcu_struct>("sda");
export const OFFSETOF_SRCU_DATA_LOCK_COUNT: u32 = offsetof<srcu_data>("lock_count");
export const OFFSETOF_SRCU_DATA_UNLOCK_COUNT: u32 = offsetof<srcu_data>("unlock_count");

// Never freed (S7); zero is a valid state of both.
const NR_SLEEPERS: usize = SRCU_STATE;
const SLEEPERS: usize = SRCU_STATE + 8;

function idx_of(ssp: srcu_struct): usize {
  return changetype<usize>(ssp) + offsetof<srcu_struct>("srcu_idx");
}

function gp_seq_of(ssp: srcu_struct): usize {
  return changetype<usize>(ssp) + offsetof<srcu_struct>("srcu_gp_seq");
}

function gp_mutex_of(ssp: srcu_struct): mutex {
  return changetype<mutex>(changetype<usize>(ssp) + offsetof<srcu_struct>());
}

/** Offset in a unit of the locks of a rank. */
function lock_count(ssp: srcu_struct, idx: u32): usize {
  return <usize>(ssp.sda + (idx << 2)); // plain: constant since the domain was initialised
}

/** Offset in a unit of the unlocks of a rank. */
function unlock_count(ssp: srcu_struct, idx: u32): usize {
  return lock_count(ssp, idx) + offsetof<srcu_data>("unlock_count");
}

/**
 * DEFINE_STATIC_SRCU(): makes a domain with counters that have their own place in each unit.
 *
 * @param sda - offset of that place, SIZEOF_SRCU_DATA bytes, zero
 * Context: before the domain is published; cleanup_srcu_struct() is not for it. Ordering: none.
 */
export function init_static_srcu_struct(ssp: srcu_struct, sda: usize): void {
  ssp.srcu_idx = 0; // plain: not published yet, as are the next two
  ssp.sda = <u32>sda;
  ssp.srcu_gp_seq = 0;
  mutex_init(gp_mutex_of(ssp));
}

/**
 * Makes a domain.
 *
 * @param ssp - SIZEOF_SRCU_STRUCT bytes
 * @returns 0, or -ENOMEM
 * Context: before the domain is published; may sleep in the kernel. Ordering: none.
 */
export function init_srcu_struct(ssp: srcu_struct): i32 {
  const sda = alloc_percpu(SIZEOF_SRCU_DATA);
  if (sda === 0) return -ENOMEM;
  init_static_srcu_struct(ssp, sda);
  return 0;
}

/**
 * Frees what init_srcu_struct() took; warns and leaks it while a section is open, or a grace period
 * runs (S8).
 *
 * Context: nobody enters any more, nobody waits; never sleeps but for a lock. Ordering: none.
 */
export function cleanup_srcu_struct(ssp: srcu_struct): void {
  const p = <u32>changetype<usize>(ssp);
  const readers = srcu_readers_active(ssp);
  const seq = READ_ONCE(gp_seq_of(ssp));
  if (WARN_ON(readers !== 0, WARN_SRCU_CLEANUP_WITH_READERS, p, readers)) return;
  if (WARN_ON((seq & SEQ_STATE_MASK) !== 0, WARN_SRCU_CLEANUP_DURING_GP, p, seq)) return;
  free_percpu(ssp.sda, SIZEOF_SRCU_DATA);
  ssp.sda = 0; // plain: nobody uses the domain, see Context
}

/**
 * Begins a section. Nests; the section may sleep, but not in synchronize_srcu() of its own domain.
 *
 * @returns what srcu_read_unlock() must be given, by this very entry: never to be kept where another
 *          entry keeps its own
 * Context: any; never sleeps. Ordering: full (O1): barrier B.
 */
export function srcu_read_lock(ssp: srcu_struct): u32 {
  const idx = __READ_ONCE(idx_of(ssp)) & 1; // an old one counts on a rank that is scanned too (S3)
  atomic_add(1, this_cpu_ptr(lock_count(ssp, idx)));
  return idx;
}

/**
 * The first half of srcu_read_unlock(), without a call.
 *
 * @returns 0: that was all; else somebody may sleep until it, and srcu_wake_slowpath() is left to do
 * Context: any; never sleeps. Ordering: full (O2, O4): barrier C.
 */
export function __srcu_read_unlock(ssp: srcu_struct, idx: u32): u32 {
  atomic_add(1, this_cpu_ptr(unlock_count(ssp, idx))); // S7
  return READ_ONCE(NR_SLEEPERS); // O4: pairs with srcu_wait_for_unlock()
}

/**
 * Ends the section that returned `idx`, on whatever CPU. Nothing from inside may be used afterwards.
 *
 * Context: any; never sleeps. Ordering: full (O2): barrier C.
 */
export function srcu_read_unlock(ssp: srcu_struct, idx: u32): void {
  if (__srcu_read_unlock(ssp, idx) !== 0) srcu_wake_slowpath();
}

/** Wakes every updater that sleeps, of whatever domain: it looks again. Context: any. Ordering: full. */
export function srcu_wake_slowpath(): void {
  wake_up_all(changetype<wait_queue_head>(SLEEPERS));
}

/** Unlocks of a rank, on all CPUs. Ordering: acquire on each (O2). */
function srcu_readers_unlock_idx(ssp: srcu_struct, idx: u32): u32 {
  const ncpus = boot().ncpus;
  const at = unlock_count(ssp, idx);
  let sum: u32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) sum += READ_ONCE(per_cpu_ptr(at, cpu));
  return sum;
}

/** Locks of a rank, on all CPUs. Ordering: full on each: an RMW that adds nothing (O1). */
function srcu_readers_lock_idx(ssp: srcu_struct, idx: u32): u32 {
  const ncpus = boot().ncpus;
  const at = lock_count(ssp, idx);
  let sum: u32 = 0;
  for (let cpu: u32 = 0; cpu < ncpus; cpu++) sum += atomic_fetch_add(0, per_cpu_ptr(at, cpu));
  return sum;
}

/** True if the rank is drained (S2). The kernel's barrier A is in the order of these accesses. */
function srcu_readers_active_idx_check(ssp: srcu_struct, idx: u32): bool {
  const unlocks = srcu_readers_unlock_idx(ssp, idx);
  return srcu_readers_lock_idx(ssp, idx) === unlocks;
}

/** Sections that have not ended, of both ranks. Context: any; a hint. Ordering: none. */
export function srcu_readers_active(ssp: srcu_struct): u32 {
  const unlocks = srcu_readers_unlock_idx(ssp, 0) + srcu_readers_unlock_idx(ssp, 1);
  return srcu_readers_lock_idx(ssp, 0) + srcu_readers_lock_idx(ssp, 1) - unlocks;
}

/** Sleeps until the rank is drained (S6). */
function srcu_wait_for_unlock(ssp: srcu_struct, idx: u32): void {
  const wq = changetype<wait_queue_head>(SLEEPERS);
  const entry = init_wait();
  atomic_add(1, NR_SLEEPERS); // O4: then look; pairs with srcu_read_unlock()
  for (;;) {
    prepare_to_wait(wq, entry);
    if (srcu_readers_active_idx_check(ssp, idx)) break;
    resume_wait(WAIT_SRCU_GP, changetype<usize>(ssp), entry.since); // reports name the domain
    schedule();
  }
  finish_wait(wq, entry);
  atomic_add(-1, NR_SLEEPERS);
}

/** Looks, then sleeps, until the rank is drained. */
function srcu_drain(ssp: srcu_struct, idx: u32): void {
  for (let polls = boot().spin_limit; polls !== 0; polls--) {
    if (srcu_readers_active_idx_check(ssp, idx)) return;
    if (need_resched()) break;
  }
  srcu_wait_for_unlock(ssp, idx);
}

/** One grace period (S3). Context: srcu_gp_mutex held; sleeps. */
function srcu_gp(ssp: srcu_struct): void {
  const current = READ_ONCE(idx_of(ssp)) & 1;
  atomic_add(1, gp_seq_of(ssp)); // SCAN1; O3
  srcu_drain(ssp, current ^ 1);
  atomic_add(1, idx_of(ssp)); // the flip; barriers E and D
  atomic_add(1, gp_seq_of(ssp)); // SCAN2
  srcu_drain(ssp, current);
  atomic_add(SEQ_STATE_MASK - SRCU_STATE_SCAN2 + 1, gp_seq_of(ssp)); // idle, and one more has ended
  count_event(EV_SRCU_GP);
}

/** rcu_seq_snap(): what srcu_gp_seq reaches with the first grace period that begins later. */
function srcu_gp_snap(ssp: srcu_struct): u32 {
  const seq = <u32>atomic_add_return(0, gp_seq_of(ssp)); // an RMW, so that the driver reads from it (O3)
  return (seq + 2 * SEQ_STATE_MASK + 1) & ~SEQ_STATE_MASK;
}

/**
 * Waits until every section of the domain that began before the call is over. Sections that begin
 * meanwhile may still be open on return: something else must turn them away.
 *
 * Context: sleeps; not inside a section of the domain, nor holding anything that one waits for.
 * Ordering: full, and against every section (O1 to O3).
 */
export function synchronize_srcu(ssp: srcu_struct): void {
  const snap = srcu_gp_snap(ssp);
  mutex_lock(gp_mutex_of(ssp));
  if (<i32>(READ_ONCE(gp_seq_of(ssp)) - snap) < 0) srcu_gp(ssp); // S5
  mutex_unlock(gp_mutex_of(ssp));
}
