// SPDX-License-Identifier: GPL-2.0-only
/**
 * The PCI function that a memory device is: the parent of its char device, and the owner of its
 * devm resources.
 *
 * Source:  include/linux/pci.h (v5.12), cut down to the device and what is behind its BAR.
 *
 * State:   one object: cxl_pci, then the struct device.
 *
 * Rules:   Q1  The registers stay until the last reference to the device is put, not until the
 *              driver is unbound: a body that outlives the binding finds a device, not a hole.
 *          Q2  Unbinding releases the devm resources in reverse order; binding again is a new probe.
 *
 * Ordering: see drivers/base/core.ts.
 * Not modelled: configuration space, the register locator, BARs; pcim_iomap's unmapping at unbind
 *          (a late access would fault there; here the sanitizer tells of the freed context).
 */

import { kfree, kzalloc, SLAB_PDEV } from "../../mm/slab";
import { device, device_initialize } from "../base/core";
import { devres_release_all } from "../base/devres";
import { cxl_hw_create, cxl_hw_destroy } from "./device_model";

/** device.type of a PCI function; no revision and no gate has that number. */
export const DEVICE_TYPE_CXL_PCI: u32 = 0xff00;

@unmanaged
@final
export class cxl_pci {
  /** The modelled device. */
  hw: u32;
  rsvd: u32;
}

const DEVICE: usize = offsetof<cxl_pci>();

/** @returns the address of the modelled device behind PCI function `dev`. */
export function cxl_pci_hw(dev: usize): usize {
  return changetype<cxl_pci>(dev - DEVICE).hw;
}

/**
 * Plugs a device in.
 *
 * @param payload_log2 - of its mailbox, see cxl_hw_create()
 * @returns its struct device with one reference, 0 without memory
 * Context: never sleeps. Ordering: none; not published yet.
 */
export function cxl_pci_create(payload_log2: u32): usize {
  const p = kzalloc(<u32>(DEVICE + offsetof<device>()), SLAB_PDEV);
  if (p === 0) return 0;
  const hw = cxl_hw_create(payload_log2);
  if (hw === 0) {
    kfree(p);
    return 0;
  }
  changetype<cxl_pci>(p).hw = <u32>hw;
  device_initialize(p + DEVICE);
  changetype<device>(p + DEVICE).type = DEVICE_TYPE_CXL_PCI;
  return p + DEVICE;
}

/** Unbinds the driver (Q2). Context: sleeps, as the devm actions do. Ordering: theirs. */
export function cxl_pci_unbind(dev: usize): void {
  devres_release_all(dev);
}

/** The release method: the last reference is gone. Context: from put_device(). Ordering: none. */
export function cxl_pci_release(dev: usize): void {
  cxl_hw_destroy(cxl_pci_hw(dev));
  kfree(dev - DEVICE);
}
