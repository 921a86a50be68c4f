// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../drivers/local-machine.ts";

const ENXIO = 6;
const EBADF = 9;
const ENFILE = 23;

function plugged(): { m: LocalMachine; dev: number } {
  const m = new LocalMachine(2);
  const dev = m.call(0, "sys_probe", m.constant("REV_PUT_DEVICE") << 8);
  assert.ok(dev > 0);
  return { m, dev };
}

test("F1: the last fput() releases the file first, then drops the cdev", () => {
  const { m, dev } = plugged();
  const file = m.call(0, "filp_open", 0);
  const memdev = m.field(file, "FILE_PRIVATE_DATA");
  m.call(0, "sys_remove", dev);
  // The file has both last references. Were the cdev dropped first, its put would free the memdev, and
  // the release, which finds it through i_cdev, would find 0 there.
  assert.is(m.field(memdev + m.constant("OFFSETOF_CXL_MEMDEV_CDEV"), "CDEV_KOBJ_REF"), 1);
  m.call(0, "fput", file);
  assert.equal(m.census(), { INODE: 1 });
  assert.equal(m.warnings(), []);
});

test("F1: only the last of several references releases", () => {
  const { m } = plugged();
  const file = m.call(0, "filp_open", 0);
  assert.is(m.call(1, "get_file_rcu", file), 1);
  m.call(0, "fput", file);
  assert.is(m.events()["EV_RELEASE"], 0n);
  m.call(1, "fput", file);
  assert.is(m.events()["EV_RELEASE"], 1n);
});

test("F2: an open that fails is never released", () => {
  const { m } = plugged();
  assert.is(m.call(0, "filp_open", 9), -ENXIO);
  assert.is(m.events()["EV_RELEASE"], 0n);
  assert.is(m.events()["EV_OPEN_FAIL"], 1n);
  assert.is(m.census()["FILE"], undefined);
  assert.is(m.field(m.call(0, "inode_of", 9), "INODE_I_COUNT"), 1);
});

test("F3: a released file's memory waits for a grace period, and no reference is to be had", () => {
  const { m } = plugged();
  const file = m.call(0, "filp_open", 0);
  const live = () => m.call(1, "slab_live", m.constant("SLAB_FILE"));
  m.run(1, "cpu_enter"); // a CPU that was in the kernel when the file went, and still is
  m.run(0, "cpu_enter");
  m.run(0, "fput", file);
  m.run(0, "rcu_qs");
  m.run(0, "rcu_softirq");
  assert.is(m.run(1, "slab_live", m.constant("SLAB_FILE")), 1);
  assert.is(m.run(1, "get_file_rcu", file), 0);
  m.run(1, "cpu_leave");
  m.run(0, "cpu_leave");
  assert.is(live(), 0);
});

test("T1: a descriptor is the lowest free number", () => {
  const { m } = plugged();
  assert.equal(
    [0, 1, 2].map(() => m.call(0, "sys_open", 0)),
    [0, 1, 2],
  );
  m.call(1, "sys_close", 1);
  m.call(1, "sys_close", 0);
  assert.equal(
    [0, 1, 2].map(() => m.call(0, "sys_open", 0)),
    [0, 1, 3],
  );
});

test("T1: a full table is -ENFILE, and the driver is not asked", () => {
  const { m } = plugged();
  const nr = m.constant("NR_OPEN");
  for (let fd = 0; fd < nr; fd++) assert.is(m.call(0, "get_unused_fd"), fd);
  assert.is(m.call(0, "sys_open", 0), -ENFILE);
  assert.is(m.events()["EV_OPEN"], 0n);
  m.call(0, "put_unused_fd", 100);
  assert.is(m.call(0, "sys_open", 0), 100);
});

test("T1: a failed open gives its descriptor back", () => {
  const { m } = plugged();
  assert.is(m.call(0, "sys_open", 9), -ENXIO);
  assert.is(m.call(0, "sys_open", 0), 0);
});

test("T2: a number that is reserved, was never open or is out of range is no file", () => {
  const { m } = plugged();
  const fd = m.call(0, "get_unused_fd");
  for (const bad of [fd, 5, m.constant("NR_OPEN"), -1]) {
    assert.is(m.call(0, "fget", bad), 0);
    assert.is(m.call(0, "close", bad), -EBADF);
    assert.is(m.call(0, "sys_ioctl", bad, 0, 0n), -EBADF);
  }
});

test("T3: fget() takes a reference, and finds nothing after the close", () => {
  const { m } = plugged();
  const fd = m.call(0, "sys_open", 0);
  const file = m.call(1, "fget", fd);
  assert.is(m.field(file, "FILE_F_COUNT"), 2);
  assert.is(m.call(0, "sys_close", fd), 0);
  assert.is(m.field(file, "FILE_F_COUNT"), 1, "the file stays for who has it");
  assert.is(m.call(1, "fget", fd), 0);
  m.call(1, "fput", file);
  assert.is(m.census()["FILE"], undefined);
});

test("T4: of two closes one is -EBADF", () => {
  const { m } = plugged();
  const fd = m.call(0, "sys_open", 0);
  assert.equal([m.call(0, "sys_close", fd), m.call(1, "sys_close", fd)], [0, -EBADF]);
});

test("fd_install() is both steps in one", () => {
  const { m } = plugged();
  const file = m.call(0, "filp_open", 0);
  const fd = m.call(0, "fd_install", file);
  const found = m.call(0, "fget", fd);
  assert.is(found, file);
  m.call(0, "fput", file);
  assert.is(m.call(0, "sys_close", fd), 0);
});

test.run();
