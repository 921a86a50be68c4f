// SPDX-License-Identifier: GPL-2.0-only
/** The driver of the patch: clients that open, do an ioctl and close, against removal. */
import { send } from "../../abi/cxl.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import { type Call, ref, type Thread } from "../../machine/coroutine/program.ts";
import { driverId } from "../../machine/driver.ts";
import type { Driver, Scenario, SetUp, Variant } from "../scenario.ts";

const ENXIO = -6;
const ROOTS = [
  ...["sys_probe", "sys_open", "sys_ioctl", "sys_close", "sys_remove", "sys_minor"],
  "rcu_barrier",
];

/** Kernel work of a CPU: an online reader in between. */
export function onCpu(...calls: readonly Call[]): Call[] {
  return [{ fn: "cpu_enter" }, ...calls, { fn: "cpu_leave" }];
}

/** Opens, asks the device to identify itself, closes. Whatever comes late is told -ENXIO. */
export function client(on: SetUp, thread: number, minor: number): Thread {
  const request = send({ id: "IDENTIFY", outSize: 67 });
  const { address, bytes } = on.user(thread);
  request.encode(bytes.subarray(0, request.bytes), address);
  return {
    name: "client",
    calls: onCpu(
      { fn: "sys_open", args: [minor], keep: "fd" },
      {
        fn: "sys_ioctl",
        args: [ref("fd"), request.cmd, BigInt(address)],
        expect: [0, ENXIO],
        unlessFailed: "fd",
      },
      { fn: "sys_close", args: [ref("fd")], expect: [0], unlessFailed: "fd" },
    ),
  };
}

export function remover(handle: number): Thread {
  return { name: "remover", calls: onCpu({ fn: "sys_remove", args: [handle], expect: [0] }) };
}

/** Whether the table marks a driver as sound. */
export function soundness(driver: Driver): "holds" | "violated" | null {
  if (driver.gate === "busted") return "violated";
  return driver.revision === "put_device" || driver.revision === "del_first" ? "holds" : null;
}

function clientsAgainstRemoval(abi: KernelAbi, driver: Driver, clients: number): Variant {
  const id = driverId(abi, driver.revision, driver.gate ?? undefined);
  return {
    name: "removal",
    threads: [...Array.from({ length: clients }, () => "client"), "remover"],
    expected: soundness(driver),
    roots: ROOTS,
    build: (on) => {
      on.call("cpu_enter");
      const handle = on.call("sys_probe", id);
      const minor = on.call("sys_minor", handle);
      on.call("cpu_leave");
      const threads = Array.from({ length: clients }, (_, i) => client(on, i, minor));
      const gate = driver.gate ?? driver.revision;
      return { threads: [...threads, remover(handle)], end: onCpu({ fn: "rcu_barrier" }), gate };
    },
  };
}

export const removal: Scenario = {
  name: "removal",
  summary: "clients open, do an ioctl and close while the device is removed",
  covers: ["G1-G4 of gates/gate.ts", "L1-L3 of drivers/cxl/memdev/revision.ts"],
  ofDriver: true,
  variants: (abi, driver, threads) =>
    driver === null ? [] : [clientsAgainstRemoval(abi, driver, threads ?? 1)],
};
