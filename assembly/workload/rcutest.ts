// SPDX-License-Identifier: GPL-2.0-only
/**
 * Small pieces for tests that put CPUs into a state and look: callbacks that leave a note, a reader that
 * stays inside until told, a CPU that does nothing but report.
 */
import { atomic_add, READ_ONCE, smp_store_release } from "../arch/wasm/atomic";
import { smp_processor_id } from "../arch/wasm/percpu";
import {
  srcu_read_lock,
  srcu_read_unlock,
  srcu_struct,
  synchronize_srcu,
} from "../kernel/rcu/srcu";
import {
  call_rcu,
  rcu_cpu_offline,
  rcu_cpu_online,
  rcu_head,
  rcu_is_online,
  rcu_qs,
  rcu_softirq,
  synchronize_rcu,
} from "../kernel/rcu/tree";

/** rcu_invoke() ids. */
export const RCU_TEST_NOTE: u32 = 0x101;
export const RCU_TEST_SLEEP: u32 = 0x102;
export const RCU_TEST_HOLD: u32 = 0x103;

/** An object whose callback writes down where and when it ran. */
@unmanaged
@final
class rcu_note {
  rcu_next: u32;
  rcu_func: u32;
  rcu_gp: u64;
  /** Address of a u32 that all notes of a test count up. */
  counter: u32;
  /** What the counter said: 1 for the first callback. 0: has not run. */
  order: u32;
  cpu: u32;
  online: u32;
  /** How many times more the callback queues itself. */
  again: u32;
}

export const SIZEOF_RCU_NOTE: u32 = (offsetof<rcu_note>() + 7) & ~7;
export const OFFSETOF_RCU_NOTE_COUNTER: u32 = offsetof<rcu_note>("counter");
export const OFFSETOF_RCU_NOTE_ORDER: u32 = offsetof<rcu_note>("order");
export const OFFSETOF_RCU_NOTE_CPU: u32 = offsetof<rcu_note>("cpu");
export const OFFSETOF_RCU_NOTE_ONLINE: u32 = offsetof<rcu_note>("online");
export const OFFSETOF_RCU_NOTE_AGAIN: u32 = offsetof<rcu_note>("again");

/** RCU_TEST_NOTE. */
export function rcu_test_note(head: usize): void {
  const note = changetype<rcu_note>(head); // plain: this CPU's until the host reads it
  atomic_add(1, note.counter);
  note.order = READ_ONCE(note.counter);
  note.cpu = smp_processor_id();
  note.online = rcu_is_online() ? 1 : 0;
  if (note.again === 0) return;
  note.again--;
  call_rcu(changetype<rcu_head>(head), RCU_TEST_NOTE);
}

/** RCU_TEST_SLEEP: what no callback may do. */
export function rcu_test_sleep(_head: usize): void {
  synchronize_rcu();
}

/** An object whose callback stays inside until told. */
@unmanaged
@final
class rcu_hold {
  rcu_next: u32;
  rcu_func: u32;
  rcu_gp: u64;
  entered: u32;
  leave: u32;
}

export const SIZEOF_RCU_HOLD: u32 = offsetof<rcu_hold>();
export const OFFSETOF_RCU_HOLD_ENTERED: u32 = offsetof<rcu_hold>("entered");
export const OFFSETOF_RCU_HOLD_LEAVE: u32 = offsetof<rcu_hold>("leave");

/** RCU_TEST_HOLD. */
export function rcu_test_hold(head: usize): void {
  smp_store_release(head + offsetof<rcu_hold>("entered"), 1);
  while (READ_ONCE(head + offsetof<rcu_hold>("leave")) === 0);
}

/** Queues `n` heads, `stride` bytes apart. */
export function rcu_test_call(head: usize, func: u32, n: u32, stride: u32): void {
  for (let i: u32 = 0; i < n; i++) call_rcu(changetype<rcu_head>(head + i * stride), func);
}

/**
 * A reader that stays inside: sets *entered, and leaves when *leave is not 0.
 *
 * @returns *watched as it was read first and last: first << 16 | last
 */
export function rcu_test_reader(entered: usize, leave: usize, watched: usize): u32 {
  const first = load<u32>(watched); // plain, as the second: RCU alone orders them
  smp_store_release(entered, 1);
  while (READ_ONCE(leave) === 0);
  return (first << 16) | load<u32>(watched);
}

/** A CPU that is busy, reports, and runs what is ripe, until *leave is not 0. */
export function rcu_test_busy(entered: usize, leave: usize): void {
  smp_store_release(entered, 1);
  while (READ_ONCE(leave) === 0) {
    rcu_qs();
    rcu_softirq();
  }
}

/** Waits for a grace period, then stores `value` to *word, plainly. */
export function rcu_test_publish(word: usize, value: u32): void {
  synchronize_rcu();
  store<u32>(word, value); // plain: RCU alone orders it
}

/** Goes offline and online `n` times. */
export function rcu_test_toggle(n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    rcu_cpu_offline();
    rcu_cpu_online();
  }
}

/** `n` sections, one after another. */
export function srcu_test_readers(ssp: srcu_struct, n: u32): void {
  for (let i: u32 = 0; i < n; i++) srcu_read_unlock(ssp, srcu_read_lock(ssp));
}

/** `n` grace periods, one after another. */
export function srcu_test_updater(ssp: srcu_struct, n: u32): void {
  for (let i: u32 = 0; i < n; i++) synchronize_srcu(ssp);
}
