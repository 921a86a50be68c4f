// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configure, DeviceUnderTest } from "./fixture.ts";
import { LocalKernel } from "./kernel.ts";
import { EBUSY, ENOMEM } from "./model.ts";

const ENOENT = 2;
const EIO = 5;
const ENXIO = 6;
const E2BIG = 7;
const EINVAL = 22;

const kernel = new LocalKernel();

function live(type: string): number {
  return kernel.call("slab_live", kernel.constant(type));
}

const TYPES = ["SLAB_CXL_MEM", "SLAB_PDEV", "SLAB_BOUNCE", "SLAB_MISC", "SLAB_DEVRES"];

/** A test that must leave no object behind. */
function leakFree(name: string, run: () => void): void {
  test(name, () => {
    configure(kernel, { rawCommands: false, lockedDown: false, rawAllowAll: false });
    const before = TYPES.map(live);
    run();
    assert.equal(TYPES.map(live), before, "something leaks");
  });
}

leakFree("N1: a probe leaves a live context that knows its device", () => {
  const device = new DeviceUnderTest(kernel, { payloadLog2: 9 });
  assert.is(device.probe(), 0);
  assert.is(device.field("STATE") >>> 16, kernel.constant("CXL_MEM_ALIVE") >>> 16);
  assert.is(device.field("PAYLOAD_SIZE"), 512);
  const version = kernel.constant("OFFSETOF_CXL_MEM_FIRMWARE_VERSION");
  const bytes = new Uint8Array(kernel.memory.buffer, device.cxlm + version, 16).slice();
  assert.is(String.fromCharCode(...bytes), "hotunplug-fw 1.0");
  assert.is(device.field("RAM_RANGE_END"), 0x10 - 1);
  assert.is(device.field("PMEM_RANGE_END"), 0x30 - 1);
  device.remove();
});

leakFree("N1: what fails leaves its devm resources to the unbinding", () => {
  const device = new DeviceUnderTest(kernel, { logs: { cel: false, vendor: true } });
  assert.is(device.probe(), -ENOENT);
  assert.is(live("SLAB_CXL_MEM"), 1);
  kernel.call("cxl_pci_unbind", device.dev);
  assert.is(live("SLAB_CXL_MEM"), 0);
  device.set({ logs: { cel: true, vendor: true } });
  assert.is(device.probe(), 0, "a second probe succeeds");
  device.remove();
});

leakFree("N2: payloads under 256 bytes are -ENXIO, over 1 MiB are cut down to it", () => {
  for (const payloadLog2 of [0, 5, 7]) {
    const device = new DeviceUnderTest(kernel, { payloadLog2 });
    assert.is(device.probe(), -ENXIO);
    device.remove();
  }
  for (const [payloadLog2, bytes] of [
    [8, 256],
    [20, 1 << 20],
    [21, 1 << 20],
    [31, 1 << 20],
  ] as const) {
    const device = new DeviceUnderTest(kernel, { payloadLog2 });
    assert.is(device.probe(), 0);
    assert.is(device.field("PAYLOAD_SIZE"), bytes);
    device.remove();
  }
});

leakFree("N3: no Command Effects Log, no driver", () => {
  for (const vendor of [false, true]) {
    const device = new DeviceUnderTest(kernel, { logs: { cel: false, vendor } });
    assert.is(device.probe(), -ENOENT);
    device.remove();
  }
});

leakFree("N3: a log longer than a payload is read in pieces", () => {
  const device = new DeviceUnderTest(kernel, { payloadLog2: 8, celVendor: 130, celIds: [4, 7] });
  assert.is(device.probe(), 0);
  assert.is(device.field("ENABLED_CMDS"), (1 << 1) | (1 << 3) | (1 << 8) | (1 << 4) | (1 << 7));
  const pieces = Math.ceil(((130 + 2) * 4) / 256);
  assert.is(device.commands(), 1 + pieces + 1, "list, log, identify");
  device.remove();
});

leakFree("N4, T2: enabled are the commands of the log, and the forced ones", () => {
  const forced = (1 << 1) | (1 << 3) | (1 << 8);
  for (const celIds of [[], [1, 3, 8], [4], [5, 6, 7], [1, 3, 4, 5, 6, 7, 8]]) {
    const device = new DeviceUnderTest(kernel, { celIds });
    assert.is(device.probe(), 0);
    const listed = celIds.reduce((bits, id) => bits | (1 << id), 0);
    assert.is(device.field("ENABLED_CMDS"), listed | forced);
    device.remove();
  }
});

leakFree("N1: an error of the device or its status ends the probe", () => {
  for (const [knobs, errno] of [
    [{ failCode: 4, failOpcode: 0x0400 }, ENXIO],
    [{ failCode: 4, failOpcode: 0x0401 }, ENXIO],
    [{ failCode: 4, failOpcode: 0x4000 }, ENXIO],
    [{ status: 0 }, EBUSY],
  ] as const) {
    const device = new DeviceUnderTest(kernel, knobs);
    assert.is(device.probe(), -errno);
    device.remove();
  }
});

leakFree("P6: the kernel's own commands: -EIO for a wrong length, -E2BIG for too much room", () => {
  const device = new DeviceUnderTest(kernel, { payloadLog2: 8 });
  assert.is(device.probe(), 0);
  device.set({ forceLength: 0x42 });
  assert.is(kernel.call("cxl_mem_identify", device.cxlm), -EIO);
  device.set({ forceLength: 0x44 });
  assert.is(kernel.call("cxl_mem_identify", device.cxlm), 0, "no more than the room is taken");
  device.set({ forceLength: -1 });
  const out = kernel.call("kmalloc", 512, kernel.constant("SLAB_BOUNCE"));
  const logs = kernel.constant("CXL_MEM_COMMAND_ID_GET_SUPPORTED_LOGS");
  const command = (id: number, sizeIn: number, sizeOut: number) =>
    kernel.call("cxl_mem_mbox_send_cmd", device.cxlm, id, 0, sizeIn, out, sizeOut);
  assert.is(command(logs, 0, 257), -E2BIG);
  assert.is(command(logs, 0, 256), 48);
  const lsa = kernel.constant("CXL_MEM_COMMAND_ID_GET_LSA");
  const before = device.commands();
  assert.is(command(lsa, 8, 256), -EINVAL, "P3: input bytes without a buffer");
  assert.is(device.commands(), before);
  const warned = kernel.log().at(-1);
  assert.equal([warned?.level, warned?.code], ["LEVEL_WARN", "WARN_MBOX_INPUT_WITHOUT_BUFFER"]);
  assert.is(command(logs, 0, 256), 48, "P1: the mailbox is free again");
  kernel.call("kfree", out);
  device.remove();
});

leakFree("without memory a probe is -ENOMEM, at whichever allocation", () => {
  const device = new DeviceUnderTest(kernel, { payloadLog2: 12 });
  const hoard: number[] = [];
  for (const bytes of [1 << 20, 1 << 16, 1 << 12, 3000, 1000, 400, 100]) {
    for (;;) {
      const p = kernel.call("kmalloc", bytes, kernel.constant("SLAB_FILE"));
      if (p === 0) break;
      hoard.push(p);
    }
  }
  let failures = 0;
  for (let rc = device.probe(); rc !== 0; rc = device.probe()) {
    assert.is(rc, -ENOMEM);
    failures++;
    kernel.call("cxl_pci_unbind", device.dev);
    const p = hoard.pop();
    assert.ok(p !== undefined, "there is memory in the end");
    kernel.call("kfree", p);
  }
  assert.ok(failures > 1);
  for (const p of hoard) kernel.call("kfree", p);
  device.remove();
});

test.run();
