// SPDX-License-Identifier: GPL-2.0-only
/** Removal while an ioctl is inside: who waits for whom, in each driver. On real threads. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot, type Machine } from "../../../../host/machine/machine.ts";
import { inFlight, until } from "../../until.ts";
import { BUSTED, COMPLETE, type DriverName, driverId, OLD } from "./drivers.ts";

const ENXIO = 6;
const EBUSY = 16;
const IDENTIFY = 1;

async function withMachine(cpus: number, body: (m: Machine) => Promise<void>): Promise<void> {
  const m = await boot({ cpus, deadlineMs: 10_000 });
  try {
    await body(m);
  } finally {
    await m.close();
  }
}

async function setStuck(m: Machine, cpu: number, dev: number, how: string): Promise<void> {
  const hw = await m.call(cpu, "cxl_pci_hw", dev);
  await m.call(cpu, "cxl_hw_set_stuck", hw, m.kernel.constant(`CXL_HW_STUCK_${how}`));
}

/** SEND of IDENTIFY: it goes through the mailbox. */
function identify(m: Machine, cpu: number, fd: number): Promise<number> {
  const arg = m.userMemory(cpu);
  const view = new DataView(m.memory.buffer, arg, 48);
  for (let i = 0; i < 48; i += 4) view.setUint32(i, 0, true);
  view.setUint32(0, IDENTIFY, true);
  view.setUint32(32, 256, true); // out.size
  view.setBigUint64(40, BigInt(arg + 256), true); // out.payload
  return m.call(cpu, "sys_ioctl", fd, m.kernel.constant("CXL_MEM_SEND_COMMAND"), BigInt(arg));
}

/** Plugs a device, opens it, and has CPU 1 in an ioctl that the device does not finish. */
async function ioctlInside(
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

async function parked(m: Machine, cpu: number): Promise<void> {
  await until(`CPU ${cpu} waits`, () => m.tasks()[cpu]?.state === "TASK_PARKED");
}

for (const driver of [...OLD, ...COMPLETE]) {
  test(`${driver.name}: removal waits for the ioctl inside, which finishes its work`, () =>
    withMachine(3, async (m) => {
      const { dev, fd, ioctl } = await ioctlInside(m, driver);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await parked(m, 0);
      const contexts = () => m.call(2, "slab_live", m.kernel.constant("SLAB_CXL_MEM"));
      assert.is(await contexts(), 1, "the context is still there");
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
      assert.is(await contexts(), 0);
      assert.is(await identify(m, 1, fd), -ENXIO);
      assert.equal(m.log(), []);
    }));

  test(`${driver.name}: B4: whoever binds or unbinds meanwhile gets -EBUSY`, () =>
    withMachine(3, async (m) => {
      const { dev, ioctl } = await ioctlInside(m, driver);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await parked(m, 0);
      assert.is(await m.call(2, "sys_unbind", dev), -EBUSY);
      assert.is(await m.call(2, "sys_remove", dev), -EBUSY);
      assert.is(await m.call(2, "sys_bind", dev, driverId(m.kernel, driver)), -EBUSY);
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
    }));

  const all = driver.name === "rwsem" || driver.gate === "RWSEM";
  test(`${driver.name}: S6: removal of one device ${all ? "waits for" : "does not heed"} the ioctls of another`, () =>
    withMachine(3, async (m) => {
      const { dev, ioctl } = await ioctlInside(m, driver);
      const other = await m.call(0, "sys_probe", driverId(m.kernel, driver));
      const removed = inFlight(m.call(0, "sys_remove", other));
      if (all) await parked(m, 0);
      else assert.is(await removed, 0);
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
    }));
}

test("put_device+busted: removal does not wait, and the body that it leaves behind is reported", () =>
  withMachine(3, async (m) => {
    const { dev, ioctl } = await ioctlInside(m, BUSTED);
    assert.is(await m.call(0, "sys_unbind", dev), 0);
    assert.is(await m.call(2, "slab_live", m.kernel.constant("SLAB_CXL_MEM")), 0);
    await setStuck(m, 2, dev, "NONE");
    await ioctl;
    assert.ok((m.events()["EV_VIOLATION"] ?? 0n) > 0n);
  }));

for (const [driver, rc] of [
  [OLD[0], -ENXIO],
  [OLD[1], 0],
] as [DriverName, number][]) {
  test(`${driver.name}: F4: while the device is taken off the map, an ioctl returns ${rc}`, () =>
    withMachine(2, async (m) => {
      const map = m.kernel.constant("CDEV_MAP");
      const dev = await m.call(0, "sys_probe", driverId(m.kernel, driver));
      const fd = await m.call(1, "sys_open", 0);
      await m.call(1, "mutex_lock", map);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await until("cdev_del() waits", () => m.tasks()[0]?.wait === "WAIT_MUTEX");
      assert.is(await identify(m, 1, fd), rc);
      await m.call(1, "mutex_unlock", map);
      assert.is(await removed, 0);
    }));
}

test("Y2: a close while an ioctl runs leaves the file to the ioctl", () =>
  withMachine(2, async (m) => {
    const { dev, fd, ioctl } = await ioctlInside(m, COMPLETE[0] as DriverName);
    const files = () => m.events()["EV_RELEASE"];
    assert.is(await m.call(0, "sys_close", fd), 0);
    assert.is(files(), 0n);
    await setStuck(m, 0, dev, "NONE");
    assert.is(await ioctl, 0);
    assert.is(files(), 1n);
  }));

test.run();
