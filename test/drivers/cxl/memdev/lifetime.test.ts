// SPDX-License-Identifier: GPL-2.0-only
/** Rules L1 to L3 of a device's life where nothing fails, for every driver. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../local-machine.ts";
import {
  COMPLETE,
  complaintsOf,
  type DriverName,
  driverId,
  idsInUse,
  LATER,
  OLD,
  PERCPU_REF,
  RWSEM,
  SRCU,
} from "./drivers.ts";

const ENXIO = 6;

const ALL = [...OLD, ...COMPLETE, ...LATER];

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
  test(`L1: the context is gone when the driver is unbound, whoever has it open (${driver.name})`, () => {
    const { m, dev } = plug(driver);
    const fd = m.call(1, "sys_open", 0);
    assert.is(query(m, fd), 0);
    assert.is(m.call(0, "sys_unbind", dev), 0);
    assert.is(m.census()["CXL_MEM"], undefined);
    assert.is(query(m, fd), -ENXIO);
    assert.is(query(m, m.call(1, "sys_open", 0)), -ENXIO, "also through a new open");
    assert.equal(m.warnings(), complaintsOf(driver));
  });

  test(`L2: the memdev goes with the last close, the name with it (${driver.name})`, () => {
    const { m, dev } = plug(driver);
    const fd = m.call(1, "sys_open", 0);
    m.call(0, "sys_remove", dev);
    assert.equal([m.census()["CXL_MEMDEV"], m.census()["NAME"]], [1, 1]);
    assert.is(m.census()["PDEV"], undefined, "the function does not wait for the close");
    m.call(1, "sys_close", fd);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), complaintsOf(driver));
  });

  test(`L3: an id is given out again only after the last close (${driver.name})`, () => {
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
}

for (const [driver, refs] of [
  [PERCPU_REF, [2, 2]],
  [SRCU, [2, 3]],
  [RWSEM, [2, 3]],
] as [DriverName, number[]][]) {
  test(`F1, S0: what an open takes a reference on: cdev and device (${driver.name})`, () => {
    const { m } = plug(driver);
    const file = m.call(1, "filp_open", 0);
    const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
    const dev =
      cdev - m.constant("OFFSETOF_CXL_MEMDEV_CDEV") + m.constant("OFFSETOF_CXL_MEMDEV_DEV");
    assert.equal([m.field(cdev, "CDEV_KOBJ_REF"), m.field(dev, "DEVICE_KOBJ_REF")], refs);
  });
}

test.run();
