// SPDX-License-Identifier: GPL-2.0-only
/**
 * What was said of the driver in its history and is no broken property: a variant each, which watches for
 * the state that was spoken of. It says nothing of right and wrong; history.ts says what is asked of it.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Scenario, SetUp, Subject, Variant } from "../scenario.ts";
import { DRIVER_ROOTS, idOf } from "./driver.ts";
import { failingAdds } from "./history-adds.ts";
import { requests } from "./history-requests.ts";
import { teardowns } from "./history-teardowns.ts";
import type { Probe } from "./probe.ts";

const PROBES: readonly Probe[] = [...teardowns, ...failingAdds, ...requests];

const MORE_ROOTS = ["fault_setup", "cxl_pci_create", "ida_alloc_range", "ida_free"];

function variantOf(abi: KernelAbi, driver: Subject, { name, threads, build }: Probe): Variant {
  return {
    ...{ name, threads },
    inSuite: false,
    expected: null,
    roots: [...DRIVER_ROOTS, "sys_bind", "sys_unbind", ...MORE_ROOTS],
    build: (on: SetUp) => build(on, idOf(abi, driver)),
  };
}

export const history: Scenario = {
  name: "history",
  summary: "what the commit messages and the review said of the driver: reached at which revision?",
  covers: [],
  of: "driver",
  variants: (abi, driver) =>
    driver === null ? [] : PROBES.map((probe) => variantOf(abi, driver, probe)),
};
