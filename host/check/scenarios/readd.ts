// SPDX-License-Identifier: GPL-2.0-only
/**
 * A device goes and comes again while a client has its node open, or is about to: under the same id if
 * the old one has been given back, under another if not.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import { ref, type Thread } from "../../machine/coroutine/program.ts";
import type { Scenario, Subject, Variant } from "../scenario.ts";
import {
  aroundDevice,
  castOf,
  client,
  DRIVER_ROOTS,
  ending,
  idOf,
  several,
  soundness,
} from "./driver.ts";
import { onCpu } from "./on-cpu.ts";

/** Binds the driver anew. */
function rebinder(handle: number, driver: number): Thread {
  return {
    name: "rebinder",
    calls: onCpu(
      { fn: "sys_unbind", args: [handle], expect: [0] },
      { fn: "sys_bind", args: [handle, driver], expect: [0] },
    ),
  };
}

/** Takes the device out, plugs another one in, and takes that out. */
function replugger(handle: number, driver: number): Thread {
  return {
    name: "replugger",
    calls: onCpu(
      { fn: "sys_remove", args: [handle], expect: [0] },
      { fn: "sys_probe", args: [driver], keep: "device" },
      { fn: "sys_remove", args: [ref("device")], expect: [0], unlessFailed: "device" },
    ),
  };
}

function against(abi: KernelAbi, driver: Subject, count: number, again: typeof rebinder): Variant {
  const last = again.name;
  const threads = castOf(count, "client", last);
  const id = idOf(abi, driver);
  return {
    name: threads.join("-"),
    threads,
    inSuite: again === rebinder, // the other has two to three times as many states
    expected: soundness(abi, driver),
    roots: [...DRIVER_ROOTS, "sys_unbind", "sys_bind"],
    build: (on) =>
      aroundDevice(on, id, 0, ({ handle, minor }) => ({
        threads: [...several(count, (thread) => client(on, thread, minor)), again(handle, id)],
        end: ending(again === rebinder ? handle : null),
      })),
  };
}

export const readd: Scenario = {
  name: "readd",
  summary: "a device goes and comes again while a client opens, does an ioctl and closes",
  covers: [
    "L2, L3 of drivers/cxl/memdev/revision.ts",
    "C1-C4 of fs/char_dev.ts",
    "K1, K2, O1 of drivers/base/map.ts",
    "B2-B3 of drivers/cxl/memdev/bind.ts",
    "H1, H3 of drivers/cxl/hotplug.ts",
  ],
  of: "driver",
  variants: (abi, driver, threads) =>
    driver === null
      ? []
      : [rebinder, replugger].map((again) => against(abi, driver, threads ?? 1, again)),
};
