// SPDX-License-Identifier: GPL-2.0-only
/**
 * locktorture — writers and readers of one lock, who notice when it does not exclude.
 *
 * Source:  kernel/locking/locktorture.c (v6.12): the two flags. The pair of words is added: it shows a
 *          lost update and a read of a half-done one.
 *
 * State:   torture_data: write_held and read_held say who is inside; a and b are equal outside of a
 *          write section, and count the sections.
 *
 * Rules:   T1  A writer that finds write_held or read_held set, and a reader that finds write_held set,
 *              counts an error.
 *          T2  So does whoever finds a !== b.
 *          T3  After n write sections in all, a === b === n.
 *          T4  TORTURE_LOCK_BUSTED does nothing, and must be caught.
 *
 * Cost:    the flags are atomic, the pair is plain on purpose.
 */
import { atomic_add, atomic_read, READ_ONCE, xchg } from "../arch/wasm/atomic";
import {
  ld_semaphore,
  ldsem_down_read,
  ldsem_down_write,
  ldsem_up_read,
  ldsem_up_write,
} from "../drivers/tty/tty_ldsem";
import { mutex, mutex_lock, mutex_unlock } from "../kernel/locking/mutex";
import { osq_lock, osq_unlock } from "../kernel/locking/osq_lock";
import {
  qrwlock,
  queued_read_lock,
  queued_read_unlock,
  queued_write_lock,
  queued_write_unlock,
} from "../kernel/locking/qrwlock";
import {
  down_read,
  down_write,
  downgrade_write,
  rw_semaphore,
  up_read,
  up_write,
} from "../kernel/locking/rwsem";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import { arch_spin_lock, arch_spin_unlock, arch_spinlock } from "../kernel/locking/ticket_spinlock";
import { rcu_qs } from "../kernel/rcu/tree";
import { schedule_timeout, set_current_state, TASK_SLEEPING } from "../kernel/sched/core";

export const TORTURE_LOCK_BUSTED: u32 = 0;
export const TORTURE_RAW_SPIN_LOCK: u32 = 1;
export const TORTURE_MUTEX_LOCK: u32 = 2;
export const TORTURE_RWSEM_LOCK: u32 = 3;
/** The queue of spinners on its own: a CPU that had to leave it queues again. */
export const TORTURE_OSQ_LOCK: u32 = 4;
/** Some of its waits have a limit, after which the CPU waits again. */
export const TORTURE_LDSEM_LOCK: u32 = 5;
export const TORTURE_TICKET_LOCK: u32 = 6;
export const TORTURE_QRWLOCK: u32 = 7;

@unmanaged
@final
export class torture_data {
  write_held: u32;
  read_held: u32;
  a: u32;
  b: u32;
}

export const SIZEOF_TORTURE_DATA: u32 = offsetof<torture_data>();
export const OFFSETOF_TORTURE_DATA_A: u32 = offsetof<torture_data>("a");
export const OFFSETOF_TORTURE_DATA_B: u32 = offsetof<torture_data>("b");

const SLEEP_NS: i64 = 60_000;
const LDSEM_LIMIT_NS: i64 = 100_000;

function nap(): void {
  set_current_state(TASK_SLEEPING);
  schedule_timeout(SLEEP_NS);
}

/** Waits with a limit first, and then without one. */
function ldsem_write_lock(sem: ld_semaphore): void {
  if (!ldsem_down_write(sem, LDSEM_LIMIT_NS)) ldsem_down_write(sem, -1);
}

function ldsem_read_lock(sem: ld_semaphore): void {
  if (!ldsem_down_read(sem, LDSEM_LIMIT_NS)) ldsem_down_read(sem, -1);
}

function write_lock(type: u32, lock: usize): void {
  if (type === TORTURE_RAW_SPIN_LOCK) raw_spin_lock(lock);
  else if (type === TORTURE_MUTEX_LOCK) mutex_lock(changetype<mutex>(lock));
  else if (type === TORTURE_RWSEM_LOCK) down_write(changetype<rw_semaphore>(lock));
  else if (type === TORTURE_LDSEM_LOCK) ldsem_write_lock(changetype<ld_semaphore>(lock));
  else if (type === TORTURE_TICKET_LOCK) arch_spin_lock(changetype<arch_spinlock>(lock));
  else if (type === TORTURE_QRWLOCK) queued_write_lock(changetype<qrwlock>(lock));
  else if (type === TORTURE_OSQ_LOCK) while (!osq_lock(lock)) nap();
}

function write_unlock(type: u32, lock: usize): void {
  if (type === TORTURE_RAW_SPIN_LOCK) raw_spin_unlock(lock);
  else if (type === TORTURE_MUTEX_LOCK) mutex_unlock(changetype<mutex>(lock));
  else if (type === TORTURE_RWSEM_LOCK) up_write(changetype<rw_semaphore>(lock));
  else if (type === TORTURE_LDSEM_LOCK) ldsem_up_write(changetype<ld_semaphore>(lock));
  else if (type === TORTURE_TICKET_LOCK) arch_spin_unlock(changetype<arch_spinlock>(lock));
  else if (type === TORTURE_QRWLOCK) queued_write_unlock(changetype<qrwlock>(lock));
  else if (type === TORTURE_OSQ_LOCK) osq_unlock(lock);
}

/** An exclusive lock is taken as by a writer. */
function read_lock(type: u32, lock: usize): void {
  if (type === TORTURE_RWSEM_LOCK) down_read(changetype<rw_semaphore>(lock));
  else if (type === TORTURE_LDSEM_LOCK) ldsem_read_lock(changetype<ld_semaphore>(lock));
  else if (type === TORTURE_QRWLOCK) queued_read_lock(changetype<qrwlock>(lock));
  else write_lock(type, lock);
}

function read_unlock(type: u32, lock: usize): void {
  if (type === TORTURE_RWSEM_LOCK) up_read(changetype<rw_semaphore>(lock));
  else if (type === TORTURE_LDSEM_LOCK) ldsem_up_read(changetype<ld_semaphore>(lock));
  else if (type === TORTURE_QRWLOCK) queued_read_unlock(changetype<qrwlock>(lock));
  else write_unlock(type, lock);
}

/** Loads `n` times; every `sleep_every`th section (0: none) goes to sleep for a while instead. */
function hold(lock: usize, i: u32, n: u32, sleep_every: u32): void {
  if (sleep_every !== 0 && i % sleep_every === 0) {
    nap();
    return;
  }
  for (let k: u32 = 0; k < n; k++) READ_ONCE(lock);
}

/** The inside of a write section. @returns the number of rules found broken */
function write_section(data: torture_data, lock: usize, i: u32, n: u32, sleep_every: u32): u32 {
  const write_held = changetype<usize>(data) + offsetof<torture_data>("write_held");
  const read_held = changetype<usize>(data) + offsetof<torture_data>("read_held");
  let errors: u32 = 0;
  if (xchg(write_held, 1) !== 0) errors++; // T1
  if (atomic_read(read_held) !== 0) errors++;
  const a = data.a; // plain: what the lock under test is to protect, as all of a and b
  const b = data.b;
  data.a = a + 1;
  hold(lock, i, n, sleep_every);
  if (a !== b || data.a !== a + 1 || data.b !== b) errors++; // T2
  data.b = b + 1; // T3: undoes what others did meanwhile
  xchg(write_held, 0);
  return errors;
}

/** The inside of a read section. @returns the number of rules found broken */
function read_section(data: torture_data, lock: usize, i: u32, n: u32, sleep_every: u32): u32 {
  const write_held = changetype<usize>(data) + offsetof<torture_data>("write_held");
  const read_held = changetype<usize>(data) + offsetof<torture_data>("read_held");
  let errors: u32 = 0;
  atomic_add(1, read_held);
  if (READ_ONCE(write_held) !== 0) errors++; // T1
  const a = data.a; // plain: as above
  hold(lock, i, n, sleep_every);
  if (data.b !== a || data.a !== a) errors++; // T2
  atomic_add(-1, read_held);
  return errors;
}

/**
 * `n` write sections under `lock`, each of `spin` loads, every `sleep_every`th with a sleep inside.
 * For an rwsem every 8th section is downgraded and read through.
 *
 * @returns the number of times that a rule was found broken
 * Context: sleeps, if the type of lock allows it: sleep_every is 0 otherwise. Ordering: the lock's.
 */
export function locktorture_writer(
  type: u32,
  lock: usize,
  data: torture_data,
  n: u32,
  spin: u32,
  sleep_every: u32,
): u32 {
  let errors: u32 = 0;
  for (let i: u32 = 1; i <= n; i++) {
    write_lock(type, lock);
    errors += write_section(data, lock, i, spin, sleep_every);
    if (type === TORTURE_RWSEM_LOCK && i % 8 === 0) {
      downgrade_write(changetype<rw_semaphore>(lock));
      errors += read_section(data, lock, i, spin, 0);
      up_read(changetype<rw_semaphore>(lock));
    } else {
      write_unlock(type, lock);
    }
    rcu_qs();
  }
  return errors;
}

/** As locktorture_writer(), with read sections. */
export function locktorture_reader(
  type: u32,
  lock: usize,
  data: torture_data,
  n: u32,
  spin: u32,
  sleep_every: u32,
): u32 {
  let errors: u32 = 0;
  for (let i: u32 = 1; i <= n; i++) {
    read_lock(type, lock);
    errors += read_section(data, lock, i, spin, sleep_every);
    read_unlock(type, lock);
    rcu_qs();
  }
  return errors;
}

/** One CPU's part, for a joint start: locktorture_reader() if `reads`, or else locktorture_writer(). */
export function locktorture(
  reads: bool,
  type: u32,
  lock: usize,
  data: torture_data,
  n: u32,
  spin: u32,
  sleep_every: u32,
): u32 {
  if (reads) return locktorture_reader(type, lock, data, n, spin, sleep_every);
  return locktorture_writer(type, lock, data, n, spin, sleep_every);
}
