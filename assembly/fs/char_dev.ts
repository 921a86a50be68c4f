// SPDX-License-Identifier: GPL-2.0-only
/**
 * Character devices: from a device number to the driver's file operations, and what an open file pins.
 *
 * Source:  fs/char_dev.c, include/linux/cdev.h (v6.12).
 *
 * State:   cdev_map: number → cdev, see drivers/base/map.ts.
 *          inode.i_cdev ↔ cdev.list: which inodes cache which cdev, under cdev_lock (a spinlock).
 *          cdev.kobj_ref (refcount_t): 1 from cdev_init(), 1 for each open file.
 *
 * Rules:   C1  cdev_add() makes the number live at once, and takes its reference on the parent only
 *              after that; what an opener needs must be in place before.
 *          C2  An open file pins the cdev, and the cdev pins its parent, the struct device that it is
 *              embedded with: the memory of both stays until the last close.
 *          C3  cdev_get() fails on a cdev that has lost its last reference; it never revives one.
 *          C4  i_cdev is set by the first open and cleared at the cdev's last put (or when the inode
 *              goes): after cdev_del() an open through it still succeeds while some file is open.
 *          C5  cdev_device_add(): the cdev goes live, then device_add(); when that fails, cdev_del(), and
 *              somebody may have opened meanwhile. Caller beware.
 *          C6  cdev_device_del(): device_del() first, then cdev_del().
 *
 * Ordering: O1  What is stored before cdev_add() is visible to ->open(): the map's lock orders it.
 * Cost:    an open through i_cdev is one spinlock and one compare-exchange.
 * Not modelled: majors (there is one driver), ranges of minors, module references, other file systems'
 *          inodes of the same number.
 */
import { READ_ONCE } from "../arch/wasm/atomic";
import { ktime_get } from "../arch/wasm/clock";
import { ENXIO } from "../arch/wasm/errno";
import { CDEV_MAP } from "../arch/wasm/memory";
import { fops_open } from "../callbacks";
import { device, device_add, device_del, get_device, put_device } from "../drivers/base/core";
import { kobj_lookup, kobj_map, kobj_unmap } from "../drivers/base/map";
import { raw_spin_lock, raw_spin_unlock } from "../kernel/locking/spinlock";
import {
  schedule_timeout,
  set_current_state,
  set_wait,
  TASK_SLEEPING,
  WAIT_STUTTER,
} from "../kernel/sched/core";
import { kref_get_unless_zero, kref_init, kref_put } from "../lib/kref";
import { file } from "./file_table";
import { inode } from "./inode";

/** What alloc_chrdev_region() hands out first on a system that has no other driver. */
export const CHRDEV_MAJOR: u32 = 254;
const MINORBITS: u32 = 20;

const CDEV_LOCK: usize = CDEV_MAP + 0x38;
/**
 * How long cdev_device_add() dawdles between the cdev going live and device_add(), ns; 0: not at all.
 * For torture only: it widens the window of C5. Storing 0 ends a delay that is under way.
 */
export const CDEV_LIVE_WINDOW: usize = CDEV_MAP + 0x3c;

const LIVE_WINDOW_SLEEP_NS: u32 = 100_000; // an opener may need the core
const LIVE_WINDOW_SLICE_NS: u64 = 1_000_000;

@unmanaged
@final
export class cdev {
  kobj_ref: u32;
  /** struct device, pinned from cdev_add() to the last put; 0 for none. */
  kobj_parent: usize;
  /** Driver id: whose file operations. */
  ops: u32;
  /** Device number. */
  dev: u32;
  /** First inode that caches this cdev; under cdev_lock. */
  list: usize;
}

export const SIZEOF_CDEV: u32 = offsetof<cdev>();
export const OFFSETOF_CDEV_KOBJ_REF: u32 = offsetof<cdev>("kobj_ref");

export function MKDEV(major: u32, minor: u32): u32 {
  return (major << MINORBITS) | minor;
}

export function MINOR(dev: u32): u32 {
  return dev & ((1 << MINORBITS) - 1);
}

function kobj_ref(p: usize): usize {
  return p + offsetof<cdev>("kobj_ref");
}

/**
 * Initialises a cdev that is embedded in something else. One reference, dropped by cdev_del().
 *
 * @param ops - driver id
 * Context: any; never sleeps. Ordering: none; it is not public yet.
 */
export function cdev_init(p: usize, ops: u32): void {
  memory.fill(p, 0, offsetof<cdev>());
  changetype<cdev>(p).ops = ops; // plain: not public yet
  kref_init(kobj_ref(p));
}

/** Takes a reference unless there is none left (C3). Context: any; never sleeps. Ordering: acquire. */
export function cdev_get(p: usize): bool {
  return kref_get_unless_zero(kobj_ref(p));
}

/** Every inode that caches this cdev forgets it. */
function cdev_purge(p: usize): void {
  const c = changetype<cdev>(p); // plain: all under cdev_lock
  raw_spin_lock(CDEV_LOCK);
  while (c.list !== 0) {
    const i = changetype<inode>(c.list);
    c.list = i.i_devices;
    i.i_devices = 0;
    i.i_cdev = 0;
  }
  raw_spin_unlock(CDEV_LOCK);
}

/**
 * Drops a reference; nothing for 0. The last one clears the i_cdev of every inode, then lets go of
 * the parent, which may free the memory that the cdev is in.
 *
 * Context: may sleep. Ordering: release; acquire on the last.
 */
export function cdev_put(p: usize): void {
  if (p === 0 || !kref_put(kobj_ref(p))) return;
  const parent = changetype<cdev>(p).kobj_parent; // plain: the last reference is ours
  cdev_purge(p);
  put_device(parent);
}

/** The inode is about to go: takes it off its cdev's list. Context: nobody opens it. */
export function cd_forget(inode_: usize): void {
  const i = changetype<inode>(inode_); // plain: all under cdev_lock
  raw_spin_lock(CDEV_LOCK);
  if (i.i_cdev !== 0) {
    let link = i.i_cdev + offsetof<cdev>("list");
    while (load<usize>(link) !== inode_) {
      link = load<usize>(link) + offsetof<inode>("i_devices");
    }
    store<usize>(link, i.i_devices);
    i.i_devices = 0;
    i.i_cdev = 0;
  }
  raw_spin_unlock(CDEV_LOCK);
}

/**
 * Makes `p` live under number `dev` (C1), then pins the parent.
 *
 * @returns 0, or -ENOMEM: then nothing was published
 * Context: may sleep. Ordering: release (O1).
 */
export function cdev_add(p: usize, dev: u32): i32 {
  const c = changetype<cdev>(p); // plain: not public yet; kobj_parent is constant from here on
  c.dev = dev;
  const error = kobj_map(dev, p);
  if (error === 0) get_device(c.kobj_parent);
  return error;
}

/**
 * Takes the number out of the map and drops the initial reference. Files that are open stay open, and
 * their operations callable.
 *
 * Context: may sleep; may free `p`. Ordering: none.
 */
export function cdev_del(p: usize): void {
  kobj_unmap(changetype<cdev>(p).dev); // plain: constant since before it is public
  cdev_put(p);
}

/** Dawdles while openers race into the window, asleep if that is long; see CDEV_LIVE_WINDOW. */
function live_window_slowpath(ns: u32): void {
  const end = ktime_get() + <u64>ns;
  for (let now = ktime_get(); now < end; now = ktime_get()) {
    if (READ_ONCE(CDEV_LIVE_WINDOW) === 0) return;
    if (ns < LIVE_WINDOW_SLEEP_NS) continue;
    set_wait(WAIT_STUTTER, CDEV_LIVE_WINDOW);
    set_current_state(TASK_SLEEPING);
    schedule_timeout(<i64>min<u64>(end - now, LIVE_WINDOW_SLICE_NS));
  }
}

/**
 * Makes the cdev live with the device's number, pinned to the device, then adds the device (C5).
 *
 * @returns 0; -ENOMEM from either half, -EINVAL from device_add(). Even then somebody may have it open.
 * Context: may sleep. Ordering: as cdev_add().
 */
export function cdev_device_add(p: usize, dev: usize): i32 {
  changetype<cdev>(p).kobj_parent = dev; // plain: not public yet
  let rc = cdev_add(p, changetype<device>(dev).devt); // plain: constant since before it is public
  if (rc !== 0) return rc;
  const window = READ_ONCE(CDEV_LIVE_WINDOW);
  if (window !== 0) live_window_slowpath(window);
  rc = device_add(dev);
  if (rc !== 0) cdev_del(p);
  return rc;
}

/** The inverse of cdev_device_add() (C6). Context: may sleep; the caller holds a reference on dev. */
export function cdev_device_del(p: usize, dev: usize): void {
  device_del(dev);
  cdev_del(p);
}

/** Caches in the inode a cdev just looked up, or takes the one that another open cached meanwhile. */
function cdev_cache(i: inode, new_: usize): usize {
  const c = changetype<cdev>(new_); // plain: i_cdev and the lists are under cdev_lock
  let spare: usize = 0;
  raw_spin_lock(CDEV_LOCK);
  let p = i.i_cdev;
  if (p === 0) {
    p = new_;
    i.i_cdev = new_;
    i.i_devices = c.list;
    c.list = changetype<usize>(i);
  } else {
    spare = new_;
    if (!cdev_get(p)) p = 0;
  }
  raw_spin_unlock(CDEV_LOCK);
  cdev_put(spare);
  return p;
}

/** The inode's cdev with a reference: through i_cdev, or the map. 0 when it is gone. */
function inode_get_cdev(i: inode): usize {
  raw_spin_lock(CDEV_LOCK);
  const p = i.i_cdev; // plain: under cdev_lock
  const got = p !== 0 && cdev_get(p);
  raw_spin_unlock(CDEV_LOCK);
  if (p !== 0) return got ? p : 0;
  const new_ = kobj_lookup(i.i_rdev);
  return new_ === 0 ? 0 : cdev_cache(i, new_);
}

/**
 * ->open() of every device node: finds the cdev, pins it, and calls the driver's own open.
 *
 * @returns 0; -ENXIO when there is no such device, or it is on its way out; what the driver says
 * Context: may sleep. Ordering: acquire (O1).
 */
export function chrdev_open(inode_: usize, filp: usize): i32 {
  const p = inode_get_cdev(changetype<inode>(inode_));
  if (p === 0) return -ENXIO;
  const ops = changetype<cdev>(p).ops; // plain: constant since cdev_init()
  changetype<file>(filp).f_op = ops; // plain: the file is not public yet
  const ret = fops_open(ops, filp);
  if (ret !== 0) cdev_put(p);
  return ret;
}
