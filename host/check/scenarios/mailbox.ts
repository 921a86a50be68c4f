// SPDX-License-Identifier: GPL-2.0-only
/** The device is removed while an ioctl sleeps for its mailbox; time passes at any moment. */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Scenario, Subject, Variant } from "../scenario.ts";
import {
  aroundDevice,
  castOf,
  DRIVER_ROOTS,
  ending,
  holder,
  idOf,
  remover,
  several,
  soundness,
} from "./driver.ts";

/** Long enough to be slept through. */
const SERVICE_NS = 1_000_000;

function against(abi: KernelAbi, driver: Subject, count: number, ticks: number): Variant {
  const threads = castOf(count, "holder", "remover");
  return {
    name: ticks === 0 ? "late" : "early",
    threads,
    ticks,
    expected: soundness(abi, driver),
    roots: DRIVER_ROOTS,
    build: (on) =>
      aroundDevice(on, idOf(abi, driver), SERVICE_NS, ({ handle, minor }) => ({
        threads: [
          ...several(count, (thread) => holder(on, thread, minor, Errno.ETIMEDOUT)),
          remover(handle),
        ],
        end: ending(null),
      })),
  };
}

export const mailbox: Scenario = {
  name: "mailbox",
  summary: "the device is removed while an ioctl sleeps for its mailbox",
  covers: [
    "G1, G4 of gates/gate.ts",
    "M1, M2 of drivers/cxl/cxlmem.ts",
    "P1, P3 of drivers/cxl/mbox.ts",
    "D1 of drivers/cxl/device_model.ts",
    "B2, B3 of drivers/cxl/memdev/bind.ts",
  ],
  of: "driver",
  variants: (abi, driver, threads) =>
    driver === null ? [] : [0, 1].map((ticks) => against(abi, driver, threads ?? 1, ticks)),
};
