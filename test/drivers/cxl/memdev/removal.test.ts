// SPDX-License-Identifier: GPL-2.0-only
/** Removal while an ioctl is inside: who waits for whom, in each driver. On real threads. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withMachine } from "../../../machine/with-machine.ts";
import { inFlight, until } from "../../until.ts";
import {
  BUSTED,
  COMPLETE,
  complaintsOf,
  type DriverName,
  driverId,
  LATER,
  OLD,
  PERCPU_REF,
  RWSEM,
  SRCU,
} from "./drivers.ts";
import { identify, ioctlInside, parked, setStuck } from "./inside.ts";

const ENXIO = 6;

/** Gates that have one lock, or one domain, for all devices. */
const GLOBAL = new Set(["RWSEM", "SRCU", "SRCU_FAST"]);

for (const driver of [...OLD, ...COMPLETE, ...LATER]) {
  test(`${driver.name}: removal waits for the ioctl inside, which finishes its work`, () =>
    withMachine({ cpus: 3 }, async (m) => {
      const { dev, fd, ioctl } = await ioctlInside(m, driver);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await parked(m, 0);
      const contexts = () => m.call(2, "slab_live", m.kernel.constant("SLAB_CXL_MEM"));
      assert.is(await contexts(), 1, "the context is still there");
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
      assert.is(await contexts(), 0);
      assert.is(await identify(m, 1, fd), -ENXIO);
      assert.equal(
        m.log().map(({ code }) => code),
        complaintsOf(driver),
      );
    }));

  const global = [SRCU, RWSEM, ...LATER].includes(driver) || GLOBAL.has(driver.gate);
  test(`${driver === SRCU ? "V5" : "S6"}: removal of one device ${global ? "waits for" : "does not heed"} the ioctls of another (${driver.name})`, () =>
    withMachine({ cpus: 3 }, async (m) => {
      const { dev, ioctl } = await ioctlInside(m, driver);
      const other = await m.call(0, "sys_probe", driverId(m.kernel, driver));
      const removed = inFlight(m.call(0, "sys_remove", other));
      if (global) await parked(m, 0);
      else assert.is(await removed, 0);
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
    }));
}

test("put_device+busted: removal does not wait, and the body that it leaves behind is reported", () =>
  withMachine({ cpus: 3 }, async (m) => {
    const { dev, ioctl } = await ioctlInside(m, BUSTED);
    assert.is(await m.call(0, "sys_unbind", dev), 0);
    assert.is(await m.call(2, "slab_live", m.kernel.constant("SLAB_CXL_MEM")), 0);
    await setStuck(m, 2, dev, "NONE");
    await ioctl;
    assert.ok((m.events()["EV_VIOLATION"] ?? 0n) > 0n);
  }));

for (const [driver, rc] of [
  [PERCPU_REF, -ENXIO],
  [SRCU, -ENXIO],
  [RWSEM, 0],
] as [DriverName, number][]) {
  test(`F4: while the device is taken off the map, an ioctl returns ${rc} (${driver.name})`, () =>
    withMachine({ cpus: 2 }, async (m) => {
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

test.run();
