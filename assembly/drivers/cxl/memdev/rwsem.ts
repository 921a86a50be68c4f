// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev after the patch: one rwsem for all devices guards cxlmd.cxlm.
 *
 * Source:  5877515912cc ("cxl/mem: Fix synchronization mechanism for device removal vs ioctl
 *          operations").
 *
 * State:   cxl_memdev_rwsem, static, at CXL_MEMDEV_RWSEM. Nothing embedded.
 *
 * Order:   add      alloc · id · initialise · name · cxlm · cdev_device_add · devm
 *          unregister  cdev_device_del · shutdown (cxlm = 0 under the write lock) · put_device
 *          release     id · free
 *
 * As it stood, right or wrong:
 *   S0  an open takes a reference on the device, and keeps the memdev in private_data.
 *   S1  err_add still frees an initialised device with kfree(): the name leaks, and whoever opened while
 *       the cdev was live has its ioctl, its close and its cdev's last put in freed memory.
 *   S2  that dev_set_name() may fail is not looked at.
 *   S3  the last id is CXL_MEM_MAX_DEVS itself, one past the numbers that were reserved: so in every
 *       revision, see memdev_ida_alloc().
 *   S6  removal of one device waits for the ioctls of all, and stalls those that come after.
 *   S7  release_file goes by i_cdev although private_data has it.
 *
 * Ordering: cxlm is stored without the lock: the cdev's map orders it for whoever opens.
 * Cost:    ioctl: two atomic adds to a line that all devices share. unregister: no grace period.
 */
import { ENOMEM, ENXIO } from "../../../arch/wasm/errno";
import { CXL_MEMDEV_RWSEM } from "../../../arch/wasm/memory";
import { cdev_device_add, cdev_device_del } from "../../../fs/char_dev";
import { file } from "../../../fs/file_table";
import { inode } from "../../../fs/inode";
import {
  down_read,
  down_write,
  rw_semaphore,
  up_read,
  up_write,
} from "../../../kernel/locking/rwsem";
import { kfree } from "../../../mm/slab";
import { get_device, put_device } from "../../base/core";
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

function cxl_memdev_rwsem(): rw_semaphore {
  return changetype<rw_semaphore>(CXL_MEMDEV_RWSEM);
}

function cxl_memdev_shutdown(cxlmd: usize): void {
  down_write(cxl_memdev_rwsem());
  changetype<cxl_memdev>(cxlmd).cxlm = 0; // plain: under the write lock
  up_write(cxl_memdev_rwsem());
}

/** The cdev was live for a moment: shuts out whoever came in. Then S1. */
function err_add(cxlmd: usize, rc: i32): i32 {
  cxl_memdev_shutdown(cxlmd);
  memdev_ida_free(cxlmd);
  kfree(cxlmd); // S1
  return rc;
}

@unmanaged
@final
export class memdev_rwsem {
  add_memdev(cxlm: usize): i32 {
    const cxlmd = memdev_kzalloc(0);
    if (cxlmd === 0) return -ENOMEM;
    let rc = memdev_ida_alloc(cxlmd);
    if (rc < 0) {
      kfree(cxlmd);
      return rc;
    }
    memdev_device_initialize(cxlmd, cxlm);
    memdev_set_name(cxlmd); // S2
    changetype<cxl_memdev>(cxlmd).cxlm = cxlm; // plain: published by cdev_add(), which orders it
    rc = cdev_device_add(memdev_cdev(cxlmd), memdev_dev(cxlmd));
    if (rc !== 0) return err_add(cxlmd, rc);
    return memdev_devm_add(cxlmd);
  }

  unregister(cxlmd: usize): void {
    const dev = memdev_dev(cxlmd);
    cdev_device_del(memdev_cdev(cxlmd), dev);
    cxl_memdev_shutdown(cxlmd);
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
    put_device(memdev_dev(cdev_to_memdev(changetype<inode>(node).i_cdev))); // S7
  }

  ioctl(filp: usize, cmd: u32, arg: u64): i32 {
    const cxlmd = changetype<cxl_memdev>(changetype<file>(filp).private_data); // plain: constant
    let rc: i32 = -ENXIO;
    down_read(cxl_memdev_rwsem());
    const cxlm = cxlmd.cxlm; // plain: under the read lock
    if (cxlm !== 0) rc = __cxl_memdev_ioctl(cxlm, cmd, arg);
    up_read(cxl_memdev_rwsem());
    return rc;
  }
}
