// SPDX-License-Identifier: GPL-2.0-only
/**
 * struct cxl_memdev, and the contract of a revision of the memdev code.
 *
 * Source:  drivers/cxl/mem.c at b39cb1052a5c, 5877515912cc and 1c3333a28d45 (v5.12-rc), version 2 of
 *          the second; drivers/cxl/core/memdev.c at 9cc238c7a526 and 88d3917f82ed.
 *
 * A revision is a class without state: `this` is never looked at, and asc compiles its callers once
 * for each (`D extends Driver`, see generics.d.ts). Its methods are what the driver gives to others:
 *
 *   add_memdev(cxlm)      makes the char device of a driver context, published when it returns 0.
 *                         A negative errno otherwise, unwound as that revision unwound it.
 *   unregister(cxlmd)     the devm action: the device goes; cxlm may be freed when this returns.
 *   release(dev)          the last put_device(): frees the memory.
 *   ref_release(ref)      the last reference of a percpu_ref that the revision has.
 *   open, release_file    file operations. open: 0.
 *   ioctl(file, cmd, arg) the hot path.
 *
 * Memory of a cxl_memdev; what is written often, and what the gate guards, on different lines, 128
 * bytes apart:
 *
 *   0x000  cxlm, id
 *   0x080  struct device
 *   0x0c0  struct cdev
 *   0x100  what the revision guards cxlm with: the gate's own state, or ops_active and ops_dead
 *
 * Rules of the objects, whatever the revision:
 *   L1  cxlm is the devm memory of the parent: it goes right after unregister() returned.
 *   L2  The memdev goes with the last reference on dev: add's own, the cdev's, an open file's.
 *   L3  Its id is back in the IDA only when the memdev has been released.
 * A revision that breaks one of them, in whatever path, keeps doing so here.
 */

import {
  CXL_MEMDEV_IDA,
  CXL_MEMDEV_IDA_BITMAP,
  CXL_MEMDEV_RWSEM,
  CXL_MEMDEV_SRCU,
  CXL_MEMDEV_SRCU_FAST,
} from "../../../arch/wasm/memory";
import { PERCPU_CXL_MEMDEV_SRCU, PERCPU_CXL_MEMDEV_SRCU_FAST } from "../../../arch/wasm/percpu";
import { CHRDEV_MAJOR, cdev_init, MKDEV } from "../../../fs/char_dev";
import { init_rwsem, rw_semaphore } from "../../../kernel/locking/rwsem";
import { init_static_srcu_struct, srcu_struct } from "../../../kernel/rcu/srcu";
import { init_static_srcu_fast, srcu_fast_struct } from "../../../kernel/rcu/srcu_fast";
import { FAULT_KZALLOC, should_fail } from "../../../lib/fault-inject";
import { ida_alloc_range, ida_free, ida_init } from "../../../lib/idr";
import { kzalloc, SLAB_CXL_MEMDEV } from "../../../mm/slab";
import { dev_set_name, device, device_initialize } from "../../base/core";
import { devm_add_action_or_reset } from "../../base/devres";
import { cxl_mem } from "../cxlmem";

export const REV_PERCPU_REF: u32 = 0;
export const REV_SRCU: u32 = 1;
export const REV_RWSEM: u32 = 2;
export const REV_PUT_DEVICE: u32 = 3;
export const REV_SHUTDOWN_FIRST: u32 = 4;
export const REV_DEL_FIRST: u32 = 5;

/** Devices that alloc_chrdev_region() reserved numbers for. */
export const CXL_MEM_MAX_DEVS: u32 = 65536;
/** devm action; the low 16 bits are the driver id. Dispatched in callbacks.ts to memdev_unregister(). */
export const MEMDEV_UNREGISTER: u32 = 0x10000;
/** "mem", the first letter in the low byte. */
const CXL_MEMDEV_NAME: u32 = 0x6d656d;

@unmanaged
@final
export class cxl_memdev {
  /** The driver context; 0 once the device is shut down. Guarded by the gate. */
  cxlm: usize;
  id: u32;
}

const CXL_MEMDEV_DEV: usize = 0x80;
const CXL_MEMDEV_CDEV: usize = 0xc0;
const CXL_MEMDEV_GATE: usize = 0x100;
export const SIZEOF_CXL_MEMDEV: u32 = <u32>CXL_MEMDEV_GATE; // plus what the revision embeds
export const OFFSETOF_CXL_MEMDEV_CXLM: u32 = offsetof<cxl_memdev>("cxlm");
export const OFFSETOF_CXL_MEMDEV_ID: u32 = offsetof<cxl_memdev>("id");
export const OFFSETOF_CXL_MEMDEV_DEV: u32 = <u32>CXL_MEMDEV_DEV;
export const OFFSETOF_CXL_MEMDEV_CDEV: u32 = <u32>CXL_MEMDEV_CDEV;

export function memdev_dev(cxlmd: usize): usize {
  return cxlmd + CXL_MEMDEV_DEV;
}

export function memdev_cdev(cxlmd: usize): usize {
  return cxlmd + CXL_MEMDEV_CDEV;
}

/** What the revision embeds. */
export function memdev_gate(cxlmd: usize): usize {
  return cxlmd + CXL_MEMDEV_GATE;
}

export function dev_to_memdev(dev: usize): usize {
  return dev - CXL_MEMDEV_DEV;
}

export function cdev_to_memdev(cdev: usize): usize {
  return cdev - CXL_MEMDEV_CDEV;
}

export function gate_to_memdev(gate: usize): usize {
  return gate - CXL_MEMDEV_GATE;
}

/** Address of cxlmd.cxlm, which a gate clears. */
export function memdev_slot(cxlmd: usize): usize {
  return cxlmd + offsetof<cxl_memdev>("cxlm");
}

/** Boots the driver: what a module's init function does. Context: once. Ordering: none. */
export function cxl_memdev_init(): void {
  ida_init(CXL_MEMDEV_IDA, CXL_MEMDEV_IDA_BITMAP, CXL_MEM_MAX_DEVS + 1);
  init_rwsem(changetype<rw_semaphore>(CXL_MEMDEV_RWSEM));
  init_static_srcu_struct(changetype<srcu_struct>(CXL_MEMDEV_SRCU), PERCPU_CXL_MEMDEV_SRCU);
  const fast = changetype<srcu_fast_struct>(CXL_MEMDEV_SRCU_FAST);
  init_static_srcu_fast(fast, PERCPU_CXL_MEMDEV_SRCU_FAST);
}

/**
 * Allocates a zeroed cxl_memdev.
 *
 * @param embedded - bytes that the revision embeds
 * @returns its address, or 0
 * Context: may sleep in the kernel. Ordering: none.
 */
export function memdev_kzalloc(embedded: u32): usize {
  if (should_fail(FAULT_KZALLOC)) return 0;
  return kzalloc(SIZEOF_CXL_MEMDEV + embedded, SLAB_CXL_MEMDEV);
}

/**
 * Takes an id. The upper limit is inclusive, as in every revision: id 65536 can be had, one past the
 * numbers that were reserved.
 *
 * @returns 0 with cxlmd.id set; -ENOMEM; -ENOSPC
 * Context: may sleep in the kernel. Ordering: none.
 */
export function memdev_ida_alloc(cxlmd: usize): i32 {
  const rc = ida_alloc_range(CXL_MEMDEV_IDA, 0, CXL_MEM_MAX_DEVS);
  if (rc < 0) return rc;
  changetype<cxl_memdev>(cxlmd).id = rc; // plain: not public yet
  return 0;
}

/** Gives the id back. Context: any; never sleeps. Ordering: release. */
export function memdev_ida_free(cxlmd: usize): void {
  ida_free(CXL_MEMDEV_IDA, changetype<cxl_memdev>(cxlmd).id); // plain: constant since memdev_ida_alloc()
}

/**
 * Initialises the device and its cdev: from here on the memory belongs to the reference count. The
 * driver id, which stands for the device type and the file operations, is that of the driver bound
 * to the parent.
 *
 * Context: any; never sleeps. Ordering: none; not public yet.
 */
export function memdev_device_initialize(cxlmd: usize, cxlm: usize): void {
  const dev = memdev_dev(cxlmd);
  device_initialize(dev);
  const d = changetype<device>(dev); // plain: not public yet; the parent's driver is bound for now
  d.parent = changetype<cxl_mem>(cxlm).pdev;
  const driver = changetype<device>(d.parent).driver - 1;
  d.devt = MKDEV(CHRDEV_MAJOR, changetype<cxl_memdev>(cxlmd).id);
  d.type = driver;
  cdev_init(memdev_cdev(cxlmd), driver);
}

/** dev_set_name() to "mem%d". @returns 0 or -ENOMEM. Context: may sleep in the kernel. Ordering: none. */
export function memdev_set_name(cxlmd: usize): i32 {
  return dev_set_name(memdev_dev(cxlmd), CXL_MEMDEV_NAME, changetype<cxl_memdev>(cxlmd).id);
}

/**
 * The last step of add: has the parent's devres call unregister().
 *
 * @returns 0, or -ENOMEM: then unregister() has run, and the memdev is gone or about to go
 * Context: may sleep. Ordering: none.
 */
export function memdev_devm_add(cxlmd: usize): i32 {
  const d = changetype<device>(memdev_dev(cxlmd)); // plain: constant since before it is public
  return devm_add_action_or_reset(d.parent, MEMDEV_UNREGISTER | d.type, cxlmd);
}
