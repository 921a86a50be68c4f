// SPDX-License-Identifier: GPL-2.0-only
/**
 * Per-CPU data. A module-level `let` is a global of the instance, and an instance is a CPU, so this
 * file, and no other, may have them.
 *
 * A CPU's unit, PERCPU_STRIDE bytes from its neighbour's:
 *
 *   0x0000  task_struct of the one task that this CPU runs (current == the unit's address)
 *   0x0080  rwsem waiter, wake queue (kernel/locking, kernel/sched: this task's, on others' lists)
 *   0x0100  mutex waiter, ldsem waiter
 *   0x0180  wait-queue entry, completion entry
 *   0x0200  scratch for WASI calls
 *   0x0280  RCU slot, on a line of its own
 *   0x0300  RCU callback lists
 *   0x0380  OSQ node
 *   0x0400  event counters, u64 each
 *   0x0880  random and fault injection state
 *   0x0900  what a driver would keep on its kernel stack, 256 bytes
 *   0x0a00  panic record
 *   0x0a80  counts of the static SRCU domain of drivers/cxl, on a line of their own
 *   0x0b00  what the CPU is inside of, by gates/hazard.ts, on a line of its own
 *   0x0b80  counts of the static SRCU-fast domain of drivers/cxl, on a line of their own
 *   0x0c00  slab magazines and type counts, KASAN's quarantine, call stack and reports
 *   0x2000  dynamic: alloc_percpu()
 */
import { PERCPU_BASE, PERCPU_STRIDE } from "./memory";

export const PERCPU_RWSEM_WAITER: usize = 0x80;
export const PERCPU_WAKE_Q: usize = 0xc0;
export const PERCPU_MUTEX_WAITER: usize = 0x100;
export const PERCPU_LDSEM_WAITER: usize = 0x140;
export const PERCPU_WAIT_ENTRY: usize = 0x180;
export const PERCPU_COMPLETION_ENTRY: usize = 0x1c0;
export const PERCPU_SCRATCH: usize = 0x200;
export const PERCPU_RCU_SLOT: usize = 0x280;
export const PERCPU_RCU_DATA: usize = 0x300;
export const PERCPU_OSQ_NODE: usize = 0x380;
export const PERCPU_EVENTS: usize = 0x400;
export const PERCPU_RANDOM: usize = 0x880;
export const PERCPU_FAULT: usize = 0x890;
export const PERCPU_KSTACK: usize = 0x900;
export const PERCPU_PANIC: usize = 0xa00;
export const PERCPU_CXL_MEMDEV_SRCU: usize = 0xa80;
export const PERCPU_HAZARD: usize = 0xb00;
export const PERCPU_CXL_MEMDEV_SRCU_FAST: usize = 0xb80;
export const PERCPU_SLAB: usize = 0xc00;
export const PERCPU_DYNAMIC: usize = 0x2000;
export const PERCPU_DYNAMIC_END: usize = 0x10000;

let cpu_number: u32 = 0;
let cpu_base: usize = 0;

/** Makes the calling instance CPU `cpu`. Context: before anything else runs on it. */
export function set_smp_processor_id(cpu: u32): void {
  cpu_number = cpu;
  cpu_base = per_cpu_base(cpu);
}

export function smp_processor_id(): u32 {
  return cpu_number;
}

export function per_cpu_base(cpu: u32): usize {
  return PERCPU_BASE + <usize>cpu * PERCPU_STRIDE;
}

/** Address of this CPU's copy of the per-CPU variable at `offset` in the unit. */
export function this_cpu_ptr(offset: usize): usize {
  return cpu_base + offset;
}

export function per_cpu_ptr(offset: usize, cpu: u32): usize {
  return per_cpu_base(cpu) + offset;
}

// The sanitizer pass (host/instrument/sanitize.ts) finds these two by name: its inserted code reads
// the one at each access and moves the other, from KASAN_BOOT_STACK on, at each call. The kernel as
// built moves neither.
let kasan_shadow: usize = 0;
let kasan_stack: usize = 0;

/** Gives the calling CPU its view of the shadow and its call stack. Context: once, at CPU start. */
export function set_kasan(shadow: usize, stack: usize): void {
  kasan_shadow = shadow;
  kasan_stack = stack;
}

/** Address of the shadow, 0 without KASAN. */
export function kasan_shadow_base(): usize {
  return kasan_shadow;
}

/** First free word of the call stack: the innermost call's site is the word below. */
export function kasan_stack_pointer(): usize {
  return kasan_stack;
}
