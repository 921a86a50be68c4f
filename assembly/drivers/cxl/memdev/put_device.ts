// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev with the series complete, and with any gate.
 *
 * Source:  1c3333a28d45 ("cxl/mem: Do not rely on device_add() side effects for dev_set_name()
 *          failures"), the last of the series that touches lifetimes.
 *
 * State:   the gate's own, embedded; G is compiled in. With the rwsem gate this is the kernel's code.
 *
 * Order:   add      alloc (memory · id · gate · initialise) · name · cxlm · cdev_device_add · devm
 *          unregister  cdev_device_del · kill, which clears cxlm · put_device
 *          release     gate · id · free
 *
 * Rules:   P1  What fails before device_initialize() is freed by hand, what fails later by put_device()
 *              alone: who opened while the cdev was live keeps what it needs.
 *          P2  A failed add shuts the gate before it lets go: an ioctl that came in finds the context
 *              alive, one that comes later gets -ENXIO.
 *          P3  ioctl tests cxlm inside the gate, whatever the gate; -ENXIO when it is closed or 0.
 *          P4  The hot path has no call but the body's and the gate's slow paths, and no branch on the
 *              gate.
 *
 * Ordering: cxlm is stored without the gate: the cdev's map orders it for whoever opens.
 */
import { __READ_ONCE } from "../../../arch/wasm/atomic";
import { ENOMEM, ENXIO } from "../../../arch/wasm/errno";
import { cdev_device_add, cdev_device_del } from "../../../fs/char_dev";
import { file } from "../../../fs/file_table";
import { inode } from "../../../fs/inode";
import { BYTES_EMBEDDED, GATE_CLOSED } from "../../../gates/gate";
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
  memdev_gate,
  memdev_ida_alloc,
  memdev_ida_free,
  memdev_kzalloc,
  memdev_set_name,
  memdev_slot,
} from "./revision";

function gate_of<G extends Gate>(cxlmd: usize): G {
  return changetype<G>(memdev_gate(cxlmd));
}

/** The id, then the gate: what is needed before the device may own the memory. */
function alloc_parts<G extends Gate>(cxlmd: usize): i32 {
  let rc = memdev_ida_alloc(cxlmd);
  if (rc < 0) return rc;
  rc = gate_of<G>(cxlmd).init();
  if (rc < 0) memdev_ida_free(cxlmd);
  return rc;
}

/** The memdev with its device initialised, or a negative errno: P1 divides here. */
function cxl_memdev_alloc<G extends Gate>(cxlm: usize): i32 {
  const cxlmd = memdev_kzalloc(changetype<G>(0).bytes(BYTES_EMBEDDED));
  if (cxlmd === 0) return -ENOMEM;
  const rc = alloc_parts<G>(cxlmd);
  if (rc < 0) {
    kfree(cxlmd);
    return rc;
  }
  memdev_device_initialize(cxlmd, cxlm);
  return <i32>cxlmd;
}

/** Name and publication. */
function publish(cxlmd: usize, cxlm: usize): i32 {
  const rc = memdev_set_name(cxlmd);
  if (rc !== 0) return rc;
  changetype<cxl_memdev>(cxlmd).cxlm = cxlm; // plain: published by cdev_add(), which orders it
  return cdev_device_add(memdev_cdev(cxlmd), memdev_dev(cxlmd));
}

/**
 * All of add but its last step, memdev_devm_add(): the memdev, published.
 *
 * @returns its address; negative, with everything undone: -ENOMEM, -ENOSPC, -EINVAL
 * Context: may sleep. Ordering: as cdev_add().
 */
export function cxl_memdev_add<G extends Gate>(cxlm: usize): i32 {
  const rc = cxl_memdev_alloc<G>(cxlm);
  if (rc < 0) return rc;
  const cxlmd = <usize>rc;
  const error = publish(cxlmd, cxlm);
  if (error === 0) return rc;
  gate_of<G>(cxlmd).kill(memdev_slot(cxlmd)); // P2
  put_device(memdev_dev(cxlmd));
  return error;
}

@unmanaged
@final
export class memdev_put_device<G extends Gate> {
  add_memdev(cxlm: usize): i32 {
    const rc = cxl_memdev_add<G>(cxlm);
    return rc < 0 ? rc : memdev_devm_add(<usize>rc);
  }

  unregister(cxlmd: usize): void {
    const dev = memdev_dev(cxlmd);
    cdev_device_del(memdev_cdev(cxlmd), dev);
    gate_of<G>(cxlmd).kill(memdev_slot(cxlmd));
    put_device(dev);
  }

  release(dev: usize): void {
    const cxlmd = dev_to_memdev(dev);
    gate_of<G>(cxlmd).destroy();
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

  @inline
  ioctl(filp: usize, cmd: u32, arg: u64): i32 {
    const cxlmd = changetype<file>(filp).private_data; // plain: constant while it is open
    const gate = gate_of<G>(cxlmd);
    let cookie = gate.enter_fast();
    if (gate.enter_ok(cookie)) {
      gate.entered(cookie);
    } else {
      cookie = gate.enter_slowpath(cookie);
      if (cookie === GATE_CLOSED) return -ENXIO;
    }
    let rc: i32 = -ENXIO;
    const cxlm = <usize>__READ_ONCE(memdev_slot(cxlmd)); // P3; once: some gates clear it meanwhile
    if (cxlm !== 0) rc = __cxl_memdev_ioctl(cxlm, cmd, arg);
    const s = gate.exit_fast(cookie);
    if (gate.exit_ok(s)) gate.exited(s);
    else gate.exit_slowpath(s);
    return rc;
  }
}
