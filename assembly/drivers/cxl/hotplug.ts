// SPDX-License-Identifier: GPL-2.0-only
/**
 * Plugging a memory device in and out: what a hotplug controller and the PCI core do around a driver.
 *
 * Source:  drivers/pci/hotplug/pciehp_pci.c for the order: unbind, then let go of the function.
 *
 * Rules:   H1  A function is one object from plug to unplug; drivers may be bound to it and unbound
 *              again meanwhile.
 *          H2  A function that could not be bound when it was plugged in is gone again.
 *          H3  The function outlives the unplug for as long as its char device is registered, no longer:
 *              an open file does not keep it.
 *
 * Ordering: see memdev/bind.ts.
 * Not modelled: slots, surprise removal (registers that read all ones), bus numbers.
 */
import { READ_ONCE } from "../../arch/wasm/atomic";
import { EBUSY, ENODEV, ENOMEM } from "../../arch/wasm/errno";
import { MINOR } from "../../fs/char_dev";
import { device, put_device } from "../base/core";
import { cxl_hw_set_service_ns } from "./device_model";
import { cxl_bind, cxl_unbind } from "./memdev/bind";
import { cxl_pci_create, cxl_pci_hw } from "./pci";

/** Payload of a device that is plugged in without further wishes: 1 << 12 bytes. */
const PAYLOAD_LOG2: u32 = 12;

/**
 * Binds a driver to a function, a new one or one that has none bound.
 *
 * @param driver - (revision << 8) | gate
 * @param pdev - a function, for a replug; 0: a new one
 * @param service_ns - mailbox service time of a new one, ns
 * @returns the function's address; negative: -ENOMEM, or what cxl_bind() says (H2)
 * Context: sleeps. Ordering: as cxl_bind().
 */
export function cxl_probe(driver: u32, pdev: usize, service_ns: u64): i32 {
  const parent = pdev !== 0 ? pdev : cxl_pci_create(PAYLOAD_LOG2);
  if (parent === 0) return -ENOMEM;
  if (pdev === 0) cxl_hw_set_service_ns(cxl_pci_hw(parent), service_ns);
  const rc = cxl_bind(parent, driver);
  if (rc === 0) return <i32>parent;
  if (pdev === 0) put_device(parent);
  return rc;
}

/**
 * Unbinds the driver and lets go of the function.
 *
 * @returns 0; -EBUSY when somebody binds or unbinds: then nothing happened
 * Context: as cxl_unbind(); the caller does not use pdev again. Ordering: as cxl_unbind().
 */
export function cxl_remove(pdev: usize): i32 {
  if (cxl_unbind(pdev) === -EBUSY) return -EBUSY;
  put_device(pdev);
  return 0;
}

/** cxl_probe() of a new function. @returns it, or 0. Context: sleeps. Ordering: as cxl_bind(). */
export function cxl_plug(driver: u32, service_ns: u64): usize {
  const pdev = cxl_probe(driver, 0, service_ns);
  return pdev < 0 ? 0 : <usize>pdev;
}

/** cxl_remove() by the one who plugged it. Context: as cxl_unbind(). Ordering: as cxl_unbind(). */
export function cxl_unplug(pdev: usize): void {
  cxl_remove(pdev);
}

/**
 * The minor number of the function's char device, as udev heard of it.
 *
 * @returns the minor, or -ENODEV when it has none
 * Context: any; stale at once. Ordering: none.
 */
export function cxl_minor(pdev: usize): i32 {
  const devt = READ_ONCE(pdev + offsetof<device>("uevent"));
  return devt === 0 ? -ENODEV : <i32>MINOR(devt);
}

/** cxl_minor() of a function that is bound. */
export function cxl_plugged_minor(pdev: usize): u32 {
  return <u32>cxl_minor(pdev);
}
