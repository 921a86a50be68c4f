// SPDX-License-Identifier: GPL-2.0-only
/**
 * BUG, WARN and the kernel log, without a string in the module: a message is a code and two values.
 * The host prints a code by the name of its constant (every export that begins with BUG_, WARN_ or
 * KERN_ is one).
 *
 *   BUG_ON   a broken rule: a panic record in the CPU's unit, then a trap. The run is over.
 *   WARN_ON  suspicious, counted and logged; the run goes on and fails at its end.
 *   printk   a remark.
 *
 * Log ring: 64 records of 40 bytes behind an 8-byte header {u32 next, u32 rsvd}; the newest 64 stay.
 * A record: u32 sequence + 1 (stored last, with release), u32 level, u32 code, u32 cpu, u32 a, u32 b,
 * u64 time in ns. Panic record: u32 set, u32 code, u32 a, u32 b.
 */
import { smp_store_release } from "./atomic";
import { ktime_get } from "./clock";
import { PRINTK_RING } from "./memory";
import { PERCPU_PANIC, smp_processor_id, this_cpu_ptr } from "./percpu";

export const PRINTK_RECORDS: u32 = 64;
export const PRINTK_RECORD_BYTES: u32 = 40;

export const LEVEL_INFO: u32 = 0;
export const LEVEL_WARN: u32 = 1;
export const LEVEL_VIOLATION: u32 = 2;

/** Appends a record. Context: any; never sleeps. Ordering: the sequence word is a release store. */
export function printk(level: u32, code: u32, a: u32, b: u32): void {
  const seq = atomic.add<u32>(PRINTK_RING, 1);
  const r = PRINTK_RING + 8 + <usize>((seq % PRINTK_RECORDS) * PRINTK_RECORD_BYTES);
  store<u32>(r, level, 4);
  store<u32>(r, code, 8);
  store<u32>(r, smp_processor_id(), 12);
  store<u32>(r, a, 16);
  store<u32>(r, b, 20);
  store<u64>(r, ktime_get(), 24);
  smp_store_release(r, seq + 1);
}

/** Logs `code` when cond holds; returns cond. */
export function WARN_ON(cond: bool, code: u32, a: u32, b: u32): bool {
  if (cond) printk(LEVEL_WARN, code, a, b);
  return cond;
}

/** Leaves a panic record and traps. */
export function panic(code: u32, a: u32, b: u32): void {
  const p = this_cpu_ptr(PERCPU_PANIC);
  store<u32>(p, code, 4);
  store<u32>(p, a, 8);
  store<u32>(p, b, 12);
  smp_store_release(p, 1);
  unreachable();
}

export function BUG_ON(cond: bool, code: u32, a: u32, b: u32): void {
  if (cond) panic(code, a, b);
}
