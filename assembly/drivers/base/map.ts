// SPDX-License-Identifier: GPL-2.0-only
/**
 * cdev_map: from a device number to the object that answers to it.
 *
 * Source:  drivers/base/map.c, exact_match() and exact_lock() of fs/char_dev.c (v6.12).
 *
 * State:   64 lists of probes at CDEV_MAP, behind the mutex that guards them, chrdevs_lock.
 *
 * Rules:   K1  A number is live from the moment that kobj_map() has linked it.
 *          K2  kobj_lookup() takes its reference while it holds the lock, and only from an object that
 *              still has one: it returns nothing that is going away.
 *          K3  After kobj_unmap() nobody finds the number.
 *
 * Ordering: O1  the mutex: what was stored before kobj_map() is visible to who looks it up.
 * Cost:    a mutex and a short list each.
 * Not modelled: ranges, module owners, probes that load a module. The kernel has 255 lists, by major;
 *          there is one major here, so the minor decides.
 */
import { ENOMEM } from "../../arch/wasm/errno";
import { CDEV_MAP } from "../../arch/wasm/memory";
import { mutex, mutex_init, mutex_lock, mutex_unlock } from "../../kernel/locking/mutex";
import { FAULT_CDEV_ADD, should_fail } from "../../lib/fault-inject";
import { kref_get_unless_zero } from "../../lib/kref";
import { kfree, kmalloc, SLAB_CDEV } from "../../mm/slab";

const PROBES: usize = CDEV_MAP + 0x40;
const NR_PROBE_LISTS: u32 = 64;

@unmanaged
@final
class probe {
  next: usize;
  dev: u32;
  /** An object whose first word is its kref. */
  data: usize;
}

function chrdevs_lock(): mutex {
  return changetype<mutex>(CDEV_MAP);
}

function probes_of(dev: u32): usize {
  return PROBES + ((<usize>(dev % NR_PROBE_LISTS)) << 2);
}

/** Context: once, at boot. */
export function kobj_map_init(): void {
  mutex_init(chrdevs_lock());
}

/**
 * Maps number `dev` to the object `data`, whose first word is its kref (K1).
 *
 * @returns 0, or -ENOMEM: then nothing was published
 * Context: may sleep. Ordering: release (O1).
 */
export function kobj_map(dev: u32, data: usize): i32 {
  const at = should_fail(FAULT_CDEV_ADD) ? <usize>0 : kmalloc(offsetof<probe>(), SLAB_CDEV);
  if (at === 0) return -ENOMEM;
  const p = changetype<probe>(at);
  p.dev = dev; // plain: not on the list yet
  p.data = data;
  const list = probes_of(dev);
  mutex_lock(chrdevs_lock());
  p.next = load<usize>(list); // plain: under chrdevs_lock
  store<usize>(list, at);
  mutex_unlock(chrdevs_lock());
  return 0;
}

/** Takes number `dev` out of the map (K3). Context: may sleep. Ordering: none. */
export function kobj_unmap(dev: u32): void {
  mutex_lock(chrdevs_lock());
  let link = probes_of(dev);
  let at = load<usize>(link); // plain: under chrdevs_lock
  while (at !== 0 && changetype<probe>(at).dev !== dev) {
    link = at + offsetof<probe>("next");
    at = load<usize>(link); // plain: under chrdevs_lock
  }
  if (at !== 0) store<usize>(link, changetype<probe>(at).next);
  mutex_unlock(chrdevs_lock());
  kfree(at);
}

/**
 * Finds what number `dev` is mapped to, and takes a reference on it (K2).
 *
 * @returns the object, or 0
 * Context: may sleep. Ordering: acquire (O1).
 */
export function kobj_lookup(dev: u32): usize {
  let found: usize = 0;
  mutex_lock(chrdevs_lock());
  let at = load<usize>(probes_of(dev)); // plain: under chrdevs_lock
  while (at !== 0 && found === 0) {
    const p = changetype<probe>(at);
    if (p.dev === dev && kref_get_unless_zero(p.data)) found = p.data;
    at = p.next;
  }
  mutex_unlock(chrdevs_lock());
  return found;
}
