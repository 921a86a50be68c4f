// SPDX-License-Identifier: GPL-2.0-only
/** Binding and unbinding: what a failure leaves, in which order things go, and who is turned away. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withMachine } from "../../../machine/with-machine.ts";
import { LocalMachine } from "../../local-machine.ts";
import { inFlight, until } from "../../until.ts";
import { COMPLETE, type DriverName, driverId, LATER, OLD } from "./drivers.ts";
import { ioctlInside, parked, setStuck } from "./inside.ts";

const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;
const ALL = [...OLD, ...COMPLETE, ...LATER];
/** A devm action of nobody's: the machine stops where its turn comes. */
const UNKNOWN_ACTION = 0xfff;

function plug(driver: DriverName): { m: LocalMachine; dev: number; id: number } {
  const m = new LocalMachine(2);
  const id = driverId(m.kernel, driver);
  const dev = m.call(0, "sys_probe", id);
  assert.ok(dev > 0);
  return { m, dev, id };
}

/** The memdev of an open file, and its context. */
function behind(m: LocalMachine, file: number): { memdev: number; cxlm: number } {
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  const memdev = cdev - m.constant("OFFSETOF_CXL_MEMDEV_CDEV");
  return { memdev, cxlm: m.field(memdev, "CXL_MEMDEV_CXLM") };
}

test("B1, B4: a driver that is unknown, or one too many, is refused and changes nothing", () => {
  const { m, dev, id } = plug(COMPLETE[0] as DriverName);
  const before = m.census();
  for (const unknown of [0x333, 0x381, 0x600, 0xffff, -1]) {
    assert.is(m.call(0, "sys_bind", dev, unknown), -EINVAL);
    assert.is(m.call(0, "sys_probe", unknown), -EINVAL);
  }
  assert.is(m.call(0, "sys_bind", dev, id), -EBUSY);
  assert.equal(m.census(), before);
  assert.is(m.call(0, "sys_unbind", dev), 0);
  assert.is(m.call(0, "sys_unbind", dev), -ENODEV);
});

test("B1: a probe that fails leaves the function unbound, and it can be bound again", () => {
  const { m, dev, id } = plug(COMPLETE[0] as DriverName);
  m.call(0, "sys_unbind", dev);
  const before = m.census();
  m.fail(0, "DEVICE_ADD");
  assert.is(m.call(0, "sys_bind", dev, id), -12);
  assert.equal(m.census(), before);
  assert.is(m.call(0, "sys_minor", dev), -ENODEV);
  m.fail(0);
  assert.is(m.call(0, "sys_bind", dev, id), 0);
});

for (const driver of ALL) {
  test(`B2: unbinding takes the context's memory after unregister(), not before (${driver.name})`, () =>
    withMachine({ cpus: 2 }, async (m) => {
      const dev = await m.call(0, "sys_probe", driverId(m.kernel, driver));
      const contexts = () => m.call(1, "slab_live", m.kernel.constant("SLAB_CXL_MEM"));
      const map = m.kernel.constant("CDEV_MAP");
      await m.call(1, "mutex_lock", map);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await until("unregister() waits", () => m.tasks()[0]?.wait === "WAIT_MUTEX");
      assert.is(await contexts(), 1, "unregister() runs, and the context is there");
      await m.call(1, "mutex_unlock", map);
      assert.is(await removed, 0);
      assert.is(await contexts(), 0);
    }));

  test(`B3: the context counts as dead as soon as unregister() has returned (${driver.name})`, () => {
    const { m, id } = plug(driver);
    const file = m.call(1, "filp_open", 0);
    const { memdev, cxlm } = behind(m, file);
    m.call(0, "memdev_unregister", id, memdev);
    assert.is(m.census()["CXL_MEM"], 1, "its memory is still there");
    assert.is(m.field(cxlm, "CXL_MEM_STATE") | 0, m.constant("CXL_MEM_DEAD") | 0);
  });

  test(`B3: the context counts as dead once add_memdev() has failed, while it is there (${driver.name})`, () => {
    const { m, dev, id } = plug(driver);
    m.call(0, "sys_unbind", dev);
    m.fail(0, "DEVICE_ADD");
    const window = m.constant("CDEV_LIVE_WINDOW");
    m.setU32(window, 1_000_000_000);
    let cxlm = 0;
    m.atNextClock(() => {
      ({ cxlm } = behind(m, m.call(1, "filp_open", 0)));
      assert.is.not(m.field(cxlm, "CXL_MEM_STATE") | 0, m.constant("CXL_MEM_DEAD") | 0);
      // The newest resource of the function, so that its turn comes before that of the context's memory.
      assert.is(m.call(1, "devm_add_action", dev, UNKNOWN_ACTION, 0), 0);
      m.setU32(window, 0);
    });
    assert.throws(() => m.run(0, "sys_bind", dev, id), "unreachable");
    assert.is(m.run(1, "slab_live", m.constant("SLAB_CXL_MEM")), 1, "its memory is still there");
    assert.is(m.field(cxlm, "CXL_MEM_STATE") | 0, m.constant("CXL_MEM_DEAD") | 0);
  });

  test(`B4: whoever binds or unbinds meanwhile gets -EBUSY (${driver.name})`, () =>
    withMachine({ cpus: 3 }, async (m) => {
      const { dev, ioctl } = await ioctlInside(m, driver);
      const removed = inFlight(m.call(0, "sys_unbind", dev));
      await parked(m, 0);
      assert.is(await m.call(2, "sys_unbind", dev), -EBUSY);
      assert.is(await m.call(2, "sys_remove", dev), -EBUSY);
      assert.is(await m.call(2, "sys_bind", dev, driverId(m.kernel, driver)), -EBUSY);
      await setStuck(m, 2, dev, "NONE");
      assert.equal(await Promise.all([ioctl, removed]), [0, 0]);
    }));
}

test.run();
