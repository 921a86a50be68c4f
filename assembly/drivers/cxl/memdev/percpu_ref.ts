// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev as it was merged: a percpu_ref says whether ioctls may use the driver context.
 *
 * Source:  b39cb1052a5c ("cxl/mem: Register CXL memX devices").
 *
 * State:   ops_active (struct percpu_ref) and ops_dead (struct completion), embedded. The reference
 *          of add is dropped by the kill; each ioctl inside holds one; the last completes ops_dead.
 *
 * Order:   add      alloc · cxlm · percpu_ref_init · id · initialise · name · cdev_device_add · devm
 *          unregister  kill · cdev_device_del · wait · cxlm = 0 · put_device
 *          release     percpu_ref_exit · id · free
 *
 * As it stood, right or wrong:
 *   F1  an open takes no reference on the device; ioctl finds the memdev through the inode's i_cdev.
 *       The open file pins the cdev, and so the device: that holds until the memory is freed by hand,
 *   F2  which err_add does: kfree() of an initialised device. The name leaks, and whoever opened while
 *       the cdev was live is left with freed memory.
 *   F3  err_add returns the id while ioctls may still be inside.
 *   F4  the kill comes before cdev_device_del(): not the mirror of add.
 *   F5  the unwind waits out a grace period even where nothing was ever live.
 *   F6  that dev_set_name() may fail is not looked at: device_add() then fails for want of a name, when
 *       the cdev is live.
 *
 * Cost:    ioctl: two loads and two adds to the CPU's own counter. unregister: a grace period.
 */
import { ENOMEM, ENXIO } from "../../../arch/wasm/errno";
import { cdev_device_add, cdev_device_del } from "../../../fs/char_dev";
import { file } from "../../../fs/file_table";
import { inode } from "../../../fs/inode";
import {
  complete,
  completion,
  init_completion,
  wait_for_completion,
} from "../../../kernel/sched/completion";
import {
  percpu_ref,
  percpu_ref_exit,
  percpu_ref_init,
  percpu_ref_kill,
  percpu_ref_put,
  percpu_ref_tryget_live,
} from "../../../lib/percpu-refcount";
import { kfree } from "../../../mm/slab";
import { put_device } from "../../base/core";
import { __cxl_memdev_ioctl } from "../mem";
import {
  cdev_to_memdev,
  cxl_memdev,
  dev_to_memdev,
  gate_to_memdev,
  memdev_cdev,
  memdev_dev,
  memdev_device_initialize,
  memdev_devm_add,
  memdev_gate,
  memdev_ida_alloc,
  memdev_ida_free,
  memdev_kzalloc,
  memdev_set_name,
} from "./revision";

/** percpu_ref release id: dispatched in callbacks.ts to ref_release(). */
export const PERCPU_REF_RELEASE_CXL_MEMDEV: u32 = 2;

function ops_active(cxlmd: usize): percpu_ref {
  return changetype<percpu_ref>(memdev_gate(cxlmd));
}

function ops_dead(cxlmd: usize): completion {
  return changetype<completion>(memdev_gate(cxlmd) + offsetof<percpu_ref>());
}

/** err_id, then err_ref: F5. */
function err_id(cxlmd: usize, rc: i32): i32 {
  percpu_ref_kill(ops_active(cxlmd));
  wait_for_completion(ops_dead(cxlmd));
  percpu_ref_exit(ops_active(cxlmd));
  kfree(cxlmd); // F2, when it comes from err_add
  return rc;
}

@unmanaged
@final
export class memdev_percpu_ref {
  add_memdev(cxlm: usize): i32 {
    const cxlmd = memdev_kzalloc(offsetof<percpu_ref>() + offsetof<completion>());
    if (cxlmd === 0) return -ENOMEM;
    init_completion(ops_dead(cxlmd));
    changetype<cxl_memdev>(cxlmd).cxlm = cxlm; // plain: not public yet
    let rc = percpu_ref_init(ops_active(cxlmd), PERCPU_REF_RELEASE_CXL_MEMDEV, 0);
    if (rc !== 0) {
      kfree(cxlmd);
      return rc;
    }
    rc = memdev_ida_alloc(cxlmd);
    if (rc < 0) return err_id(cxlmd, rc);

    memdev_device_initialize(cxlmd, cxlm);
    memdev_set_name(cxlmd); // F6
    rc = cdev_device_add(memdev_cdev(cxlmd), memdev_dev(cxlmd));
    if (rc !== 0) {
      memdev_ida_free(cxlmd); // F3
      return err_id(cxlmd, rc);
    }
    return memdev_devm_add(cxlmd);
  }

  unregister(cxlmd: usize): void {
    const dev = memdev_dev(cxlmd);
    percpu_ref_kill(ops_active(cxlmd)); // F4
    cdev_device_del(memdev_cdev(cxlmd), dev);
    wait_for_completion(ops_dead(cxlmd));
    changetype<cxl_memdev>(cxlmd).cxlm = 0; // plain: nobody is inside any more, and nobody comes
    put_device(dev);
  }

  release(dev: usize): void {
    const cxlmd = dev_to_memdev(dev);
    percpu_ref_exit(ops_active(cxlmd));
    memdev_ida_free(cxlmd);
    kfree(cxlmd);
  }

  ref_release(ref: usize): void {
    complete(ops_dead(gate_to_memdev(ref)));
  }

  open(_node: usize, _filp: usize): i32 {
    return 0; // F1
  }

  release_file(_node: usize, _filp: usize): void {}

  ioctl(filp: usize, cmd: u32, arg: u64): i32 {
    const node = changetype<inode>(changetype<file>(filp).f_inode); // plain: constant while it is open
    const cxlmd = cdev_to_memdev(node.i_cdev); // F1
    if (!percpu_ref_tryget_live(ops_active(cxlmd))) return -ENXIO;
    const cxlm = changetype<cxl_memdev>(cxlmd).cxlm; // plain: constant while a reference is live
    const rc = __cxl_memdev_ioctl(cxlm, cmd, arg);
    percpu_ref_put(ops_active(cxlmd));
    return rc;
  }
}
