// SPDX-License-Identifier: GPL-2.0-only
/**
 * devres: resources that a device releases by itself, newest first.
 *
 * Source:  drivers/base/devres.c (v6.12).
 *
 * State:   device.devres_head, a list with the newest entry first, under device.devres_lock.
 *
 * Rules:   V1  Actions run in the reverse of the order in which they were added, each once.
 *          V2  The list is taken whole, then its actions run without the lock: an action may sleep, and
 *              may add to the list; what it adds stays for the next release.
 *          V3  devm_add_action_or_reset() that cannot add runs the action before it returns: the caller
 *              returns the error and undoes nothing itself.
 *
 * Ordering: the lock. Cost: an allocation and a lock each.
 * Not modelled: groups, devm_remove_action(). An action is an id, dispatched in callbacks.ts.
 */
import { ENOMEM } from "../../arch/wasm/errno";
import { devm_action } from "../../callbacks";
import { raw_spin_lock, raw_spin_unlock } from "../../kernel/locking/spinlock";
import { FAULT_DEVM, should_fail } from "../../lib/fault-inject";
import { kfree, kmalloc, SLAB_DEVRES } from "../../mm/slab";
import { device } from "./core";

@unmanaged
@final
class devres {
  next: usize;
  action: u32;
  data: usize;
}

function devres_lock(dev: usize): usize {
  return dev + offsetof<device>("devres_lock");
}

function devres_add(dev: usize, entry: usize, action: u32, data: usize): void {
  const d = changetype<device>(dev); // plain: devres_head is under devres_lock
  const dr = changetype<devres>(entry);
  dr.action = action; // plain: the entry is not on the list yet
  dr.data = data;
  raw_spin_lock(devres_lock(dev));
  dr.next = d.devres_head;
  d.devres_head = entry;
  raw_spin_unlock(devres_lock(dev));
}

/**
 * Has `action(data)` called when the driver of `dev` is unbound, or at the last put of `dev`.
 *
 * @returns 0 or -ENOMEM
 * Context: may sleep in the kernel. Ordering: none.
 */
export function devm_add_action(dev: usize, action: u32, data: usize): i32 {
  const dr = kmalloc(offsetof<devres>(), SLAB_DEVRES);
  if (dr === 0) return -ENOMEM;
  devres_add(dev, dr, action, data);
  return 0;
}

/**
 * devm_add_action(); on failure it calls the action at once (V3).
 *
 * @returns 0 or -ENOMEM: then the action has run
 * Context: as the action's. Ordering: none.
 */
export function devm_add_action_or_reset(dev: usize, action: u32, data: usize): i32 {
  const rc = should_fail(FAULT_DEVM) ? -ENOMEM : devm_add_action(dev, action, data);
  if (rc !== 0) devm_action(action, data);
  return rc;
}

/** Takes the whole list (V2): the newest entry, or 0. */
function devres_take_all(dev: usize): usize {
  const d = changetype<device>(dev); // plain: devres_head is under devres_lock
  raw_spin_lock(devres_lock(dev));
  const todo = d.devres_head;
  d.devres_head = 0;
  raw_spin_unlock(devres_lock(dev));
  return todo;
}

/**
 * Releases everything that was added, newest first (V1).
 *
 * @returns how many entries
 * Context: may sleep, as the actions may. Ordering: none.
 */
export function devres_release_all(dev: usize): i32 {
  let count: i32 = 0;
  let at = devres_take_all(dev);
  while (at !== 0) {
    const dr = changetype<devres>(at); // plain: the list is ours
    const next = dr.next;
    devm_action(dr.action, dr.data);
    kfree(at);
    at = next;
    count++;
  }
  return count;
}

/** Number of entries, for tests. Context: nobody adds or releases. */
export function devres_count(dev: usize): i32 {
  let count: i32 = 0;
  let at = changetype<device>(dev).devres_head; // plain: see Context
  for (; at !== 0; at = changetype<devres>(at).next) count++;
  return count;
}
