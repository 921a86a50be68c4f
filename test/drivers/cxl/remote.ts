// SPDX-License-Identifier: GPL-2.0-only
/** A CXL device on a machine of worker threads, without a char device and so without a gate. */
import * as assert from "uvu/assert";
import { type IoctlRequest, type IoctlResult, resultOf } from "../../../host/abi/cxl.ts";
import type { Machine } from "../../../host/machine/machine.ts";

export interface Plugged {
  readonly dev: number;
  readonly hw: number;
  readonly cxlm: number;
}

/** Plugs a device in and binds the driver to it, on CPU 0. */
export async function plug(machine: Machine, serviceNs: bigint, payloadLog2 = 9): Promise<Plugged> {
  const dev = await machine.call(0, "cxl_pci_create", payloadLog2);
  const hw = await machine.call(0, "cxl_pci_hw", dev);
  const cxlm = await machine.call(0, "cxl_mem_probe", dev);
  assert.ok(cxlm > 0, `the probe returned ${cxlm}`);
  await machine.call(0, "cxl_hw_set_service_ns", hw, serviceNs);
  return { dev, hw, cxlm };
}

/** The ioctl body on CPU `cpu`. */
export async function ioctl<Reply>(
  machine: Machine,
  cpu: number,
  cxlm: number,
  request: IoctlRequest<Reply>,
): Promise<IoctlResult<Reply>> {
  const address = machine.userMemory(cpu);
  const memory = new Uint8Array(machine.memory.buffer, address, request.bytes);
  request.encode(memory, address);
  const rc = await machine.call(cpu, "__cxl_memdev_ioctl", cxlm, request.cmd, BigInt(address));
  return resultOf(request, memory, rc);
}

/** Addresses of the contexts that a body found dead. */
export function deadContexts(machine: Machine): number[] {
  const code = "VIOLATION_BODY_WITH_DEAD_CONTEXT";
  return machine
    .log()
    .filter((record) => record.level === "LEVEL_VIOLATION" && record.code === code)
    .map((record) => record.a);
}

export function asleepInMailbox(machine: Machine): boolean {
  return machine.tasks().some(({ wait }) => wait === "WAIT_MAILBOX");
}
