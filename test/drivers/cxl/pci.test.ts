// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configure, DeviceUnderTest } from "./fixture.ts";
import { LocalKernel } from "./kernel.ts";
import { sendRaw } from "./user.ts";

const kernel = new LocalKernel();
const HEALTH = { id: 7, outSize: 0x12 };

function live(type: string): number {
  return kernel.call("slab_live", kernel.constant(type));
}

test.before.each(() => {
  configure(kernel, { rawCommands: false, lockedDown: false, rawAllowAll: false });
});

test("Q1: the registers stay until the last reference is put, bound or not", () => {
  const device = new DeviceUnderTest(kernel);
  assert.is(device.probe(), 0);
  assert.is(sendRaw(device, HEALTH).rc, 0);
  const before = device.commands();
  kernel.call("get_device", device.dev);
  device.remove();
  assert.is(live("SLAB_CXL_MEM"), 0, "the context went with the binding");
  assert.is(live("SLAB_PDEV"), 1);
  assert.is(device.commands(), before, "the device remembers");
  kernel.call("put_device", device.dev);
  assert.is(live("SLAB_PDEV"), 0);
  assert.is(live("SLAB_MISC"), 0, "the registers go with the function");
});

test("Q2: unbinding releases the newest resource first", () => {
  const device = new DeviceUnderTest(kernel);
  const [first, second] = [1, 2].map(() => kernel.call("cxl_mem_create", device.dev));
  kernel.call("cxl_pci_unbind", device.dev);
  // The slab gives out first what was freed last.
  const type = kernel.constant("SLAB_CXL_MEM");
  const again = [1, 2].map(() => kernel.call("kmalloc", 100, type));
  assert.equal(again, [first, second]);
  for (const p of again) kernel.call("kfree", p);
  kernel.call("put_device", device.dev);
});

test("Q2: binding again is a new probe, with a context that is not the old one", () => {
  const device = new DeviceUnderTest(kernel, { celIds: [] });
  assert.is(device.probe(), 0);
  const state = device.field("STATE");
  assert.is(sendRaw(device, HEALTH).rc, -25);
  kernel.call("cxl_pci_unbind", device.dev);
  device.set({ celIds: [7] });
  assert.is(device.probe(), 0);
  assert.is(sendRaw(device, HEALTH).rc, 0, "the new log counts");
  assert.ok(device.field("STATE") !== state);
  device.remove();
});

test.run();
