// SPDX-License-Identifier: GPL-2.0-only
/**
 * A step of adding a device fails while a client tries its node: from the moment that the cdev is live
 * it gets in. A variant a step; the first that can fail with the cdev live is device_add().
 */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Thread } from "../../machine/coroutine/program.ts";
import { gateInMemdev } from "../../machine/driver.ts";
import type { Expected, Scenario, Subject, Variant } from "../scenario.ts";
import { nothingLeft } from "./audit.ts";
import {
  castOf,
  client,
  DRIVER_ROOTS,
  ending,
  hasPercpuRef,
  idOf,
  isControl,
  several,
  soundness,
} from "./driver.ts";
import { onCpu } from "./on-cpu.ts";

/** The first id that is given out. */
const MINOR = 0;

/** Steps that fail when the cdev is live; without a name, device_add() does. */
const LIVE_STEPS = ["device_add", "devm"];

interface Step {
  readonly name: string;
  /** FAULT_*. */
  readonly site: number;
}

/** The steps that the driver takes. */
function stepsOf(abi: KernelAbi, driver: Subject): Step[] {
  const steps = [...abi.group("FAULT_")]
    .filter(([site]) => site < 32) // another constant of that prefix
    .map(([site, name]) => ({ site, name: name.replace("FAULT_", "").toLowerCase() }));
  return steps.filter(({ name }) => name !== "percpu_ref_init" || hasPercpuRef(driver));
}

/** Plugs a device in, with a step that always fails, on its own CPU alone. */
function adder(abi: KernelAbi, driver: number, site: number): Thread {
  const always = abi.constant("FAULT_RATE_ALWAYS");
  return {
    name: "adder",
    calls: onCpu(
      { fn: "fault_setup", args: [1 << site, always, 0] },
      { fn: "sys_probe", args: [driver], expect: [-Errno.ENOMEM, -Errno.EINVAL] },
      { fn: "fault_setup", args: [0, 0, 0] },
    ),
  };
}

/** With percpu_rwsem there are 1,400,000 states once the cdev is live: a tenth of all of the suite, each. */
function isInSuite({ gate }: Subject, { name }: Step): boolean {
  return gate !== "percpu_rwsem" || !["devm", "device_add"].includes(name);
}

function expected(abi: KernelAbi, driver: Subject, step: Step): Expected {
  const harmless = isControl(abi, driver) && !LIVE_STEPS.includes(step.name);
  return harmless ? "holds" : soundness(abi, driver);
}

function against(abi: KernelAbi, driver: Subject, step: Step, count: number): Variant {
  return {
    name: step.name,
    threads: castOf(count, "client", "adder"),
    inSuite: isInSuite(driver, step),
    expected: expected(abi, driver, step),
    roots: [...DRIVER_ROOTS, "fault_setup"],
    build: (on) => ({
      audit: nothingLeft(on),
      gate: gateInMemdev(abi, idOf(abi, driver)),
      threads: [
        ...several(count, (thread) => client(on, thread, MINOR)),
        adder(abi, idOf(abi, driver), step.site),
      ],
      end: ending(null),
    }),
  };
}

export const addFails: Scenario = {
  name: "add-fails",
  summary: "a step of adding a device fails while a client opens, does an ioctl and closes",
  covers: [
    "P1, P2 of drivers/cxl/memdev/put_device.ts",
    "C1, C5 of fs/char_dev.ts",
    "D2, D4 of drivers/base/core.ts",
    "V3 of drivers/base/devres.ts",
    "B1, B3 of drivers/cxl/memdev/bind.ts",
    "H2 of drivers/cxl/hotplug.ts",
  ],
  of: "driver",
  variants: (abi, driver, threads) =>
    driver === null
      ? []
      : stepsOf(abi, driver).map((step) => against(abi, driver, step, threads ?? 1)),
};
