// SPDX-License-Identifier: GPL-2.0-only
/**
 * The vector table: what a function pointer is in the kernel is an id here, and a case of a switch. A
 * function reference would be static data, which every CPU's instantiation would copy in again.
 *
 * This is the one file that imports upwards: a table a kind of callback, a line a callback. An id is
 * defined beside the function that it names. Order: by the layer that calls, lowest first.
 */
import { panic } from "./arch/wasm/bug";

/** (id, object) No such callback. One code a table. */
export const BUG_CALLBACK_UNKNOWN_RCU: u32 = 240;

/** kernel/rcu: a grace period after call_rcu(head, func). Context: RCU callback; never sleeps. */
export function rcu_invoke(func: u32, head: usize): void {
  switch (func) {
    default:
      panic(BUG_CALLBACK_UNKNOWN_RCU, func, <u32>head);
  }
}

// lib/percpu-refcount: percpu_ref_release(id, ref), percpu_ref_confirm(id, ref)

// drivers/base: device_release(dev)

// drivers/base: devm_action(action, data)

// fs: fops_open(ops, inode, file), fops_release(ops, inode, file)
