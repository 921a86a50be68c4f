// SPDX-License-Identifier: GPL-2.0-only
/** Threads around a device of the patch's driver: clients that open, do an ioctl and close; removers. */
import { send } from "../../abi/cxl.ts";
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import { type Argument, type Program, ref, type Thread } from "../../machine/coroutine/program.ts";
import { driverId, gateInMemdev, isControlGate, OPEN_REVISION } from "../../machine/driver.ts";
import type { Expected, SetUp, Subject } from "../scenario.ts";
import { AUDIT_ROOTS, nothingLeft } from "./audit.ts";
import { onCpu } from "./on-cpu.ts";

/** Exports that every program around a driver needs. */
export const DRIVER_ROOTS = [
  ...["sys_probe", "sys_minor", "sys_open", "sys_ioctl", "sys_close", "sys_remove"],
  ...["cxl_pci_hw", "cxl_hw_set_service_ns"],
  ...["rcu_barrier", "evict_inodes", ...AUDIT_ROOTS],
];

const DESCRIPTORS = [0, 1, 2, 3];

/** A device that is there before the threads run. */
export interface Plugged {
  readonly handle: number;
  readonly minor: number;
}

export function idOf(abi: KernelAbi, { revision, gate }: Subject): number {
  return driverId(abi, revision ?? OPEN_REVISION, gate ?? undefined);
}

/** Plugs a device in. @param serviceNs - how long its mailbox takes from then on */
export function plug(on: SetUp, driver: number, serviceNs: number): Plugged {
  on.call("cpu_enter");
  const handle = on.call("sys_probe", driver);
  const minor = on.call("sys_minor", handle);
  on.call("cxl_hw_set_service_ns", on.call("cxl_pci_hw", handle), BigInt(serviceNs));
  on.call("cpu_leave");
  return { handle, minor };
}

/** Writes a request to identify the device into the thread's memory. @returns what sys_ioctl takes */
function identify(on: SetUp, thread: number): Argument[] {
  const request = send({ id: "IDENTIFY", outSize: 67 });
  const { address, bytes } = on.user(thread);
  request.encode(bytes.subarray(0, request.bytes), address);
  return [request.cmd, BigInt(address)];
}

/** Opens, asks the device to identify itself, closes. Whatever comes late is told -ENXIO. */
export function client(on: SetUp, thread: number, minor: number): Thread {
  const fd = ref("fd");
  return {
    name: "client",
    calls: onCpu(
      { fn: "sys_open", args: [minor], keep: "fd", expect: [...DESCRIPTORS, -Errno.ENXIO] },
      {
        fn: "sys_ioctl",
        args: [fd, ...identify(on, thread)],
        expect: [0, -Errno.ENXIO],
        unlessFailed: "fd",
      },
      { fn: "sys_close", args: [fd], expect: [0], unlessFailed: "fd" },
    ),
  };
}

/**
 * Asks the device to identify itself, with a file that is open before the threads run, and closes it.
 *
 * @param errnos - what else the ioctl may say
 */
export function holder(on: SetUp, thread: number, minor: number, ...errnos: number[]): Thread {
  on.call("cpu_enter");
  const fd = on.call("sys_open", minor);
  on.call("cpu_leave");
  const expect = [0, -Errno.ENXIO, ...errnos.map((errno) => -errno)];
  return {
    name: "holder",
    calls: onCpu(
      { fn: "sys_ioctl", args: [fd, ...identify(on, thread)], expect },
      { fn: "sys_close", args: [fd], expect: [0] },
    ),
  };
}

/** `count` threads of a kind, from CPU 0 on. */
export function several(count: number, make: (thread: number) => Thread): Thread[] {
  return Array.from({ length: count }, (_, thread) => make(thread));
}

/** Their names, and those of the others behind them. */
export function castOf(count: number, name: string, ...others: string[]): string[] {
  return [...Array.from({ length: count }, () => name), ...others];
}

export function remover(handle: number): Thread {
  return { name: "remover", calls: onCpu({ fn: "sys_remove", args: [handle], expect: [0] }) };
}

/** What is done when all threads have ended, and the device is gone or about to go. */
export function ending(handle: number | null): Program["end"] {
  const remove = handle === null ? [] : [{ fn: "sys_remove", args: [handle], expect: [0] }];
  return onCpu(...remove, { fn: "rcu_barrier" }, { fn: "evict_inodes" });
}

/** A program around a device that is plugged in at the start: `threads` and what is left to do. */
export function aroundDevice(
  on: SetUp,
  driver: number,
  serviceNs: number,
  program: (device: Plugged) => Omit<Program, "audit">,
): Program {
  const audit = nothingLeft(on);
  const gate = gateInMemdev(on.machine.abi, driver);
  return { ...program(plug(on, driver, serviceNs)), audit, gate };
}

export function hasPercpuRef({ revision, gate }: Subject): boolean {
  return revision === "percpu_ref" || gate === "percpu_ref";
}

/** Whether its gate protects nothing, and is there to be caught. */
export function isControl(abi: KernelAbi, { gate }: Subject): boolean {
  return gate !== null && isControlGate(abi, gate);
}

/** Whether the table marks a driver as sound. */
export function soundness(abi: KernelAbi, driver: Subject): Expected {
  if (isControl(abi, driver)) return "violated";
  return driver.revision === "put_device" || driver.revision === "del_first" ? "holds" : null;
}
