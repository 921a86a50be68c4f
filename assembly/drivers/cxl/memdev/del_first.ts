// SPDX-License-Identifier: GPL-2.0-only
/**
 * memdev with ->shutdown() back behind cdev_device_del(): a teardown finds its context.
 *
 * Source:  88d3917f82ed ("cxl/mem: Fix shutdown order"); the endpoint is endpoint.ts. Else put_device.ts
 *          with the rwsem.
 *
 * State:   as put_device; an endpoint at the device.
 *
 * Order:   add      alloc · name · cxlm · cdev_device_add · endpoint · devm
 *          unregister  cdev_device_del · shutdown (cxlm = 0 under the write lock) · put_device
 *          release     as put_device
 *
 * As it stood, right or wrong:
 *   T2  the mirror of add: all that device_del() runs has the context, and ioctls are shut out last.
 */
import { cdev_device_del } from "../../../fs/char_dev";
import { cxl_memdev_shutdown } from "./endpoint";
import { memdev_cdev } from "./revision";

/** The order of unregister(): for memdev_with_endpoint. */
@unmanaged
@final
export class memdev_del_first {
  take_down(cxlmd: usize, dev: usize): void {
    cdev_device_del(memdev_cdev(cxlmd), dev);
    cxl_memdev_shutdown(cxlmd); // T2
  }
}
