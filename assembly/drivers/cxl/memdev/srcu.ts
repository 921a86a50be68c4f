// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev as version 2 of the patch had it: one SRCU domain and the device's registered flag.
 *
 * Source:  version 2 of "cxl/mem: Fix synchronization mechanism for device removal vs ioctl
 *          operations", 29 March 2021, which was not merged: Linux went from percpu_ref to rwsem.
 *
 * State:   cxl_memdev_srcu, static, at CXL_MEMDEV_SRCU, its counts at PERCPU_CXL_MEMDEV_SRCU. The flag
 *          is the device's own, DEVICE_REGISTERED. Nothing embedded.
 *
 * Order:   add      alloc · id · initialise · name · cxlm · cdev_device_add · devm
 *          unregister  cdev_device_del, which clears the flag · synchronize_srcu · cxlm = 0 · put_device
 *          release     id · free
 *
 * As it stood, right or wrong:
 *   V1  ioctl tests the flag, not the pointer that it goes on to use; what the domain protects is code,
 *       as the review put it. That is enough as long as the flag goes before the grace period begins,
 *       and the pointer after it has ended.
 *   V2  the flag is read without READ_ONCE(): a compiler may load it twice, and believe both. Here
 *       device_is_registered() has one, so that this is not what a check finds.
 *   V3  the flag is set later than the cdev goes live: an ioctl in between gets -ENXIO from a device
 *       that is just coming.
 *   V4  err_add frees an initialised device with kfree(), and that dev_set_name() may fail is not looked
 *       at: S1 and S2 of rwsem.ts. INFERRED: of this version's unwind no more is known than that
 *       kfree(); its order, the flush included, is that of the patch as it was merged.
 *   V5  removal of one device waits for the ioctls of all; unlike with the rwsem nobody waits for the
 *       removal.
 *
 * Ordering: cxlm is stored without anything: the cdev's map orders it for whoever opens. The flag's
 *          clearing before the grace period: O1 of kernel/rcu/srcu.ts; the use of cxlm before it is
 *          cleared: O2.
 * Cost:    ioctl: two atomic adds to the CPU's own line. unregister: a grace period of the domain.
 */
import { ENOMEM, ENXIO } from "../../../arch/wasm/errno";
import { CXL_MEMDEV_SRCU } from "../../../arch/wasm/memory";
import { cdev_device_add, cdev_device_del } from "../../../fs/char_dev";
import { file } from "../../../fs/file_table";
import { inode } from "../../../fs/inode";
import {
  srcu_read_lock,
  srcu_read_unlock,
  srcu_struct,
  synchronize_srcu,
} from "../../../kernel/rcu/srcu";
import { kfree } from "../../../mm/slab";
import { device_is_registered, get_device, put_device } from "../../base/core";
import { __cxl_memdev_ioctl } from "../mem";
import {
  cdev_to_memdev,
  cxl_memdev,
  dev_to_memdev,
  memdev_cdev,
  memdev_dev,
  memdev_device_initialize,
  memdev_devm_add,
  memdev_ida_alloc,
  memdev_ida_free,
  memdev_kzalloc,
  memdev_set_name,
} from "./revision";

function cxl_memdev_srcu(): srcu_struct {
  return changetype<srcu_struct>(CXL_MEMDEV_SRCU);
}

/** The flag says no, if it ever said yes: waits for whoever saw it, then takes the context away. */
function cxl_memdev_flush(cxlmd: usize): void {
  synchronize_srcu(cxl_memdev_srcu());
  changetype<cxl_memdev>(cxlmd).cxlm = 0; // plain: nobody is inside, and who comes sees the flag
}

/** The cdev was live for a moment. V4. */
function err_add(cxlmd: usize, rc: i32): i32 {
  cxl_memdev_flush(cxlmd);
  memdev_ida_free(cxlmd);
  kfree(cxlmd); // V4
  return rc;
}

@unmanaged
@final
export class memdev_srcu {
  add_memdev(cxlm: usize): i32 {
    const cxlmd = memdev_kzalloc(0);
    if (cxlmd === 0) return -ENOMEM;
    let rc = memdev_ida_alloc(cxlmd);
    if (rc < 0) {
      kfree(cxlmd);
      return rc;
    }
    memdev_device_initialize(cxlmd, cxlm);
    memdev_set_name(cxlmd); // V4
    changetype<cxl_memdev>(cxlmd).cxlm = cxlm; // plain: published by cdev_add(), which orders it
    rc = cdev_device_add(memdev_cdev(cxlmd), memdev_dev(cxlmd));
    if (rc !== 0) return err_add(cxlmd, rc);
    return memdev_devm_add(cxlmd);
  }

  unregister(cxlmd: usize): void {
    const dev = memdev_dev(cxlmd);
    cdev_device_del(memdev_cdev(cxlmd), dev);
    cxl_memdev_flush(cxlmd);
    put_device(dev);
  }

  release(dev: usize): void {
    const cxlmd = dev_to_memdev(dev);
    memdev_ida_free(cxlmd);
    kfree(cxlmd);
  }

  ref_release(_ref: usize): void {}

  open(node: usize, filp: usize): i32 {
    const cxlmd = cdev_to_memdev(changetype<inode>(node).i_cdev); // plain: the file pins the cdev
    get_device(memdev_dev(cxlmd));
    changetype<file>(filp).private_data = cxlmd; // plain: the file is not public yet
    return 0;
  }

  release_file(node: usize, _filp: usize): void {
    put_device(memdev_dev(cdev_to_memdev(changetype<inode>(node).i_cdev)));
  }

  ioctl(filp: usize, cmd: u32, arg: u64): i32 {
    const cxlmd = changetype<file>(filp).private_data; // plain: constant while it is open
    let rc: i32 = -ENXIO;
    const idx = srcu_read_lock(cxl_memdev_srcu());
    if (device_is_registered(memdev_dev(cxlmd))) {
      const cxlm = changetype<cxl_memdev>(cxlmd).cxlm; // V1; plain: constant while the section is open
      rc = __cxl_memdev_ioctl(cxlm, cmd, arg);
    }
    srcu_read_unlock(cxl_memdev_srcu(), idx);
    return rc;
  }
}
