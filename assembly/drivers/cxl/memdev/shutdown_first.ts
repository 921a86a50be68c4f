// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev with ->shutdown() moved before cdev_device_del(): a teardown finds no context.
 *
 * Source:  9cc238c7a526 ("cxl/pci: Introduce cdevm_file_operations"), v5.15; the endpoint, which came
 *          later, is endpoint.ts. Else put_device.ts with the rwsem.
 *
 * State:   as put_device; an endpoint at the device.
 *
 * Order:   add      alloc · name · cxlm · cdev_device_add · endpoint · devm
 *          unregister  shutdown (cxlm = 0 under the write lock) · cdev_device_del · put_device
 *          release     as put_device
 *
 * As it stood, right or wrong:
 *   T1  not the mirror of add, as F4 of percpu_ref.ts was not: while the context goes, the device is
 *       still there, for whoever comes to it by another way than the ioctl. The teardown that
 *       device_del() runs does, and reads through a pointer that is 0 by then.
 */
import { cdev_device_del } from "../../../fs/char_dev";
import { cxl_memdev_shutdown } from "./endpoint";
import { memdev_cdev } from "./revision";

/** The order of unregister(): for memdev_with_endpoint. */
@unmanaged
@final
export class memdev_shutdown_first {
  take_down(cxlmd: usize, dev: usize): void {
    cxl_memdev_shutdown(cxlmd); // T1
    cdev_device_del(memdev_cdev(cxlmd), dev);
  }
}
