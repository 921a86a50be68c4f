// SPDX-License-Identifier: GPL-2.0-only
/**
 * Event counters: u64 per CPU, plain accesses to the CPU's own memory; the host sums them.
 *
 * Source: kernel/locking/lock_events.h, lock_events_list.h for the names of the rwsem events.
 */
import { PERCPU_EVENTS, this_cpu_ptr } from "./percpu";

export const EV_RWSEM_SLEEP_READER: u32 = 0;
export const EV_RWSEM_SLEEP_WRITER: u32 = 1;
export const EV_RWSEM_WAKE_READER: u32 = 2;
export const EV_RWSEM_WAKE_WRITER: u32 = 3;
export const EV_RWSEM_OPT_LOCK: u32 = 4;
export const EV_RWSEM_OPT_FAIL: u32 = 5;
export const EV_RWSEM_OPT_NOSPIN: u32 = 6;
export const EV_RWSEM_RLOCK: u32 = 7;
export const EV_RWSEM_RLOCK_STEAL: u32 = 8;
export const EV_RWSEM_RLOCK_FAST: u32 = 9;
export const EV_RWSEM_RLOCK_FAIL: u32 = 10;
export const EV_RWSEM_RLOCK_HANDOFF: u32 = 11;
export const EV_RWSEM_WLOCK: u32 = 12;
export const EV_RWSEM_WLOCK_FAIL: u32 = 13;
export const EV_RWSEM_WLOCK_HANDOFF: u32 = 14;
export const EV_SCHED_SLEEP: u32 = 15;
export const EV_SCHED_WAKE: u32 = 16;
export const EV_RCU_GP: u32 = 17;
export const EV_RCU_CALLBACK: u32 = 18;
export const EV_RCU_STALL: u32 = 19;
export const EV_MUTEX_SLEEP: u32 = 20;
export const EV_OPEN: u32 = 21;
export const EV_OPEN_FAIL: u32 = 22;
export const EV_RELEASE: u32 = 23;
export const EV_IOCTL: u32 = 24;
export const EV_IOCTL_ENXIO: u32 = 25;
export const EV_IOCTL_ERROR: u32 = 26;
export const EV_ADD: u32 = 27;
export const EV_ADD_FAIL: u32 = 28;
export const EV_REMOVE: u32 = 29;
export const EV_FAULT_INJECTED: u32 = 30;
export const EV_MBOX_CMD: u32 = 31;
export const EV_MBOX_SLEEP: u32 = 32;
export const EV_SLAB_REFILL: u32 = 33;
export const EV_SLAB_ENOMEM: u32 = 34;
export const EV_VIOLATION: u32 = 35;
export const EV_RCU_ONLINE_RETRY: u32 = 36;
export const EV_SRCU_GP: u32 = 37;
export const EV_LDSEM_SLEEP: u32 = 38;
export const NR_EVENTS: u32 = 39;

/** Context: any; never sleeps. Ordering: none. */
export function count_event(ev: u32): void {
  add_events(ev, 1);
}

export function add_events(ev: u32, n: u64): void {
  const p = this_cpu_ptr(PERCPU_EVENTS + ((<usize>ev) << 3));
  store<u64>(p, load<u64>(p) + n); // plain: written by this CPU alone
}
