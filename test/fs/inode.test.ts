// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../drivers/local-machine.ts";

function driver(m: LocalMachine): number {
  return m.constant("REV_PUT_DEVICE") << 8;
}

test("I1: a device number has one inode, whoever asks", () => {
  const m = new LocalMachine(2);
  const inode = m.call(0, "inode_of", 5);
  assert.is(m.call(1, "inode_of", 5), inode);
  assert.not(m.call(1, "inode_of", 5 + 64) === inode, "same list, another number");
  assert.is(m.field(inode, "INODE_I_RDEV"), (m.constant("CHRDEV_MAJOR") << 20) | 5);
  assert.equal(m.census(), { INODE: 2 });
});

test("I1: a node outlives its device, and serves the next one of the number", () => {
  const m = new LocalMachine(1);
  const first = m.call(0, "sys_probe", driver(m));
  const fd = m.call(0, "sys_open", 0);
  const inode = m.call(0, "inode_of", 0);
  assert.is(m.call(0, "sys_close", fd), 0);
  m.call(0, "sys_remove", first);
  const second = m.call(0, "sys_probe", driver(m));
  assert.is(m.call(0, "inode_of", 0), inode);
  const again = m.call(0, "sys_open", 0);
  assert.is(again, 0);
  m.call(0, "sys_close", again);
  m.call(0, "sys_remove", second);
  assert.equal(m.census(), { INODE: 1 });
});

test("I2: evict_inodes() frees what no file has open, and says how many are", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "sys_probe", driver(m));
  const fd = m.call(0, "sys_open", 0);
  for (const minor of [1, 64, 128, 129]) m.call(0, "inode_of", minor);
  assert.is(m.call(0, "evict_inodes"), 1);
  assert.is(m.census()["INODE"], 1);
  assert.ok(m.call(0, "sys_open", 0) > fd, "the one that is left is still found");
  m.call(0, "sys_close", fd);
  m.call(0, "sys_close", fd + 1);
  m.call(0, "sys_remove", dev);
  assert.is(m.call(0, "evict_inodes"), 0);
  assert.equal(m.census(), {});
});

test("a node that finds no memory is an open that fails with -ENOMEM", () => {
  const m = new LocalMachine(1);
  while (m.call(0, "kmalloc", 16, m.constant("SLAB_MISC")) !== 0);
  assert.is(m.call(0, "inode_of", 0), 0);
  assert.is(m.call(0, "filp_open", 0), -12);
});

test.run();
