// SPDX-License-Identifier: GPL-2.0-only
/**
 * Binding a memdev driver to a PCI function, and taking it off again.
 *
 * Source:  drivers/base/dd.c really_probe(), __device_release_driver(); drivers/cxl/mem.c
 *          cxl_mem_probe() (v5.12).
 *
 * State:   device.driver of the parent: driver id + 1 while one is bound. Under its device lock.
 *
 * Rules:   B1  A probe that fails releases the devm resources, as an unbind does; nothing is left bound.
 *          B2  Unbinding releases them newest first: unregister(), then the context's memory.
 *          B3  The context counts as dead from the moment that unregister() has returned, or that
 *              add_memdev() has failed: what runs with it afterwards is a violation.
 *          B4  Of two binds or unbinds of one function at once, one gets -EBUSY. The kernel's device
 *              lock would have it wait.
 *
 * Ordering: the device lock orders one binding after the other.
 */
import { EBUSY, EINVAL, ENODEV } from "../../../arch/wasm/errno";
import { count_event, EV_ADD, EV_ADD_FAIL, EV_REMOVE } from "../../../arch/wasm/events";
import { device, device_trylock, device_unlock } from "../../base/core";
import { devres_release_all } from "../../base/devres";
import { CXL_MEM_DEAD, cxl_mem, cxl_mem_set_state } from "../cxlmem";
import { cxl_mem_probe } from "../probe";
import { cxl_mem_add_memdev, driver_exists } from "./table";

/** The driver's probe: the context, then the char device. */
function probe(pdev: usize): i32 {
  const cxlm = cxl_mem_probe(pdev);
  if (cxlm < 0) return cxlm;
  const driver = changetype<device>(pdev).driver - 1; // plain: under the device lock
  const rc = cxl_mem_add_memdev(driver, cxlm);
  if (rc !== 0) cxl_mem_set_state(changetype<cxl_mem>(<usize>cxlm), CXL_MEM_DEAD); // B3
  return rc;
}

function really_probe(pdev: usize, driver: u32): i32 {
  const d = changetype<device>(pdev); // plain: driver is under the device lock
  if (d.driver !== 0) return -EBUSY;
  d.driver = driver + 1;
  const rc = probe(pdev);
  if (rc === 0) {
    count_event(EV_ADD);
    return 0;
  }
  devres_release_all(pdev); // B1
  d.driver = 0;
  count_event(EV_ADD_FAIL);
  return rc;
}

/**
 * Binds a memdev driver to the function `pdev`.
 *
 * @param driver - (revision << 8) | gate
 * @returns 0; -EINVAL for an unknown driver; -EBUSY when one is bound, or is being so; what a step of
 *          the probe says: -ENOMEM, -EINVAL, -ENOSPC, -ENXIO, -ENOENT
 * Context: sleeps. Ordering: as cdev_add().
 */
export function cxl_bind(pdev: usize, driver: u32): i32 {
  if (!driver_exists(driver)) return -EINVAL;
  if (!device_trylock(pdev)) return -EBUSY;
  const rc = really_probe(pdev, driver);
  device_unlock(pdev);
  return rc;
}

/**
 * Unbinds the driver (B2): when this returns nobody uses the context, and its memory is free.
 *
 * @returns 0; -ENODEV when none is bound; -EBUSY when somebody binds or unbinds
 * Context: sleeps for as long as the gate does. Ordering: what the gate gives.
 */
export function cxl_unbind(pdev: usize): i32 {
  if (!device_trylock(pdev)) return -EBUSY;
  const d = changetype<device>(pdev); // plain: driver is under the device lock
  const bound = d.driver !== 0;
  if (bound) {
    devres_release_all(pdev);
    d.driver = 0;
    count_event(EV_REMOVE);
  }
  device_unlock(pdev);
  return bound ? 0 : -ENODEV;
}
