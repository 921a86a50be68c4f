// SPDX-License-Identifier: GPL-2.0-only
/**
 * Two who take the driver off one device at once, with a client or without. They unbind, for a handle is
 * void once somebody has removed it.
 */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Thread } from "../../machine/coroutine/program.ts";
import type { Scenario, Subject, Variant } from "../scenario.ts";
import {
  aroundDevice,
  castOf,
  DRIVER_ROOTS,
  ending,
  holder,
  idOf,
  isControl,
  several,
  soundness,
} from "./driver.ts";
import { onCpu } from "./on-cpu.ts";

/** Unbinds: or somebody is about to, or has. */
function unbinder(handle: number): Thread {
  const expect = [0, -Errno.EBUSY, -Errno.ENODEV];
  return { name: "unbinder", calls: onCpu({ fn: "sys_unbind", args: [handle], expect }) };
}

function against(abi: KernelAbi, driver: Subject, count: number): Variant {
  const threads = castOf(count, "holder", "unbinder", "unbinder");
  return {
    name: threads.join("-"),
    threads,
    // With a holder, hundreds of thousands of states: only the control is that quick.
    inSuite: count === 0 || isControl(abi, driver),
    expected: count === 0 && isControl(abi, driver) ? "holds" : soundness(abi, driver),
    roots: [...DRIVER_ROOTS, "sys_unbind"],
    build: (on) =>
      aroundDevice(on, idOf(abi, driver), 0, ({ handle, minor }) => ({
        threads: [
          ...several(count, (thread) => holder(on, thread, minor)),
          unbinder(handle),
          unbinder(handle),
        ],
        end: ending(handle),
      })),
  };
}

export const twoRemovers: Scenario = {
  name: "two-removers",
  summary: "two threads unbind the driver of one device at once",
  covers: ["B2-B4 of drivers/cxl/memdev/bind.ts", "V1, V2 of drivers/base/devres.ts"],
  of: "driver",
  variants: (abi, driver, threads) =>
    driver === null ? [] : [0, threads ?? 1].map((count) => against(abi, driver, count)),
};
