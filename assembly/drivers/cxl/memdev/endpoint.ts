// SPDX-License-Identifier: GPL-2.0-only
/**
 * What hangs at a memdev's own device in later kernels: an endpoint, and the regions that are decoded
 * through it. Here it is the one access of its teardown that needs the driver context. Two revisions
 * have it, and differ in the order of their unregister().
 *
 * Source:  drivers/cxl/core/region.c cxl_region_decode_reset(), reached from device_del() by way of
 *          the endpoint port's devres, as 88d3917f82ed tells it ("cxl/mem: Fix shutdown order").
 *
 * State:   one devres entry of the memdev's device, from the end of cdev_device_add() to device_del().
 *
 * Rules:   E1  The teardown runs once, inside device_del() of a memdev that has an endpoint.
 *          E2  It loads cxlmd.cxlm without the gate, and reads a field of the context through it. If
 *              cxlm is 0, that is a violation, and the kernel's oops; the read takes place all the same.
 *          E3  A memdev without an endpoint, for want of memory, works like any other.
 *
 * Ordering: none: who removes the device is alone with it, and an ioctl only reads what this reads.
 * Not modelled: ports, decoders, regions, the driver that binds to the memdev and attaches them.
 */
import { LEVEL_VIOLATION, printk } from "../../../arch/wasm/bug";
import { count_event, EV_VIOLATION } from "../../../arch/wasm/events";
import { rwsem_gate } from "../../../gates/rwsem";
import { put_device } from "../../base/core";
import { devm_add_action } from "../../base/devres";
import { cxl_mem, cxl_mem_state } from "../cxlmem";
import { cxl_memdev_add, memdev_put_device } from "./put_device";
import { cxl_memdev, memdev_dev, memdev_devm_add, memdev_gate, memdev_slot } from "./revision";

/** devm action: callbacks.ts calls cxl_endpoint_teardown(). */
export const DEVM_CXL_ENDPOINT: u32 = 501;
/** The teardown of an endpoint found no context behind its memdev: a = the memdev, b = its id. */
export const VIOLATION_NULL_CONTEXT_IN_TEARDOWN: u32 = 504;

type put_device_rwsem = memdev_put_device<rwsem_gate>;

/** ->shutdown() of the char device: cxlm = 0 under the write lock. Context: sleeps. Ordering: the gate's. */
export function cxl_memdev_shutdown(cxlmd: usize): void {
  changetype<rwsem_gate>(memdev_gate(cxlmd)).kill(memdev_slot(cxlmd));
}

/** The devm action: E2. Context: inside device_del() of the memdev. Ordering: none. */
export function cxl_endpoint_teardown(cxlmd: usize): void {
  const memdev = changetype<cxl_memdev>(cxlmd); // plain: cxlm is changed by who removes, and that is us
  const cxlm = memdev.cxlm;
  if (cxlm === 0) {
    count_event(EV_VIOLATION);
    printk(LEVEL_VIOLATION, VIOLATION_NULL_CONTEXT_IN_TEARDOWN, <u32>cxlmd, memdev.id);
  }
  cxl_mem_state(changetype<cxl_mem>(cxlm)); // for `if (cxlds->rcd)`; an atomic load is not optimised away
}

/** put_device with the rwsem and an endpoint; T says in which order it is unregistered. */
@unmanaged
@final
export class memdev_with_endpoint<T extends Takedown> {
  add_memdev(cxlm: usize): i32 {
    const rc = cxl_memdev_add<rwsem_gate>(cxlm);
    if (rc < 0) return rc;
    const cxlmd = <usize>rc;
    devm_add_action(memdev_dev(cxlmd), DEVM_CXL_ENDPOINT, cxlmd); // E3
    return memdev_devm_add(cxlmd);
  }

  unregister(cxlmd: usize): void {
    const dev = memdev_dev(cxlmd);
    changetype<T>(0).take_down(cxlmd, dev);
    put_device(dev);
  }

  release(dev: usize): void {
    changetype<put_device_rwsem>(0).release(dev);
  }

  ref_release(_ref: usize): void {}

  open(node: usize, filp: usize): i32 {
    return changetype<put_device_rwsem>(0).open(node, filp);
  }

  release_file(node: usize, filp: usize): void {
    changetype<put_device_rwsem>(0).release_file(node, filp);
  }

  ioctl(filp: usize, cmd: u32, arg: u64): i32 {
    return changetype<put_device_rwsem>(0).ioctl(filp, cmd, arg);
  }
}
