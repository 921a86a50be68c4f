// SPDX-License-Identifier: GPL-2.0-only
/** An ioctl that is inside, for as long as a test wants it there. On real threads. */
import * as assert from "uvu/assert";
import type { Machine } from "../../../../host/machine/machine.ts";
import { inFlight, until } from "../../until.ts";
import { type DriverName, driverId } from "./drivers.ts";

const IDENTIFY = 1;

/** How the device of `dev` gets stuck: "NONE" lets it go on. */
export async function setStuck(m: Machine, cpu: number, dev: number, how: string): Promise<void> {
  const hw = await m.call(cpu, "cxl_pci_hw", dev);
  await m.call(cpu, "cxl_hw_set_stuck", hw, m.kernel.constant(`CXL_HW_STUCK_${how}`));
}

/** SEND of IDENTIFY: it goes through the mailbox. */
export function identify(m: Machine, cpu: number, fd: number): Promise<number> {
  const arg = m.userMemory(cpu);
  const view = new DataView(m.memory.buffer, arg, 48);
  for (let i = 0; i < 48; i += 4) view.setUint32(i, 0, true);
  view.setUint32(0, IDENTIFY, true);
  view.setUint32(32, 256, true); // out.size
  view.setBigUint64(40, BigInt(arg + 256), true); // out.payload
  return m.call(cpu, "sys_ioctl", fd, m.kernel.constant("CXL_MEM_SEND_COMMAND"), BigInt(arg));
}

/** Plugs a device, opens it, and has CPU 1 in an ioctl that the device does not finish. */
export async function ioctlInside(
  m: Machine,
  driver: DriverName,
): Promise<{ dev: number; fd: number; ioctl: Promise<number> }> {
  const dev = await m.call(0, "sys_probe", driverId(m.kernel, driver));
  assert.ok(dev > 0);
  const fd = await m.call(0, "sys_open", await m.call(0, "sys_minor", dev));
  await setStuck(m, 0, dev, "ON_RING");
  const ioctl = inFlight(identify(m, 1, fd));
  await until("the ioctl waits for the device", () => m.tasks()[1]?.wait === "WAIT_MAILBOX");
  return { dev, fd, ioctl };
}

/** Waits until `cpu` sleeps in the kernel. */
export async function parked(m: Machine, cpu: number): Promise<void> {
  await until(`CPU ${cpu} waits`, () => m.tasks()[cpu]?.state === "TASK_PARKED");
}
