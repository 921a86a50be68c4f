// SPDX-License-Identifier: GPL-2.0-only
/** The race of the patch: clients open, do an ioctl and close while the device is removed. */
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Scenario, Subject, Variant } from "../scenario.ts";
import {
  aroundDevice,
  castOf,
  client,
  DRIVER_ROOTS,
  ending,
  idOf,
  remover,
  several,
  soundness,
} from "./driver.ts";

function against(abi: KernelAbi, driver: Subject, count: number): Variant {
  const threads = castOf(count, "client", "remover");
  return {
    name: threads.join("-"),
    threads,
    expected: soundness(abi, driver),
    roots: DRIVER_ROOTS,
    build: (on) =>
      aroundDevice(on, idOf(abi, driver), 0, ({ handle, minor }) => ({
        threads: [...several(count, (thread) => client(on, thread, minor)), remover(handle)],
        end: ending(null),
      })),
  };
}

export const removal: Scenario = {
  name: "removal",
  summary: "clients open, do an ioctl and close while the device is removed",
  covers: [
    "G1-G4, O1, O2 of gates/gate.ts",
    "L1-L3 of drivers/cxl/memdev/revision.ts",
    "C2-C4, C6, O1 of fs/char_dev.ts",
    "D1, D3, D5 of drivers/base/core.ts",
    "B2, B3 of drivers/cxl/memdev/bind.ts",
  ],
  of: "driver",
  variants: (abi, driver, threads) => (driver === null ? [] : [against(abi, driver, threads ?? 1)]),
};
