// SPDX-License-Identifier: GPL-2.0-only
/** Version 2 of the patch: what its flag says when, and whom its grace period holds up. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withMachine } from "../../../machine/with-machine.ts";
import { LocalMachine } from "../../local-machine.ts";
import { inFlight, until } from "../../until.ts";
import { driverId, SRCU } from "./drivers.ts";
import { identify, ioctlInside, setStuck } from "./inside.ts";

const ENXIO = 6;

function query(m: LocalMachine, fd: number): number {
  m.setU32(m.map.userStart, 0);
  return m.call(1, "sys_ioctl", fd, m.constant("CXL_MEM_QUERY_COMMANDS"), BigInt(m.map.userStart));
}

test("V1: once the grace period has begun, an ioctl is turned away while cxlm is there still", () =>
  withMachine({ cpus: 3 }, async (m) => {
    const { dev, fd, ioctl } = await ioctlInside(m, SRCU);
    const events = () => m.events()["EV_SRCU_GP"];
    const removed = inFlight(m.call(0, "sys_unbind", dev));
    await until("the removal sleeps", () => m.tasks()[0]?.wait === "WAIT_SRCU_GP");
    assert.is(await identify(m, 2, fd), -ENXIO, "at once: it does not wait for the removal");
    assert.is(await m.call(2, "slab_live", m.kernel.constant("SLAB_CXL_MEM")), 1);
    assert.is(events(), 0n);
    await setStuck(m, 2, dev, "NONE");
    assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
    assert.is(events(), 1n);
  }));

test("V3: between cdev_add() and device_add() an ioctl gets -ENXIO, and works later", () => {
  const m = new LocalMachine(2);
  const window = m.constant("CDEV_LIVE_WINDOW");
  let fd = -1;
  let early = 0;
  m.setU32(window, 1_000_000_000);
  m.atNextClock(() => {
    fd = m.call(1, "fd_install", m.call(1, "filp_open", 0));
    early = query(m, fd);
    m.setU32(window, 0);
  });
  assert.ok(m.call(0, "sys_probe", driverId(m.kernel, SRCU)) > 0);
  assert.is(early, -ENXIO);
  assert.is(query(m, fd), 0);
});

test("V5: while a removal waits, ioctls on other devices come and go", () =>
  withMachine({ cpus: 3 }, async (m) => {
    const { dev, ioctl } = await ioctlInside(m, SRCU);
    const other = await m.call(0, "sys_probe", driverId(m.kernel, SRCU));
    const fd = await m.call(2, "sys_open", await m.call(2, "sys_minor", other));
    const removed = inFlight(m.call(0, "sys_unbind", dev));
    await until("the removal sleeps", () => m.tasks()[0]?.wait === "WAIT_SRCU_GP");
    assert.is(await identify(m, 2, fd), 0);
    await setStuck(m, 2, dev, "NONE");
    assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
  }));

test.run();
