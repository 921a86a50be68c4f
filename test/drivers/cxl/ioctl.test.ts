// SPDX-License-Identifier: GPL-2.0-only
/** The ioctls by example, with the numbers of the interface written out. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configure, DeviceUnderTest } from "./fixture.ts";
import { LocalKernel } from "./kernel.ts";
import { EFAULT, EINVAL, ENOMEM, ENOTTY, EPERM, type ModelConfig } from "./model.ts";
import { ARG, IN, OUT, putSend, RAW, type RawSend, sendRaw, words } from "./user.ts";

const kernel = new LocalKernel();
const device = new DeviceUnderTest(kernel, { payloadLog2: 9 });
assert.is(device.probe(), 0);
const USER = kernel.map.userStart;
const END = USER + kernel.user.length;
const QUERY = 0x8008ce01;
const SEND = 0xc030ce02;
const OPEN: ModelConfig = { rawCommands: true, lockedDown: false, rawAllowAll: false };

test.before.each(() => {
  configure(kernel, OPEN);
  kernel.user.fill(0xa5);
});

function query(n: number, at = USER): number {
  kernel.view.setUint32(at, n, true);
  return device.ioctl(QUERY, BigInt(at));
}

/** Entry i as four signed words. */
function entry(i: number): number[] {
  const at = USER + 8 + 16 * i;
  return [0, 4, 8, 12].map((o) => kernel.view.getInt32(at + o, true));
}

const TABLE = [
  [0, 0, 0, 0],
  [1, 0, 0, 0x43],
  [2, 0, -1, -1],
  [3, 0, 0, -1],
  [4, 0, 0, 0x50],
  [5, 0, 0, 0x20],
  [6, 0, 8, -1],
  [7, 0, 0, 0x12],
  [8, 0, 0x18, -1],
];

test("U1: n_commands 0 asks how many, and is answered with 9", () => {
  assert.is(query(0), 0);
  assert.is(kernel.view.getUint32(USER, true), 9);
  assert.is(kernel.user[4], 0xa5, "nothing else is written");
});

test("U1, T1: the table, entry for entry, and no more of it than was asked for", () => {
  for (const n of [1, 3, 9, 10, 0xffffffff]) {
    kernel.user.fill(0xa5);
    assert.is(query(n), 0);
    const count = Math.min(n, 9);
    for (let i = 0; i < count; i++) assert.equal(entry(i), TABLE[i]);
    assert.is(kernel.user[8 + 16 * count], 0xa5);
    assert.is(kernel.view.getUint32(USER, true), n, "n is never rewritten");
    assert.is(kernel.user[4], 0xa5, "rsvd is ignored");
  }
});

test("U1: entries are copied one by one: those before the fault are there", () => {
  const at = END - 8 - 16 * 2 - 15;
  assert.is(query(9, at), -EFAULT);
  assert.is(kernel.view.getUint32(at + 8 + 16, true), 1);
  assert.is(kernel.view.getUint8(END - 1), 0xa5, "the third did not fit and is not begun");
});

test("U1: without RAW compiled in its entry is zero", () => {
  configure(kernel, { ...OPEN, rawCommands: false });
  assert.is(query(9), 0);
  assert.equal(entry(2), [0, 0, 0, 0]);
  assert.equal(entry(3), TABLE[3]);
});

test("U1: an entry does not tell whether the command is enabled", () => {
  const bare = new DeviceUnderTest(kernel, { celIds: [] });
  assert.is(bare.probe(), 0);
  kernel.view.setUint32(USER, 9, true);
  assert.is(bare.ioctl(QUERY, BigInt(USER)), 0);
  assert.equal(entry(4), TABLE[4]);
  assert.is(sendRaw(bare, { id: 4, outSize: 0x50 }).rc, -ENOTTY);
  assert.is(sendRaw(bare, { id: 1, outSize: 0x43 }).rc, 0, "a forced one works");
  bare.remove();
});

test("B1: other ioctls are -ENOTTY, whatever their argument", () => {
  for (const cmd of [0, 1, QUERY + 1, SEND - 1, SEND ^ 0x40000000, 0xffffffff]) {
    assert.is(device.ioctl(cmd, BigInt(USER)), -ENOTTY);
    assert.is(device.ioctl(cmd, 0n), -ENOTTY);
  }
});

/** Each fault alone, and in order: each hides the ones after it, so all, then one fewer, and so on. */
function inOrder(good: RawSend, faults: readonly (readonly [RawSend, number])[]): void {
  for (let i = 0; i < faults.length; i++) {
    const request = { ...good };
    for (const [fault] of faults.slice(i).reverse()) Object.assign(request, fault);
    assert.is(sendRaw(device, request).rc, -(faults[i]?.[1] ?? 0), `fault ${i}`);
  }
  for (const [fault, errno] of faults) {
    const rc = sendRaw(device, { ...good, ...fault }).rc;
    assert.is(rc, -errno, Object.keys(fault).join());
  }
  assert.is(sendRaw(device, good, words(0, 4)).rc, 0, "without any fault");
}

test("U2: the checks of a command of the table come in their order", () => {
  const good = { id: 6, inSize: 8, outSize: 512 };
  inOrder(good, [
    [{ id: 9 }, ENOTTY],
    [{ inSize: 513 }, EINVAL],
    [{ flags: 2 }, EINVAL],
    [{ opcode: 1 }, EINVAL],
    [{ rawRsvd: 1 }, EINVAL],
    [{ inRsvd: 1 }, EINVAL],
    [{ outRsvd: 1 }, EINVAL],
    [{ inSize: 9 }, ENOMEM],
    [{ inPayload: 0 }, EFAULT],
    [{ outPayload: 0 }, EFAULT],
  ]);
  assert.is(sendRaw(device, { ...good, flags: 1 }).rc, 0, "the one flag that may be set");
});

test("U2: the checks of RAW come in their order, and most words are not looked at", () => {
  configure(kernel, OPEN);
  const good = {
    id: RAW,
    opcode: 0x4102,
    inSize: 8,
    outSize: 512,
    flags: 9,
    inRsvd: 9,
    outRsvd: 9,
  };
  inOrder(good, [
    [{ inSize: -1 }, EINVAL],
    [{ rawRsvd: 1 }, EINVAL],
    [{ outSize: 513 }, EINVAL],
    [{ opcode: 0x4103 }, EPERM],
    [{ inPayload: END - 7 }, EFAULT],
    [{ outPayload: END }, EFAULT],
  ]);
});

test("U2: negative sizes are huge ones, but for an output of variable size", () => {
  const minus = -(2 ** 31);
  assert.is(sendRaw(device, { id: 7, inSize: -1, outSize: 0x12 }).rc, -EINVAL);
  assert.is(sendRaw(device, { id: 7, outSize: -1 }).rc, -ENOMEM);
  assert.is(sendRaw(device, { id: RAW, opcode: 0x4200, outSize: minus }).rc, -EINVAL);
  assert.is(sendRaw(device, { id: 3, outSize: minus }).outSize, 48);
});

test("U2: an argument that is not user memory is -EFAULT, at either end of it", () => {
  for (const arg of [0n, BigInt(USER) - 1n, BigInt(END) - 47n, 1n << 32n, (1n << 64n) - 1n]) {
    assert.is(device.ioctl(SEND, arg), -EFAULT);
  }
  putSend(device, { id: 7, outSize: 0x12 }, kernel.user.length - 48);
  assert.is(device.ioctl(SEND, BigInt(END - 48)), 0, "the last 48 bytes are");
});

test("U3: the structure is copied back over an output that overlaps it", () => {
  const result = sendRaw(device, { id: 1, outSize: 0x43, outPayload: USER + ARG });
  assert.equal(result, { rc: 0, retval: 0, outSize: 0x43 });
  assert.is(kernel.view.getUint32(USER, true), 1, "the id, not the firmware's name");
  assert.is(kernel.user[48], 8, "behind the structure the output stands: info log size");
});

test("U3: the input is read before the output is written", () => {
  const request = { id: 6, inSize: 8, outSize: 512, outPayload: USER + IN };
  assert.is(sendRaw(device, request, words(1, 8)).rc, 0);
  assert.equal([...kernel.user.subarray(IN, IN + 8)], [18, 31, 44, 57, 70, 83, 96, 109]);
});

test("U4: an output of variable size goes beyond out.size, with one warning a boot", () => {
  const logged = () =>
    kernel.log().filter(({ code }) => code === "WARN_OUTPUT_LARGER_THAN_USER_BUFFER");
  const before = logged().length;
  for (let i = 0; i < 3; i++) {
    kernel.user.fill(0xa5, OUT, OUT + 64);
    assert.equal(sendRaw(device, { id: 3, outSize: 4 }), { rc: 0, retval: 0, outSize: 48 });
    assert.is(kernel.user[OUT + 47], 0, "the last byte of the list");
    assert.is(kernel.user[OUT + 48], 0xa5);
  }
  assert.is(logged().length, before + 1);
  assert.equal([logged().at(-1)?.a, logged().at(-1)?.b], [48, 4]);
});

test("U4: a negative out.size does not warn", () => {
  const before = kernel.log().length;
  assert.is(sendRaw(device, { id: 3, outSize: -1 }).outSize, 48);
  assert.is(kernel.log().length, before);
});

test("U5: an error of the device is told in retval, with a buffer of zeros at its full size", () => {
  device.set({ failCode: 6 });
  assert.equal(sendRaw(device, { id: 3, outSize: 4 }), { rc: 0, retval: 6, outSize: 512 });
  assert.equal(sendRaw(device, { id: 7, outSize: 99 }), { rc: 0, retval: 6, outSize: 0x12 });
  assert.ok(kernel.user.subarray(OUT, OUT + 512).every((b) => b === 0));
  device.set({ failCode: 0 });
});

test("T3: what RAW may send", () => {
  const rc = (config: ModelConfig, opcode: number) => {
    configure(kernel, config);
    return sendRaw(device, { id: RAW, opcode, outSize: 0 }).rc;
  };
  const denied = [0x0202, 0x4101, 0x4103, 0x4204, 0x4304, 0x4305, 0x4400, 0x45ff, 0x4600, 0x46ff];
  const allowed = [0, 0x0201, 0x0203, 0x4000, 0x4100, 0x4203, 0x43ff, 0x4700, 0xffff];
  for (const opcode of denied) {
    assert.is(rc(OPEN, opcode), -EPERM, opcode.toString(16));
    assert.is(rc({ ...OPEN, rawAllowAll: true }, opcode), 0);
  }
  for (const opcode of allowed) {
    assert.is(rc(OPEN, opcode), 0, opcode.toString(16));
    assert.is(rc({ ...OPEN, lockedDown: true, rawAllowAll: true }, opcode), -EPERM);
    assert.is(rc({ ...OPEN, rawCommands: false, rawAllowAll: true }, opcode), -EPERM);
  }
});

test("RAW is remarked upon once a boot", () => {
  const logged = () => kernel.log().filter(({ code }) => code === "KERN_RAW_COMMAND_PATH_USED");
  const before = logged().length;
  sendRaw(device, { id: RAW, opcode: 0x4400 });
  assert.is(logged().length, before, "not for one that is refused");
  for (let i = 0; i < 3; i++) assert.is(sendRaw(device, { id: RAW, opcode: 0x4000 }).rc, 0);
  assert.is(logged().length, before + 1);
});

test("ioctls, their errors and mailbox commands are counted", () => {
  const counts = () => {
    const events = kernel.events();
    return ["EV_IOCTL", "EV_IOCTL_ERROR", "EV_MBOX_CMD"].map((name) => Number(events[name]));
  };
  const before = counts();
  query(1);
  sendRaw(device, { id: 7, outSize: 0x12 });
  sendRaw(device, { id: 7, outSize: 0 });
  assert.equal(
    counts().map((n, i) => n - (before[i] ?? 0)),
    [3, 1, 1],
  );
});

test("U3: without memory for either buffer SEND is -ENOMEM, and nothing is kept", () => {
  const type = kernel.constant("SLAB_BOUNCE");
  const hoard: number[] = [];
  for (const bytes of [1 << 20, 1 << 16, 1 << 12, 3000, 1500, 900, 400, 100, 24]) {
    for (let p = 1; p !== 0; ) {
      p = kernel.call("kmalloc", bytes, type);
      if (p !== 0) hoard.push(p);
    }
  }
  const live = () => kernel.call("slab_live", type);
  const before = live();
  const lsa: RawSend = { id: 6, inSize: 8, outSize: 512, inPayload: 0 };
  assert.is(sendRaw(device, lsa).rc, -ENOMEM, "before the input is looked at");
  kernel.call("kfree", hoard.pop() ?? 0); // of the smallest class
  assert.is(sendRaw(device, { id: 7, outSize: 0x12 }).rc, 0, "a small buffer is enough for this");
  assert.is(sendRaw(device, { ...lsa, id: RAW, opcode: 0x4102, outSize: 8 }).rc, -ENOMEM);
  assert.is(live(), before - 1);
  for (const p of hoard) kernel.call("kfree", p);
  assert.is(sendRaw(device, { id: 6, inSize: 8, outSize: 512 }, words(0, 4)).rc, 0);
});

test.run();
