// SPDX-License-Identifier: GPL-2.0-only
/** Somebody opens while the cdev is live and device_add() has yet to fail: what each revision does. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../local-machine.ts";
import { COMPLETE, type DriverName, driverId, idsInUse, OLD, probeWithOpener } from "./drivers.ts";

const ENXIO = 6;
const ENOMEM = 12;
const EINVAL = 22;
const [PERCPU_REF, RWSEM] = OLD as [DriverName, DriverName];

/** A failed add with an opener in the window. */
function failedAdd(driver: DriverName, fault = "DEVICE_ADD"): { m: LocalMachine; file: number } {
  const m = new LocalMachine(2);
  m.fail(0, fault);
  const { rc, file } = probeWithOpener(m, driver);
  assert.is(rc, fault === "DEVICE_ADD" ? -ENOMEM : -EINVAL);
  assert.ok(file > 0);
  m.fail(0);
  return { m, file };
}

/** ioctl on a file, through the descriptor table. */
function query(m: LocalMachine, file: number): number {
  const fd = m.call(1, "fd_install", file);
  const rc = m.call(
    1,
    "sys_ioctl",
    fd,
    m.constant("CXL_MEM_QUERY_COMMANDS"),
    BigInt(m.map.userStart),
  );
  assert.is(m.call(1, "fget", fd), file);
  m.call(1, "sys_close", fd);
  return rc;
}

function cdevRefs(m: LocalMachine, file: number): number {
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  return m.field(cdev, "CDEV_KOBJ_REF");
}

for (const driver of COMPLETE) {
  test(`${driver.name}: P1: the opener keeps memory and id until it closes`, () => {
    const { m, file } = failedAdd(driver);
    assert.equal([m.census()["CXL_MEMDEV"], m.census()["NAME"], idsInUse(m)], [1, 1, 1]);
    const next = m.call(0, "sys_probe", driverId(m.kernel, driver));
    assert.is(m.call(0, "sys_minor", next), 1, "id 0 is not free yet");
    m.call(1, "fput", file);
    m.call(0, "sys_remove", next);
    assert.is(idsInUse(m), 0);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), []);
  });

  test(`${driver.name}: P2, P3: the opener's ioctl is -ENXIO, and the context is gone`, () => {
    const { m, file } = failedAdd(driver);
    assert.is(m.census()["CXL_MEM"], undefined);
    assert.is(query(m, file), -ENXIO);
    m.call(1, "fput", file);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), []);
  });
}

for (const driver of OLD) {
  test(`${driver.name}: F2, S1: the opener is left with freed memory`, () => {
    const { m, file } = failedAdd(driver);
    assert.equal(m.census(), { FILE: 1, INODE: 1, NAME: 1 });
    assert.is(cdevRefs(m, file), 1, "the cdev that the file pins lies in it");
    m.call(1, "fput", file);
    assert.equal(m.census(), { INODE: 1, NAME: 1 });
  });

  test(`${driver.name}: F3, S1: the id is free at once, and its node caches the freed cdev`, () => {
    const { m, file } = failedAdd(driver);
    assert.is(idsInUse(m), 0);
    assert.ok(m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV") > 0);
  });

  test(`${driver.name}: F2, S1: the next device gets the memory, and the opener's close its references`, () => {
    const { m, file } = failedAdd(driver);
    const next = m.call(0, "sys_probe", driverId(m.kernel, driver));
    assert.is(m.call(0, "sys_minor", next), 0);
    assert.is(cdevRefs(m, file), 1, "what the old file pins is the new cdev");
    m.call(1, "fput", file);
    assert.is(
      m.call(1, "filp_open", 0),
      -ENXIO,
      "the new device is plugged in, and cannot be opened",
    );
    m.call(0, "sys_remove", next);
    assert.ok(m.warnings().includes("WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE"));
  });

  test(`${driver.name}: F6, S2: a name that could not be had opens the same hole`, () => {
    const { m, file } = failedAdd(driver, "DEV_SET_NAME");
    assert.equal(m.census(), { FILE: 1, INODE: 1 });
    assert.is(cdevRefs(m, file), 1);
  });
}

test("percpu_ref: F1: the opener's ioctl asks a percpu_ref that was freed", () => {
  const { m, file } = failedAdd(PERCPU_REF);
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  const ref = cdev - m.constant("OFFSETOF_CXL_MEMDEV_CDEV") + m.constant("SIZEOF_CXL_MEMDEV");
  assert.is(m.u32(ref), 3, "killed and exited: that is all that turns the ioctl away");
  assert.is(query(m, file), -ENXIO);
});

test("rwsem: S1: the opener's ioctl works on the next device, which got the memory", () => {
  const { m, file } = failedAdd(RWSEM);
  assert.is(m.field(m.field(file, "FILE_PRIVATE_DATA"), "CXL_MEMDEV_CXLM"), 0);
  m.call(0, "sys_probe", driverId(m.kernel, RWSEM));
  m.setU32(m.map.userStart, 0);
  assert.is(query(m, file), 0);
});

test("put_device: P1: a name that cannot be had fails before the cdev is live", () => {
  const [driver] = COMPLETE as [DriverName];
  const m = new LocalMachine(2);
  m.fail(0, "DEV_SET_NAME");
  assert.equal(probeWithOpener(m, driver), { rc: -ENOMEM, file: 0 });
  assert.equal(m.census(), {});
});

test.run();
