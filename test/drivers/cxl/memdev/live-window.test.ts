// SPDX-License-Identifier: GPL-2.0-only
/** Somebody opens while the cdev is live and device_add() has yet to fail: what the old revisions do. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LocalMachine } from "../../local-machine.ts";
import { driverId, idsInUse, OLD, PERCPU_REF, RWSEM, SRCU } from "./drivers.ts";
import { failedAdd, queryFile } from "./window.ts";

const ENXIO = 6;

function cdevRefs(m: LocalMachine, file: number): number {
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  return m.field(cdev, "CDEV_KOBJ_REF");
}

for (const driver of OLD) {
  test(`F2, S1: the opener is left with freed memory (${driver.name})`, () => {
    const { m, file } = failedAdd(driver);
    assert.equal(m.census(), { FILE: 1, INODE: 1, NAME: 1 });
    assert.is(cdevRefs(m, file), 1, "the cdev that the file pins lies in it");
    m.call(1, "fput", file);
    assert.equal(m.census(), { INODE: 1, NAME: 1 });
  });

  test(`F3, S1: the id is free at once, and its node caches the freed cdev (${driver.name})`, () => {
    const { m, file } = failedAdd(driver);
    assert.is(idsInUse(m), 0);
    assert.ok(m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV") > 0);
  });

  test(`F2, S1: the next device gets the memory, and the opener's close its references (${driver.name})`, () => {
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

  test(`F6, S2: a name that could not be had opens the same hole (${driver.name})`, () => {
    const { m, file } = failedAdd(driver, "DEV_SET_NAME");
    assert.equal(m.census(), { FILE: 1, INODE: 1 });
    assert.is(cdevRefs(m, file), 1);
  });
}

test("F1: the opener's ioctl asks a percpu_ref that was freed (percpu_ref)", () => {
  const { m, file } = failedAdd(PERCPU_REF);
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  const ref = cdev - m.constant("OFFSETOF_CXL_MEMDEV_CDEV") + m.constant("SIZEOF_CXL_MEMDEV");
  assert.is(m.u32(ref), 3, "killed and exited: that is all that turns the ioctl away");
  assert.is(queryFile(m, file), -ENXIO);
});

for (const driver of [SRCU, RWSEM]) {
  test(`S1, V4: the opener's ioctl works on the next device, which got the memory (${driver.name})`, () => {
    const { m, file } = failedAdd(driver);
    assert.is(m.field(m.field(file, "FILE_PRIVATE_DATA"), "CXL_MEMDEV_CXLM"), 0);
    m.call(0, "sys_probe", driverId(m.kernel, driver));
    m.setU32(m.map.userStart, 0);
    assert.is(queryFile(m, file), 0);
  });
}

test.run();
