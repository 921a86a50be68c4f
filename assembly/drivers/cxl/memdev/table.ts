// SPDX-License-Identifier: GPL-2.0-only
/**
 * The revisions: a row is an id and a case; the host reads ids from the exports (REV_X). A driver is
 * a revision and its gate, (revision << 8) | gate; all but put_device have theirs built in, and ignore
 * the gate.
 *
 * dispatch_driver() runs `op` compiled for one driver. What is called once a device or once an open
 * goes through it; hot loops are themselves an op.
 */
import { BUG_ON } from "../../../arch/wasm/bug";
import { file } from "../../../fs/file_table";
import { dispatch_driver_gate } from "../../../gates/table";
import { device } from "../../base/core";
import { CXL_MEM_DEAD, cxl_mem, cxl_mem_set_state } from "../cxlmem";
import { memdev_del_first } from "./del_first";
import { memdev_with_endpoint } from "./endpoint";
import { memdev_percpu_ref } from "./percpu_ref";
import { memdev_put_device } from "./put_device";
import {
  cxl_memdev,
  REV_DEL_FIRST,
  REV_PERCPU_REF,
  REV_PUT_DEVICE,
  REV_RWSEM,
  REV_SHUTDOWN_FIRST,
  REV_SRCU,
} from "./revision";
import { memdev_rwsem } from "./rwsem";
import { memdev_shutdown_first } from "./shutdown_first";
import { memdev_srcu } from "./srcu";

/** A callback names a driver that is not in the table: a = the id, b = the object. */
export const BUG_MEMDEV_CALLBACK_OF_UNKNOWN_DRIVER: u32 = 410;

/** What dispatch_driver() and dispatch_driver_gate() return for an id that is not in the table. */
const NO_SUCH_ROW: i32 = -1;

/** The gate of REV_PUT_DEVICE's driver id picks the case; `op` then runs with the revision around it. */
@unmanaged
@final
class with_gate<O extends DriverOp> {
  run<G extends Gate>(): i32 {
    return changetype<O>(changetype<usize>(this)).run<memdev_put_device<G>>();
  }
}

/** @returns what op.run() returned, or -1 when there is no such driver */
export function dispatch_driver<O extends DriverOp>(driver: u32, op: O): i32 {
  switch (driver >>> 8) {
    case REV_PERCPU_REF:
      return op.run<memdev_percpu_ref>();
    case REV_SRCU:
      return op.run<memdev_srcu>();
    case REV_RWSEM:
      return op.run<memdev_rwsem>();
    case REV_PUT_DEVICE: {
      const gated = changetype<with_gate<O>>(changetype<usize>(op));
      return dispatch_driver_gate<with_gate<O>>(driver & 0xff, gated);
    }
    case REV_SHUTDOWN_FIRST:
      return op.run<memdev_with_endpoint<memdev_shutdown_first>>();
    case REV_DEL_FIRST:
      return op.run<memdev_with_endpoint<memdev_del_first>>();
    default:
      return NO_SUCH_ROW;
  }
}

// The ops below take one argument: the address of what the callback is about, which is their `this`.

@unmanaged
@final
class exists_op {
  run<_D extends Driver>(): i32 {
    return 1;
  }
}

@unmanaged
@final
class add_op {
  run<D extends Driver>(): i32 {
    return changetype<D>(0).add_memdev(changetype<usize>(this));
  }
}

@unmanaged
@final
class unregister_op {
  run<D extends Driver>(): i32 {
    changetype<D>(0).unregister(changetype<usize>(this));
    return 0;
  }
}

@unmanaged
@final
class release_op {
  run<D extends Driver>(): i32 {
    changetype<D>(0).release(changetype<usize>(this));
    return 0;
  }
}

@unmanaged
@final
class open_op {
  run<D extends Driver>(): i32 {
    const filp = changetype<usize>(this);
    return changetype<D>(0).open(changetype<file>(filp).f_inode, filp); // plain: not public yet
  }
}

@unmanaged
@final
class release_file_op {
  run<D extends Driver>(): i32 {
    const filp = changetype<usize>(this);
    changetype<D>(0).release_file(changetype<file>(filp).f_inode, filp); // plain: the last reference
    return 0;
  }
}

function check_row(rc: i32, driver: u32, about: usize): void {
  BUG_ON(rc === NO_SUCH_ROW, BUG_MEMDEV_CALLBACK_OF_UNKNOWN_DRIVER, driver, <u32>about);
}

/** @returns true when `driver` is in the table. Context: any. Ordering: none. */
export function driver_exists(driver: u32): bool {
  return dispatch_driver<exists_op>(driver, changetype<exists_op>(0)) === 1;
}

/** add_memdev() of the driver. @returns what it says. Context: may sleep. Ordering: as cdev_add(). */
export function cxl_mem_add_memdev(driver: u32, cxlm: usize): i32 {
  return dispatch_driver<add_op>(driver, changetype<add_op>(cxlm));
}

/**
 * The devm action: unregister() of the driver. From here on the context counts as dead: a body that
 * runs with it is a violation, whether or not the memory is free yet.
 *
 * Context: may sleep. Ordering: what the gate gives.
 */
export function memdev_unregister(driver: u32, cxlmd: usize): void {
  const cxlm = changetype<cxl_memdev>(cxlmd).cxlm; // plain: nobody but the action below changes it
  check_row(
    dispatch_driver<unregister_op>(driver, changetype<unregister_op>(cxlmd)),
    driver,
    cxlmd,
  );
  cxl_mem_set_state(changetype<cxl_mem>(cxlm), CXL_MEM_DEAD);
}

/** The last put_device() of a memdev. Context: may sleep. Ordering: acquire. */
export function memdev_release(dev: usize): void {
  const driver = changetype<device>(dev).type; // plain: constant since before it was public
  check_row(dispatch_driver<release_op>(driver, changetype<release_op>(dev)), driver, dev);
}

/** ->open(). @returns 0, or what the driver says. Context: may sleep. Ordering: none. */
export function memdev_open(driver: u32, filp: usize): i32 {
  const rc = dispatch_driver<open_op>(driver, changetype<open_op>(filp));
  check_row(rc, driver, filp);
  return rc;
}

/** ->release(). Context: may sleep. Ordering: none. */
export function memdev_release_file(driver: u32, filp: usize): void {
  check_row(
    dispatch_driver<release_file_op>(driver, changetype<release_file_op>(filp)),
    driver,
    filp,
  );
}

/** The last reference of ops_active. Context: any, atomic; never sleeps. Ordering: none. */
export function memdev_ref_release(ref: usize): void {
  changetype<memdev_percpu_ref>(0).ref_release(ref);
}
