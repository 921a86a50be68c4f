// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../local-machine.ts";

const ENOMEM = 12;
const EINVAL = 22;
const PCI = 0x696370; // "pci"

/** A device of the simplest kind: a PCI function. Its release frees it. */
function device(m: LocalMachine, parent = 0): number {
  const dev = m.call(0, "cxl_pci_create", 9);
  assert.ok(dev > 0);
  m.setU32(dev + m.constant("OFFSETOF_DEVICE_PARENT"), parent);
  return dev;
}

function refs(m: LocalMachine, dev: number): number {
  return m.field(dev, "DEVICE_KOBJ_REF");
}

test("D1: the last put_device() frees, and none before it", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  m.call(0, "get_device", dev);
  m.call(0, "put_device", dev);
  assert.is(m.census()["PDEV"], 1);
  m.call(0, "put_device", dev);
  assert.equal(m.census(), {});
});

test("D1: the last put releases the managed resources first", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  assert.ok(m.call(0, "cxl_mem_probe", dev) > 0);
  assert.is(m.census()["CXL_MEM"], 1);
  m.call(0, "put_device", dev);
  assert.equal(m.census(), {});
});

test("D1: releasing a device that is still registered is warned of", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  m.call(0, "dev_set_name", dev, PCI, 0);
  assert.is(m.call(0, "device_add", dev), 0);
  m.call(0, "put_device", dev);
  assert.equal(m.warnings(), ["WARN_DEVICE_RELEASED_WHILE_REGISTERED"]);
});

test("D2: the name is an object of its own, freed with the device and with a new name", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  assert.is(m.call(0, "dev_set_name", dev, PCI, 65536), 0);
  const text = Buffer.from(m.memory.buffer, m.field(dev, "DEVICE_NAME"), 9);
  assert.is(Buffer.from(text).toString("latin1"), "pci65536\0");
  assert.is(m.call(0, "dev_set_name", dev, PCI, 0), 0);
  assert.is(m.census()["NAME"], 1);
  m.call(0, "put_device", dev);
  assert.equal(m.census(), {});
});

test("D2: a name that cannot be had leaves the device without one", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  m.call(0, "dev_set_name", dev, PCI, 1);
  m.fail(0, "DEV_SET_NAME");
  assert.is(m.call(0, "dev_set_name", dev, PCI, 2), -ENOMEM);
  assert.is(m.field(dev, "DEVICE_NAME"), 0);
  assert.is(m.census()["NAME"], undefined);
});

test("D3: a device pins its parent while it is registered, not for as long as it is held", () => {
  const m = new LocalMachine(1);
  const parent = device(m);
  const child = device(m, parent);
  m.call(0, "dev_set_name", child, PCI, 1);
  assert.is(refs(m, parent), 1);
  assert.is(m.call(0, "device_add", child), 0);
  assert.is(refs(m, parent), 2);
  m.call(0, "device_del", child);
  assert.is(refs(m, parent), 1);
  m.call(0, "put_device", parent);
  assert.is(m.census()["PDEV"], 1);
});

test("D4: device_add() without a name is -EINVAL, and the counts are as before", () => {
  const m = new LocalMachine(1);
  const parent = device(m);
  const child = device(m, parent);
  assert.is(m.call(0, "device_add", child), -EINVAL);
  assert.equal([refs(m, child), refs(m, parent)], [1, 1]);
  assert.is(m.call(0, "device_is_registered", child), 0);
});

test("D4: device_add() that fails late lets go of the parent and keeps the name", () => {
  const m = new LocalMachine(1);
  const parent = device(m);
  const child = device(m, parent);
  m.call(0, "dev_set_name", child, PCI, 1);
  m.fail(0, "DEVICE_ADD");
  assert.is(m.call(0, "device_add", child), -ENOMEM);
  assert.equal([refs(m, child), refs(m, parent)], [1, 1]);
  assert.is(m.call(0, "device_is_registered", child), 0);
  assert.is(m.census()["NAME"], 1);
});

test("D5: a put after the release is warned of, not obeyed", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  m.call(0, "put_device", dev);
  m.call(0, "put_device", dev);
  assert.equal(m.warnings(), ["WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE"]);
  assert.equal(m.census(), {});
});

test("device_del() marks dead, and what is registered says so until it is over", () => {
  const m = new LocalMachine(1);
  const dev = device(m);
  m.call(0, "dev_set_name", dev, PCI, 1);
  m.call(0, "device_add", dev);
  assert.is(m.call(0, "device_is_registered", dev), 1);
  m.call(0, "device_del", dev);
  assert.is(m.call(0, "device_is_registered", dev), 0);
  assert.is(
    m.field(dev, "DEVICE_STATE"),
    m.constant("DEVICE_INITIALIZED") | m.constant("DEVICE_DEAD"),
  );
});

test.run();
