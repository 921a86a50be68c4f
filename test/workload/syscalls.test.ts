// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../host/machine/machine.ts";
import { COMPLETE, type DriverName } from "../drivers/cxl/memdev/drivers.ts";
import { ioctlInside, setStuck } from "../drivers/cxl/memdev/inside.ts";
import { LocalMachine } from "../drivers/local-machine.ts";
import { inFlight, until } from "../drivers/until.ts";
import { withMachine } from "../machine/with-machine.ts";

const ENXIO = 6;
const ENFILE = 23;
const ENOTTY = 25;

const calls: [string, ...(number | bigint)[]][] = [
  ["sys_open", 9],
  ["sys_ioctl", 9, 0, 0n],
  ["sys_close", 9],
  ["sys_bind", 0, 0xff00],
  ["sys_probe", 0xff00],
];

test("Y1: each call ends in a quiescent state, also when it failed", async () => {
  const m = await boot({ cpus: 2, deadlineMs: 10_000 });
  const onCpu1 = (fn: string, args: readonly (number | bigint)[] = []) =>
    m.invoke(1, fn, { args, bracket: false });
  try {
    await onCpu1("cpu_enter");
    for (const [fn, ...args] of calls) {
      const grace = inFlight(m.call(0, "synchronize_rcu"));
      await until("CPU 0 waits for CPU 1", () => m.tasks()[0]?.wait === "WAIT_RCU_GP");
      assert.ok((await onCpu1(fn, args)) < 0);
      await grace; // or its deadline passes
    }
    await onCpu1("cpu_leave");
  } finally {
    await m.close();
  }
});

test("Y2: a close while an ioctl runs leaves the file to the ioctl", () =>
  withMachine({ cpus: 2 }, async (m) => {
    const { dev, fd, ioctl } = await ioctlInside(m, COMPLETE[0] as DriverName);
    const files = () => m.events()["EV_RELEASE"];
    assert.is(await m.call(0, "sys_close", fd), 0);
    assert.is(files(), 0n);
    await setStuck(m, 0, dev, "NONE");
    assert.is(await ioctl, 0);
    assert.is(files(), 1n);
  }));

test("Y3: with a full table open() is -ENFILE, and neither device nor node is asked", () => {
  const m = new LocalMachine(1);
  m.call(0, "sys_probe", m.constant("REV_PUT_DEVICE") << 8);
  const file = m.call(0, "filp_open", 0);
  const cdev = m.field(m.field(file, "FILE_F_INODE"), "INODE_I_CDEV");
  const before = [m.events()["EV_OPEN"], m.events()["EV_OPEN_FAIL"], m.census()];
  const references = m.field(cdev, "CDEV_KOBJ_REF");
  for (let fd = 0; fd < m.constant("NR_OPEN"); fd++) m.call(0, "get_unused_fd");
  assert.is(m.call(0, "sys_open", 0), -ENFILE);
  assert.is(
    m.call(0, "sys_open", 9),
    -ENFILE,
    "not -ENXIO: whether there is a device is not looked at",
  );
  assert.equal([m.events()["EV_OPEN"], m.events()["EV_OPEN_FAIL"], m.census()], before);
  assert.is(m.field(cdev, "CDEV_KOBJ_REF"), references);
});

test("Y3: an open that fails has its descriptor when it fails, and gives it back", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "sys_probe", m.constant("REV_PUT_DEVICE") << 8);
  for (let fd = 1; fd < m.constant("NR_OPEN"); fd++) m.call(0, "get_unused_fd");
  for (let tries = 0; tries < 3; tries++) assert.is(m.call(0, "sys_open", 9), -ENXIO);
  const last = m.call(0, "sys_open", 0);
  assert.is(last, m.constant("NR_OPEN") - 1, "one is left");
  assert.is(m.call(0, "sys_close", last), 0);
  m.call(0, "sys_unbind", dev);
  assert.is(m.call(0, "sys_open", 0), -ENXIO);
  assert.is(m.call(0, "get_unused_fd"), last);
});

test("ioctl returns what the driver says, and counts what is gone", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "sys_probe", m.constant("REV_PUT_DEVICE") << 8);
  const fd = m.call(0, "sys_open", 0);
  assert.is(m.call(0, "sys_ioctl", fd, 1, 0n), -ENOTTY);
  m.call(0, "sys_unbind", dev);
  assert.is(m.call(0, "sys_ioctl", fd, 1, 0n), -ENXIO);
  assert.is(m.events()["EV_IOCTL_ENXIO"], 1n);
});

test.run();
