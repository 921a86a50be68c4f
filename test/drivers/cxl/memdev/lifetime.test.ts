// SPDX-License-Identifier: GPL-2.0-only
/** Rules L1 to L3 of a device's life where nothing fails, for every driver; and binding. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../local-machine.ts";
import { COMPLETE, type DriverName, driverId, idsInUse, OLD } from "./drivers.ts";

const ENXIO = 6;
const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;

const ALL = [...OLD, ...COMPLETE];

function plug(driver: DriverName): { m: LocalMachine; dev: number; id: number } {
  const m = new LocalMachine(2);
  const id = driverId(m.kernel, driver);
  const dev = m.call(0, "sys_probe", id);
  assert.ok(dev > 0);
  return { m, dev, id };
}

function query(m: LocalMachine, fd: number): number {
  m.setU32(m.map.userStart, 0);
  return m.call(1, "sys_ioctl", fd, m.constant("CXL_MEM_QUERY_COMMANDS"), BigInt(m.map.userStart));
}

for (const driver of ALL) {
  test(`${driver.name}: L1: the context is gone when the driver is unbound, whoever has it open`, () => {
    const { m, dev } = plug(driver);
    const fd = m.call(1, "sys_open", 0);
    assert.is(query(m, fd), 0);
    assert.is(m.call(0, "sys_unbind", dev), 0);
    assert.is(m.census()["CXL_MEM"], undefined);
    assert.is(query(m, fd), -ENXIO);
    assert.is(query(m, m.call(1, "sys_open", 0)), -ENXIO, "also through a new open");
    assert.equal(m.warnings(), []);
  });

  test(`${driver.name}: L2: the memdev goes with the last close, the name with it`, () => {
    const { m, dev } = plug(driver);
    const fd = m.call(1, "sys_open", 0);
    m.call(0, "sys_remove", dev);
    assert.equal([m.census()["CXL_MEMDEV"], m.census()["NAME"]], [1, 1]);
    assert.is(m.census()["PDEV"], undefined, "the function does not wait for the close");
    m.call(1, "sys_close", fd);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), []);
  });

  test(`${driver.name}: L3: an id is given out again only after the last close`, () => {
    const { m, dev, id } = plug(driver);
    const fd = m.call(1, "sys_open", 0);
    m.call(0, "sys_remove", dev);
    const second = m.call(0, "sys_probe", id);
    assert.is(m.call(0, "sys_minor", second), 1);
    m.call(1, "sys_close", fd);
    const third = m.call(0, "sys_probe", id);
    assert.is(m.call(0, "sys_minor", third), 0);
    m.call(0, "sys_remove", second);
    m.call(0, "sys_remove", third);
    assert.is(idsInUse(m), 0);
  });

  test(`${driver.name}: a file of the device that went says nothing of the one that came`, () => {
    const { m, dev, id } = plug(driver);
    const old = m.call(1, "sys_open", 0);
    m.call(0, "sys_unbind", dev);
    assert.is(m.call(0, "sys_bind", dev, id), 0, "unplug and replug of one function");
    const fresh = m.call(1, "sys_open", m.call(0, "sys_minor", dev));
    assert.equal([query(m, old), query(m, fresh)], [-ENXIO, 0]);
    for (const fd of [old, fresh]) m.call(1, "sys_close", fd);
    m.call(0, "sys_remove", dev);
    assert.equal(m.census(), { INODE: 2 });
  });

  test(`${driver.name}: B3: the context counts as dead as soon as unregister() has returned`, () => {
    const { m, id } = plug(driver);
    const file = m.call(1, "filp_open", 0);
    const inode = m.field(file, "FILE_F_INODE");
    const memdev = m.field(inode, "INODE_I_CDEV") - m.constant("OFFSETOF_CXL_MEMDEV_CDEV");
    const cxlm = m.field(memdev, "CXL_MEMDEV_CXLM");
    m.call(0, "memdev_unregister", id, memdev);
    assert.is(m.census()["CXL_MEM"], 1, "its memory is still there");
    assert.is(m.field(cxlm, "CXL_MEM_STATE") | 0, m.constant("CXL_MEM_DEAD") | 0);
  });
}

for (const [driver, refs] of [
  [OLD[0], [2, 2]],
  [OLD[1], [2, 3]],
] as [DriverName, number[]][]) {
  test(`${driver.name}: F1, S0: what an open takes a reference on: cdev and device`, () => {
    const { m } = plug(driver);
    const file = m.call(1, "filp_open", 0);
    const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
    const dev =
      cdev - m.constant("OFFSETOF_CXL_MEMDEV_CDEV") + m.constant("OFFSETOF_CXL_MEMDEV_DEV");
    assert.equal([m.field(cdev, "CDEV_KOBJ_REF"), m.field(dev, "DEVICE_KOBJ_REF")], refs);
  });
}

test("B1, B4: a driver that is unknown, or one too many, is refused and changes nothing", () => {
  const { m, dev, id } = plug(COMPLETE[0] as DriverName);
  const before = m.census();
  for (const unknown of [0x205, 0x300, 0xffff, -1]) {
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

test.run();
