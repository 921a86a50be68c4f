// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../host/machine/machine.ts";
import { LocalMachine } from "../drivers/local-machine.ts";
import { inFlight, until } from "../drivers/until.ts";

const ENXIO = 6;
const ENODEV = 19;
const WINDOW_NS = 1_000_000_000;

/** A machine with one device of the complete revision plugged in at minor 0. */
function plugged(cpus = 2): { m: LocalMachine; dev: number } {
  const m = new LocalMachine(cpus);
  const dev = m.call(0, "sys_probe", driver(m));
  assert.ok(dev > 0);
  assert.is(m.call(0, "sys_minor", dev), 0);
  return { m, dev };
}

function driver(m: LocalMachine): number {
  return (m.constant("REV_PUT_DEVICE") << 8) | m.constant("GATE_RWSEM");
}

/** The memdev behind an open file of its, by private_data. */
function memdevOf(m: LocalMachine, file: number): number {
  return m.field(file, "FILE_PRIVATE_DATA");
}

function inodeOf(m: LocalMachine, file: number): number {
  return m.field(file, "FILE_F_INODE");
}

function cdevRefs(m: LocalMachine, memdev: number): number {
  return m.field(memdev + m.constant("OFFSETOF_CXL_MEMDEV_CDEV"), "CDEV_KOBJ_REF");
}

function deviceRefs(m: LocalMachine, memdev: number): number {
  return m.field(memdev + m.constant("OFFSETOF_CXL_MEMDEV_DEV"), "DEVICE_KOBJ_REF");
}

test("C1, C5: the cdev is live before device_add(), complete, and opens", () => {
  const m = new LocalMachine(2);
  let opened = 0;
  m.setU32(m.constant("CDEV_LIVE_WINDOW"), WINDOW_NS);
  m.atNextClock(() => {
    opened = m.call(1, "filp_open", 0);
    m.setU32(m.constant("CDEV_LIVE_WINDOW"), 0);
  });
  const dev = m.call(0, "sys_probe", driver(m));
  assert.ok(dev > 0 && opened > 0);
  const memdev = memdevOf(m, opened);
  assert.ok(m.field(memdev, "CXL_MEMDEV_CXLM") > 0, "what cdev_add() published is complete");
  m.call(1, "fput", opened);
  assert.is(m.call(0, "sys_remove", dev), 0);
});

test("C1: the cdev's reference on its parent comes with cdev_add()", () => {
  const { m } = plugged();
  const file = m.call(1, "filp_open", 0);
  assert.equal([cdevRefs(m, memdevOf(m, file)), deviceRefs(m, memdevOf(m, file))], [2, 3]);
});

test("C2: an open file pins the cdev, and through it the device's memory, to the last close", () => {
  const { m, dev } = plugged();
  const files = [m.call(1, "filp_open", 0), m.call(1, "filp_open", 0)];
  const memdev = memdevOf(m, files[0] as number);
  m.call(0, "sys_remove", dev);
  assert.equal([cdevRefs(m, memdev), deviceRefs(m, memdev)], [2, 3]);
  m.call(1, "fput", files[0] as number);
  assert.equal([cdevRefs(m, memdev), deviceRefs(m, memdev)], [1, 2]);
  assert.is(m.census()["CXL_MEMDEV"], 1);
  m.call(1, "fput", files[1] as number);
  assert.is(m.census()["CXL_MEMDEV"], undefined);
  assert.equal(m.warnings(), []);
});

test("C3: cdev_get() does not revive a cdev whose last reference is gone", () => {
  const m = new LocalMachine(1);
  const p = m.call(0, "kmalloc", m.constant("SIZEOF_CDEV"), m.constant("SLAB_MISC"));
  m.call(0, "cdev_init", p, 0);
  assert.is(m.call(0, "cdev_get", p), 1);
  m.call(0, "cdev_put", p);
  m.call(0, "cdev_put", p);
  assert.is(m.call(0, "cdev_get", p), 0);
  assert.equal(m.warnings(), []);
});

test("C3: an open through an inode whose cdev is on its way out is -ENXIO", () => {
  const { m, dev } = plugged();
  const file = m.call(1, "filp_open", 0);
  const cdev = memdevOf(m, file) + m.constant("OFFSETOF_CXL_MEMDEV_CDEV");
  m.call(0, "sys_remove", dev);
  m.setU32(cdev + m.constant("OFFSETOF_CDEV_KOBJ_REF"), 0); // between the last put and the purge
  assert.is(m.call(1, "filp_open", 0), -ENXIO);
  m.setU32(cdev + m.constant("OFFSETOF_CDEV_KOBJ_REF"), 1);
  m.call(1, "fput", file);
  assert.equal(m.census(), { INODE: 1 });
});

test("C4: the first open caches the cdev in the inode, the last put clears it", () => {
  const { m, dev } = plugged();
  const inode = m.call(0, "inode_of", 0);
  assert.is(m.field(inode, "INODE_I_CDEV"), 0);
  const file = m.call(1, "filp_open", 0);
  assert.is(inodeOf(m, file), inode);
  assert.is(
    m.field(inode, "INODE_I_CDEV"),
    memdevOf(m, file) + m.constant("OFFSETOF_CXL_MEMDEV_CDEV"),
  );
  m.call(1, "fput", file);
  assert.ok(m.field(inode, "INODE_I_CDEV") > 0, "the cdev lives, and stays cached");
  m.call(0, "sys_remove", dev);
  assert.is(m.field(inode, "INODE_I_CDEV"), 0);
});

test("C4: after cdev_del() an open succeeds while a file is open, and not once it is closed", () => {
  const { m, dev } = plugged();
  const first = m.call(1, "filp_open", 0);
  m.call(0, "sys_remove", dev);
  const second = m.call(1, "filp_open", 0);
  assert.ok(second > 0);
  m.call(1, "fput", first);
  m.call(1, "fput", second);
  assert.is(m.call(1, "filp_open", 0), -ENXIO);
  assert.equal(m.census(), { INODE: 1 });
});

test("C4: an inode that goes leaves the cdev's list, and the others stay on it", () => {
  const { m, dev } = plugged();
  m.call(1, "fput", m.call(1, "filp_open", 0));
  assert.is(m.call(0, "evict_inodes"), 0);
  const inode = m.call(0, "inode_of", 0);
  assert.is(m.field(inode, "INODE_I_CDEV"), 0, "a new node knows nothing yet");
  m.call(1, "fput", m.call(1, "filp_open", 0));
  m.call(0, "sys_remove", dev);
  assert.is(m.field(inode, "INODE_I_CDEV"), 0);
});

test("C5: cdev_device_add() that fails late has the number unmapped, and the opener has a file", () => {
  const m = new LocalMachine(2);
  let opened = 0;
  m.fail(0, "DEVICE_ADD");
  m.setU32(m.constant("CDEV_LIVE_WINDOW"), WINDOW_NS);
  m.atNextClock(() => {
    opened = m.call(1, "filp_open", 0);
    m.setU32(m.constant("CDEV_LIVE_WINDOW"), 0);
  });
  assert.is(m.call(0, "sys_probe", driver(m)), -12);
  assert.ok(opened > 0);
  assert.is(m.census()["CDEV"], undefined, "no number is mapped");
  assert.is(cdevRefs(m, memdevOf(m, opened)), 1);
  m.call(1, "fput", opened);
  assert.equal(m.census(), { INODE: 1 });
});

test("C5: with nothing in the way, the window costs no reading of the clock", () => {
  const m = new LocalMachine(1);
  let asked = false;
  m.atNextClock(() => {
    asked = true;
  });
  assert.ok(m.call(0, "sys_probe", driver(m)) > 0);
  assert.not(asked);
});

test("C6: the device goes first, its number after it", async () => {
  const m = await boot({ cpus: 2, deadlineMs: 10_000 });
  try {
    const map = m.kernel.constant("CDEV_MAP");
    const rev = m.kernel.constant("REV_PUT_DEVICE") << 8;
    const dev = await m.call(0, "sys_probe", rev);
    const node = await m.call(1, "sys_open", 0);
    assert.is(node, 0);
    await m.call(1, "mutex_lock", map); // cdev_del() cannot take the number off the map
    const unbound = inFlight(m.call(0, "sys_unbind", dev));
    await until("cdev_del() waits", () => m.tasks()[0]?.wait === "WAIT_MUTEX");
    assert.is(await m.call(1, "sys_minor", dev), -ENODEV, "udev has heard that the device went");
    await m.call(1, "mutex_unlock", map);
    assert.is(await unbound, 0);
  } finally {
    await m.close();
  }
});

test("an open of a number that nobody has is -ENXIO, and leaves only the node", () => {
  const m = new LocalMachine(1);
  assert.is(m.call(0, "filp_open", 3), -ENXIO);
  assert.equal(m.census(), { INODE: 1 });
});

test.run();
