// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../host/machine/machine.ts";
import { LocalMachine } from "../drivers/local-machine.ts";
import { inFlight, until } from "../drivers/until.ts";

const ENXIO = 6;
const ENOTTY = 25;

const calls: [string, ...(number | bigint)[]][] = [
  ["sys_open", 9],
  ["sys_ioctl", 9, 0, 0n],
  ["sys_close", 9],
  ["sys_bind", 0, 0x300],
  ["sys_probe", 0x300],
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
