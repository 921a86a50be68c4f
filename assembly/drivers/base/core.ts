// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct device: a reference count, a name, a parent and a list of managed resources, embedded in
 * what a bus or driver makes of it.
 *
 * Source:  drivers/base/core.c, lib/kobject.c, include/linux/device.h (v6.12). The kobject is folded
 *          in: its reference count, its parent and its name are the device's.
 *
 * State:   kobj_ref (refcount_t)   1 from device_initialize(), the caller's; 0 once, for good
 *          state (u32)             bits, each set by one RMW:
 *            1 INITIALIZED   device_initialize() ran: from here on only put_device() may free it
 *            2 REGISTERED    device_add() succeeded, device_del() has not finished
 *            4 DEAD          device_del() began
 *
 * Rules:   D1  The last put_device() releases, and only that: resources in reverse order, then what
 *              callbacks.ts says for `type`, which frees the memory, then the name.
 *          D2  The name is an allocation of its own: whoever frees the memory of an initialised device
 *              with kfree() leaks it.
 *          D3  device_add() pins the parent, device_del() lets it go: a device that somebody holds after
 *              its removal does not keep its parent.
 *          D4  device_add() fails with -EINVAL on a device without a name, and leaves the reference
 *              count as it found it.
 *          D5  put_device() may free: the caller touches nothing of the device afterwards.
 *
 * Ordering: none of its own; the reference count releases on each put and acquires on the last.
 * Not modelled: sysfs (attributes, and that device_del() waits for their readers), buses, classes, PM,
 *          device links, notifiers, the second reference that the kobject takes on the parent. The
 *          device lock is tried, never waited for.
 */
import {
  atomic_andnot,
  atomic_or,
  READ_ONCE,
  smp_store_release,
  WRITE_ONCE,
  xchg,
} from "../../arch/wasm/atomic";
import { WARN_ON } from "../../arch/wasm/bug";
import { EINVAL, ENOMEM } from "../../arch/wasm/errno";
import { device_release } from "../../callbacks";
import { FAULT_DEV_SET_NAME, FAULT_DEVICE_ADD, should_fail } from "../../lib/fault-inject";
import { kref_get, kref_init, kref_put } from "../../lib/kref";
import { kfree, kmalloc, SLAB_NAME } from "../../mm/slab";
import { devres_release_all } from "./devres";

export const DEVICE_INITIALIZED: u32 = 1;
export const DEVICE_REGISTERED: u32 = 2;
export const DEVICE_DEAD: u32 = 4;

/** A device was released, and nobody had called device_del(): a = the device, b = its devt. */
export const WARN_DEVICE_RELEASED_WHILE_REGISTERED: u32 = 400;
/** device_add() of a device that is registered already: a = the device, b = its devt. */
export const WARN_DEVICE_ADDED_TWICE: u32 = 401;

const DEV_NAME_BYTES: u32 = 16;

@unmanaged
@final
export class device {
  kobj_ref: u32;
  state: u32;
  /** The parent device or 0; pinned while REGISTERED (D3). */
  parent: usize;
  /** The name, text in an object of its own, or 0. */
  name: usize;
  /** Device number, 0 for none. */
  devt: u32;
  /** What callbacks.ts device_release() goes by: a driver id, or another DEVICE_TYPE_*. */
  type: u32;
  /** Newest managed resource; under devres_lock. See devres.ts. */
  devres_head: usize;
  devres_lock: u32;
  /** What udev last heard of a child: its devt, 0 after it went. */
  uevent: u32;
  /** Id + 1 of the driver that is bound, 0 for none; written under device_lock(). */
  driver: u32;
  /** 1: somebody binds or unbinds. */
  lock: u32;
}

export const SIZEOF_DEVICE: u32 = offsetof<device>();
export const OFFSETOF_DEVICE_KOBJ_REF: u32 = offsetof<device>("kobj_ref");
export const OFFSETOF_DEVICE_STATE: u32 = offsetof<device>("state");
export const OFFSETOF_DEVICE_PARENT: u32 = offsetof<device>("parent");
export const OFFSETOF_DEVICE_NAME: u32 = offsetof<device>("name");
export const OFFSETOF_DEVICE_DEVT: u32 = offsetof<device>("devt");
export const OFFSETOF_DEVICE_UEVENT: u32 = offsetof<device>("uevent");

function kobj_ref(dev: usize): usize {
  return dev + offsetof<device>("kobj_ref");
}

function state_word(dev: usize): usize {
  return dev + offsetof<device>("state");
}

/**
 * Makes `dev` a device with one reference, the caller's.
 *
 * @param dev - zeroed memory; from here on it is put_device(), not kfree(), that frees it (D1, D2)
 * Context: any; never sleeps. Ordering: none; the device is not public yet.
 */
export function device_initialize(dev: usize): void {
  kref_init(kobj_ref(dev));
  atomic_or(DEVICE_INITIALIZED, state_word(dev));
}

/** Writes `id` in decimal at `at`; returns the first byte behind it. */
function put_decimal(at: usize, id: u32): usize {
  let digits: usize = 1;
  for (let rest = id / 10; rest !== 0; rest /= 10) digits++;
  let rest = id;
  for (let i = digits; i !== 0; i--) {
    store<u8>(at + i - 1, 0x30 + (rest % 10)); // plain: nobody else has the name yet
    rest /= 10;
  }
  return at + digits;
}

/**
 * Names the device `prefix` followed by `id` in decimal; a name that it had is freed.
 *
 * @param prefix - up to four ASCII characters, the first in the low byte
 * @returns 0, or -ENOMEM: then the device has no name
 * Context: may sleep in the kernel; before device_add(). Ordering: none.
 */
export function dev_set_name(dev: usize, prefix: u32, id: u32): i32 {
  const d = changetype<device>(dev); // plain: the device is not public yet
  kfree(d.name);
  d.name = 0;
  const name = should_fail(FAULT_DEV_SET_NAME) ? <usize>0 : kmalloc(DEV_NAME_BYTES, SLAB_NAME);
  if (name === 0) return -ENOMEM;
  let at = name;
  for (let c = prefix; c !== 0; c >>>= 8) store<u8>(at++, <u8>c); // plain: nobody else has it yet
  store<u8>(put_decimal(at, id), 0);
  d.name = name;
  return 0;
}

/**
 * Takes a reference; nothing for 0. The caller has one, or whatever else keeps the device from going.
 *
 * Context: any; never sleeps. Ordering: none.
 */
export function get_device(dev: usize): void {
  if (dev !== 0) kref_get(kobj_ref(dev));
}

/** The last reference is gone (D1). */
function device_cleanup(dev: usize): void {
  const d = changetype<device>(dev); // plain: the last reference is ours
  const name = d.name;
  const registered = device_is_registered(dev);
  WARN_ON(registered, WARN_DEVICE_RELEASED_WHILE_REGISTERED, <u32>dev, d.devt);
  devres_release_all(dev);
  device_release(dev);
  kfree(name);
}

/**
 * Drops a reference; the last one releases the device (D1). Nothing for 0.
 *
 * Context: may sleep (resources are released). Ordering: release; acquire on the last.
 */
export function put_device(dev: usize): void {
  if (dev !== 0 && kref_put(kobj_ref(dev))) device_cleanup(dev);
}

/** Takes the right to bind or unbind. @returns false if somebody has it. Ordering: full. */
export function device_trylock(dev: usize): bool {
  return xchg(dev + offsetof<device>("lock"), 1) === 0;
}

/** Ordering: release. */
export function device_unlock(dev: usize): void {
  smp_store_release(dev + offsetof<device>("lock"), 0);
}

/** True between a device_add() that succeeded and the end of device_del(). Ordering: none. */
export function device_is_registered(dev: usize): bool {
  return (READ_ONCE(state_word(dev)) & DEVICE_REGISTERED) !== 0;
}

/** Tells udev, which listens at the parent, that a child came (its devt) or went (0). */
function kobject_uevent(parent: usize, devt: u32): void {
  if (parent !== 0) WRITE_ONCE(parent + offsetof<device>("uevent"), devt);
}

/** The part of device_add() that can fail after the parent is pinned: kobject_add() and on. */
function device_add_kobject(dev: usize): i32 {
  const d = changetype<device>(dev); // plain: constant since before the device is public
  get_device(d.parent);
  if (should_fail(FAULT_DEVICE_ADD)) {
    put_device(d.parent);
    return -ENOMEM;
  }
  atomic_or(DEVICE_REGISTERED, state_word(dev));
  kobject_uevent(d.parent, d.devt);
  return 0;
}

/**
 * Registers an initialised, named device.
 *
 * @returns 0; -EINVAL without a name (D4); -ENOMEM
 * Context: may sleep. Ordering: none.
 */
export function device_add(dev: usize): i32 {
  const d = changetype<device>(dev); // plain: constant since before the device is public
  get_device(dev);
  WARN_ON(device_is_registered(dev), WARN_DEVICE_ADDED_TWICE, <u32>dev, d.devt);
  const error = d.name === 0 ? -EINVAL : device_add_kobject(dev);
  put_device(dev);
  return error;
}

/**
 * Unregisters the device: marks it dead, releases its resources, lets go of the parent (D3). Who
 * holds a reference keeps it.
 *
 * Context: may sleep; the caller holds a reference. Ordering: none.
 */
export function device_del(dev: usize): void {
  const parent = changetype<device>(dev).parent; // plain: constant since before it is public
  atomic_or(DEVICE_DEAD, state_word(dev));
  devres_release_all(dev);
  kobject_uevent(parent, 0);
  atomic_andnot(DEVICE_REGISTERED, state_word(dev));
  put_device(parent);
}
