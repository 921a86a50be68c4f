// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configure, DeviceUnderTest, STATUS_READY } from "./fixture.ts";
import { LocalKernel } from "./kernel.ts";
import { EBUSY, EFAULT, ETIMEDOUT } from "./model.ts";
import { OUT, RAW, sendRaw, words } from "./user.ts";

const kernel = new LocalKernel();
const config = { rawCommands: true, lockedDown: false, rawAllowAll: true };
const TIMEOUT_NS = 200_000n;
const HEALTH = { id: 7, outSize: 0x12 };
const LSA = { id: 6, inSize: 8, outSize: 512 };
const device = new DeviceUnderTest(kernel, { payloadLog2: 9 });
assert.is(device.probe(), 0);

test.before.each(() => {
  configure(kernel, config, TIMEOUT_NS);
  device.set({ status: STATUS_READY, stuck: "no", failCode: 0, forceLength: -1, serviceNs: 0n });
});

/** The mailbox is free and the device well: what every test must leave behind. */
function works(): void {
  device.set({ status: STATUS_READY, stuck: "no", failCode: 0, forceLength: -1, serviceNs: 0n });
  assert.equal(sendRaw(device, HEALTH), { rc: 0, retval: 0, outSize: 0x12 });
}

test("P1, P2: a device that is not ready is -EBUSY, a broken one -EFAULT; the mailbox stays free", () => {
  for (let status = 0; status < 256; status++) {
    device.set({ status });
    const before = device.commands();
    const ready = ((status >> 2) & 3) === 1 && (status & 0x10) !== 0;
    const broken = (status & 3) !== 0 || status >> 5 !== 0;
    const rc = ready ? (broken ? -EFAULT : 0) : -EBUSY;
    assert.is(sendRaw(device, HEALTH).rc, rc, `status ${status}`);
    assert.is(device.commands() - before, rc === 0 ? 1 : 0);
  }
  works();
});

test("P2: a doorbell that never clears is -ETIMEDOUT, before the status is looked at", () => {
  device.set({ stuck: "busy", status: 0 });
  const before = device.commands();
  assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT);
  assert.is(device.commands(), before, "nothing was sent");
  works();
});

test("P3: a doorbell that is set again after the wait is -EBUSY", () => {
  device.set({ stuck: "toggle" });
  const before = device.commands();
  for (let i = 0; i < 3; i++) assert.is(sendRaw(device, HEALTH).rc, -EBUSY);
  assert.is(device.commands(), before);
  works();
});

test("P3, D4: a command that is not done in time is -ETIMEDOUT, and done when the device goes on", () => {
  device.set({ stuck: "on-ring" });
  const before = device.commands();
  assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT, "the command itself");
  assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT, "the next one waits for it");
  assert.is(device.commands(), before);
  works();
  assert.is(device.commands(), before + 2);
});

test("P3: who was late to look finds a command that is done, and no timeout", () => {
  // The clock stands, then runs past both the limit and the end of the command, between any two looks.
  device.set({ serviceNs: 5_000_000n });
  configure(kernel, config, 1_000_000n);
  try {
    for (let jump = 1; jump <= 6; jump++) {
      const start = process.hrtime.bigint() + BigInt(jump) * 1_000_000_000n;
      let reads = 0;
      kernel.clock = () => (++reads <= jump ? start : start + 10_000_000n * BigInt(reads));
      assert.is(sendRaw(device, HEALTH).rc, 0, `a jump after ${jump} looks at the clock`);
      assert.ok(reads > jump, "it was looked at after the jump");
    }
  } finally {
    kernel.clock = null;
  }
  works();
});

test("P4: an error of the device is no errno and leaves size_out alone", () => {
  device.set({ failCode: 0x11 });
  kernel.user.fill(0xa5, OUT, OUT + 1024);
  assert.equal(sendRaw(device, LSA, words(0, 16)), { rc: 0, retval: 0x11, outSize: 512 });
  assert.ok(kernel.user.subarray(OUT, OUT + 512).every((b) => b === 0));
  assert.is(kernel.user[OUT + 512], 0xa5);
  works();
});

test("P5: the output is the least of room, payload and the device's length", () => {
  device.set({ forceLength: 0x1fffff });
  assert.is(sendRaw(device, HEALTH).outSize, 0x12, "room");
  assert.is(sendRaw(device, LSA, words(0, 16)).outSize, 512, "payload");
  device.set({ forceLength: 5 });
  assert.is(sendRaw(device, HEALTH).outSize, 5, "length");
  device.set({ forceLength: 0 });
  assert.is(sendRaw(device, HEALTH).outSize, 0);
  assert.is(sendRaw(device, { id: RAW, opcode: 0x4200, outSize: 7 }).outSize, 0);
  works();
});

test("D1: the answer of a slow device is the same, and one that takes long lets the CPU sleep", () => {
  const sleeps = () => kernel.events()["EV_MBOX_SLEEP"] ?? 0n;
  configure(kernel, config, 2_000_000_000n);
  for (const [serviceNs, asleep] of [
    [1_000n, false],
    [2_000_000n, true],
  ] as const) {
    device.set({ serviceNs });
    const before = sleeps();
    kernel.user.fill(0, OUT, OUT + 16);
    assert.equal(sendRaw(device, LSA, words(2, 3)), { rc: 0, retval: 0, outSize: 3 });
    assert.equal([...kernel.user.subarray(OUT, OUT + 3)], [31, 44, 57]);
    if (asleep) assert.ok(sleeps() > before, "it slept");
    else assert.is(sleeps(), before, "it spun");
  }
  works();
});

test("D5: with a table of service times each command takes one of them", () => {
  const [table, took] = [
    kernel.call("kmalloc", 16, kernel.constant("SLAB_MISC")),
    new Set<bigint>(),
  ];
  kernel.view.setBigUint64(table, 3_000n, true);
  kernel.view.setBigUint64(table + 8, 900_000n, true);
  let now = process.hrtime.bigint() + 200_000_000_000n;
  kernel.clock = () => now;
  const regs = kernel.call("cxl_hw_mbox_regs", device.hw);
  const ring = () => {
    kernel.call("writel_mbox_doorbell", regs);
    const due = kernel.view.getBigUint64(device.hw + kernel.constant("OFFSETOF_CXL_HW_DUE"), true);
    const ns = due - now;
    now += 1_000_000_000n;
    assert.is(kernel.call("readl_mbox_ctrl", regs), 0, "done");
    return ns;
  };
  try {
    configure(kernel, config, 2_000_000_000n);
    device.set({ serviceNs: 77n });
    assert.is(ring(), 77n, "no table yet");
    kernel.call("cxl_hw_set_services", device.hw, table, 2);
    for (let i = 0; i < 40; i++) took.add(ring());
    assert.equal([...took].sort(), [3_000n, 900_000n]);
    kernel.call("cxl_hw_set_services", device.hw, 0, 0);
    assert.is(ring(), 77n, "and none any more");
  } finally {
    kernel.clock = null;
  }
  works();
});

for (const [wait, serviceNs, asleep] of [
  ["SPIN", 2_000_000n, false],
  ["SLEEP", 20_000n, true],
] as const) {
  test(`a driver that is told to ${wait} does so however long it takes`, () => {
    const at = kernel.constant("CXL_STATE") + kernel.constant("OFFSETOF_CXL_GLOBALS_MBOX_WAIT");
    configure(kernel, config, 2_000_000_000n);
    kernel.view.setUint32(at, kernel.constant(`MBOX_WAIT_${wait}`), true);
    device.set({ serviceNs });
    const before = kernel.events()["EV_MBOX_SLEEP"] ?? 0n;
    let slept = 0n;
    for (let i = 0; i < 200 && slept === 0n; i++) {
      // a spin of 20 us may be over before it is looked at
      assert.is(sendRaw(device, HEALTH).rc, 0);
      slept = (kernel.events()["EV_MBOX_SLEEP"] ?? 0n) - before;
      if (!asleep && i === 3) break;
    }
    assert.is(slept > 0n, asleep);
    kernel.view.setUint32(at, kernel.constant("MBOX_WAIT_AUTO"), true);
    works();
  });
}

test("D2: with a device that answers at once nobody asks for the time", () => {
  works();
  const before = kernel.clockReads;
  for (let i = 0; i < 10; i++) assert.is(sendRaw(device, LSA, words(0, 16)).rc, 0);
  assert.is(kernel.clockReads, before);
  device.set({ serviceNs: 1n });
  assert.is(sendRaw(device, HEALTH).rc, 0);
  assert.ok(kernel.clockReads > before);
});

test("D3: a command that is due is not done before somebody looks at the device", () => {
  const before = device.commands();
  let now = process.hrtime.bigint() + 100_000_000_000n;
  kernel.clock = () => {
    now += 100_000n;
    return now;
  };
  try {
    device.set({ serviceNs: 5_000_000n });
    configure(kernel, config, 1_000_000n);
    assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT);
    now += 1_000_000_000n;
    assert.is(device.commands(), before, "its time has come, and nobody asked");
    const regs = kernel.call("cxl_hw_mbox_regs", device.hw);
    assert.is(kernel.call("readl_mbox_ctrl", regs), 0);
    assert.is(device.commands(), before + 1);
  } finally {
    kernel.clock = null;
  }
  works();
});

test("D4: a service time so long that it overflows the clock is for ever", () => {
  device.set({ serviceNs: (1n << 64n) - 1n });
  assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT);
  // The pending command keeps the mailbox: only a new device gets rid of it.
  device.set({ serviceNs: 0n });
  assert.is(sendRaw(device, HEALTH).rc, -ETIMEDOUT);
});

test("E1: inputs of a wrong length and unknown opcodes are errors of the device", () => {
  const fresh = new DeviceUnderTest(kernel);
  assert.is(fresh.probe(), 0);
  const raw = (opcode: number, input: Uint8Array) =>
    sendRaw(fresh, { id: RAW, opcode, inSize: input.length, outSize: 512 }, input).retval;
  assert.is(raw(0x4102, words(0, 4)), 0);
  assert.is(raw(0x4102, words(0)), 0x16);
  assert.is(raw(0x4000, words(0)), 0x16);
  assert.is(raw(0x4102, words(1024, 1)), 2);
  assert.is(raw(0x4102, words(0xffffffff, 2)), 2);
  assert.is(raw(0x4103, words(0)), 3);
  assert.is(raw(0xc000, words()), 3);
  fresh.remove();
});

test("E3: an injected return code comes first and may be for one opcode only", () => {
  const fresh = new DeviceUnderTest(kernel, { failCode: 0 });
  assert.is(fresh.probe(), 0);
  fresh.set({ failCode: 9, failOpcode: 0x4200 });
  assert.is(sendRaw(fresh, HEALTH).retval, 9);
  assert.is(sendRaw(fresh, LSA, words(0, 1)).retval, 0);
  fresh.remove();
});

test.run();
