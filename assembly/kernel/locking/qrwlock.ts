// SPDX-License-Identifier: GPL-2.0-only
/**
 * qrwlock — queued reader/writer lock: many readers or one writer; spins, in a queue.
 *
 * Source:  include/asm-generic/qrwlock.h, qrwlock_types.h, kernel/locking/qrwlock.c (v6.12).
 *
 * State:   cnts (u32)
 *            31                   9   8   7      0
 *           ├─── reader count ────┼ WT ┼── WL ──┤
 *            WL writer locked: 0xff or 0 · WT the writer that is first in the queue waits
 *          wait_lock: the queue; who has it is first
 *
 * Rules:   W1  One writer, or readers, or nobody. A reader count beside WL is readers that will back out,
 *              or the first in the queue, which waits for the writer to go.
 *          W2  A reader adds its bias first and looks after: it is in if it met neither WL nor WT.
 *          W3  Or else it takes the bias out, queues, adds it again as the first, and is in once WL is
 *              clear. WT is then clear as well, for only the first sets it.
 *          W4  A writer that does not find the word 0 queues. As the first it sets WT, which turns new
 *              readers away, and is in when nothing but WT is left, by a compare-exchange.
 *          W5  So whoever queues is passed by those alone who were before it, and by readers or writers
 *              that come while the first in the queue is no writer: readers join readers, and a writer
 *              that finds the word 0 has it.
 *          W6  A trylock never waits, and leaves no trace when it fails.
 *
 * Ordering: O1  A reader acquires from the writer before it: by its add, or by the look that finds WL clear.
 *           O2  A writer acquires from all before it: by its compare-exchange.
 *           O3  Unlocking releases.
 *
 * Cost:    read side, uncontended: 1 + 1 RMW; write side the same.
 * Differs: a writer that unlocks subtracts, where the kernel stores the byte of WL: wasm orders accesses of
 *          one width only. The queue's lock is a ticket lock, where x86 has a queued spinlock: as fair.
 * Not modelled: readers in interrupts, which do not mind WT.
 */
import {
  atomic_add,
  atomic_add_return_acquire,
  atomic_cmpxchg_acquire,
  atomic_or,
  atomic_read,
  atomic_set,
  atomic_sub_return_release,
  READ_ONCE,
  smp_load_acquire,
} from "../../arch/wasm/atomic";
import { WAIT_QRWLOCK_READ, WAIT_QRWLOCK_WRITE } from "../sched/task";
import { spin_relax } from "./spin_wait";
import { arch_spin_lock, arch_spin_unlock, arch_spinlock } from "./ticket_spinlock";

export const _QW_WAITING: i32 = 0x100;
export const _QW_LOCKED: i32 = 0x0ff;
export const _QW_WMASK: i32 = 0x1ff;
export const _QR_SHIFT: i32 = 9;
export const _QR_BIAS: i32 = 1 << _QR_SHIFT;

/** Behind it: the arch_spinlock of the queue. */
@unmanaged
@final
export class qrwlock {
  cnts: u32;
}

export const OFFSETOF_QRWLOCK_CNTS: u32 = offsetof<qrwlock>("cnts");
/** With the queue's lock. */
export const QRWLOCK_BYTES: u32 = offsetof<qrwlock>() + offsetof<arch_spinlock>();
export const QRWLOCK_WAIT_LOCK: u32 = offsetof<qrwlock>();

function cnts_of(lock: qrwlock): usize {
  return changetype<usize>(lock) + offsetof<qrwlock>("cnts");
}

function wait_lock_of(lock: qrwlock): arch_spinlock {
  return changetype<arch_spinlock>(changetype<usize>(lock) + QRWLOCK_WAIT_LOCK);
}

/** Context: before the lock is published; zeroed memory needs no call. Ordering: none. */
export function qrwlock_init(lock: qrwlock): void {
  atomic_set(cnts_of(lock), 0);
  wait_lock_of(lock).next = 0; // plain: not published yet, as is the next
  wait_lock_of(lock).owner = 0;
}

/**
 * The reader's fast path, first piece of two: adds the bias.
 *
 * @returns the new word: for queued_read_acquired()
 * Context: never waits. Ordering: acquire (O1).
 */
export function queued_read_add(lock: qrwlock): i32 {
  return atomic_add_return_acquire(_QR_BIAS, cnts_of(lock));
}

/** Second piece: did the add take the lock (W2)? If not, queued_read_lock_slowpath(). Context: any. */
export function queued_read_acquired(cnts: i32): bool {
  return (cnts & _QW_WMASK) === 0;
}

/** W3. Context: the bias is in; else as queued_read_lock(). Ordering: acquire (O1). */
export function queued_read_lock_slowpath(lock: qrwlock): void {
  atomic_add(-_QR_BIAS, cnts_of(lock));
  arch_spin_lock(wait_lock_of(lock));
  atomic_add(_QR_BIAS, cnts_of(lock));
  let looks: u32 = 0;
  for (;;) {
    const cnts = smp_load_acquire(cnts_of(lock));
    if ((cnts & _QW_LOCKED) === 0) break;
    looks = spin_relax(cnts_of(lock), cnts, looks, WAIT_QRWLOCK_READ);
  }
  arch_spin_unlock(wait_lock_of(lock));
}

/** Takes the lock for reading. Context: spins, outside every RCU reader; not recursive. Ordering: acquire. */
export function queued_read_lock(lock: qrwlock): void {
  if (!queued_read_acquired(queued_read_add(lock))) queued_read_lock_slowpath(lock);
}

/** @returns true with the lock held for reading (W6). Context: never waits. Ordering: acquire if true. */
export function queued_read_trylock(lock: qrwlock): bool {
  if (!queued_read_acquired(atomic_read(cnts_of(lock)))) return false;
  if (queued_read_acquired(queued_read_add(lock))) return true;
  atomic_add(-_QR_BIAS, cnts_of(lock));
  return false;
}

/** Gives up a read lock. Context: a reader; never waits. Ordering: release (O3). */
export function queued_read_unlock(lock: qrwlock): void {
  atomic_sub_return_release(_QR_BIAS, cnts_of(lock));
}

/** W4. Context: as queued_write_lock(). Ordering: acquire (O2). */
export function queued_write_lock_slowpath(lock: qrwlock): void {
  arch_spin_lock(wait_lock_of(lock));
  if (!queued_write_trylock(lock)) {
    atomic_or(_QW_WAITING, cnts_of(lock));
    let looks: u32 = 0;
    for (;;) {
      const cnts = <i32>READ_ONCE(cnts_of(lock));
      if (cnts !== _QW_WAITING) {
        looks = spin_relax(cnts_of(lock), cnts, looks, WAIT_QRWLOCK_WRITE);
      } else if (atomic_cmpxchg_acquire(cnts_of(lock), _QW_WAITING, _QW_LOCKED) === _QW_WAITING) {
        break;
      }
    }
  }
  arch_spin_unlock(wait_lock_of(lock));
}

/** Takes the lock for writing. Context: spins, outside every RCU reader; not recursive. Ordering: acquire. */
export function queued_write_lock(lock: qrwlock): void {
  if (atomic_cmpxchg_acquire(cnts_of(lock), 0, _QW_LOCKED) !== 0) queued_write_lock_slowpath(lock);
}

/** @returns true with the lock held for writing (W6). Context: never waits. Ordering: acquire if true. */
export function queued_write_trylock(lock: qrwlock): bool {
  if (atomic_read(cnts_of(lock)) !== 0) return false;
  return atomic_cmpxchg_acquire(cnts_of(lock), 0, _QW_LOCKED) === 0;
}

/** Gives up the write lock. Context: its holder; never waits. Ordering: release (O3). */
export function queued_write_unlock(lock: qrwlock): void {
  atomic_sub_return_release(_QW_LOCKED, cnts_of(lock));
}
