// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../local-machine.ts";

const ENODEV = 19;

test("H1: a function is one object over binds, unbinds and rebinds with another driver", () => {
  const m = new LocalMachine(1);
  const revisions = [
    "PERCPU_REF",
    "SRCU",
    "RWSEM",
    "PUT_DEVICE",
    "SHUTDOWN_FIRST",
    "DEL_FIRST",
  ].map((r) => m.constant(`REV_${r}`) << 8);
  const dev = m.call(0, "sys_probe", revisions[0] as number);
  for (const driver of revisions.slice(1)) {
    assert.is(m.call(0, "sys_unbind", dev), 0);
    assert.is(m.call(0, "sys_minor", dev), -ENODEV);
    assert.is(m.census()["PDEV"], 1);
    assert.is(m.call(0, "cxl_probe", driver, dev, 0n), dev);
    assert.is(m.call(0, "sys_minor", dev), 0);
  }
  assert.is(m.call(0, "sys_remove", dev), 0);
  assert.equal(m.census(), {});
});

test("H2: a new function that cannot be bound is gone again, one that was there stays", () => {
  const m = new LocalMachine(1);
  const driver = m.constant("REV_PUT_DEVICE") << 8;
  m.fail(0, "IDA");
  assert.is(m.call(0, "cxl_plug", driver, 0n), 0);
  assert.equal(m.census(), {});
  m.fail(0);
  const dev = m.call(0, "cxl_plug", driver, 0n);
  assert.is(m.call(0, "cxl_plugged_minor", dev), 0);
  m.call(0, "sys_unbind", dev);
  m.fail(0, "IDA");
  assert.is(m.call(0, "cxl_probe", driver, dev, 0n), -12);
  assert.is(m.census()["PDEV"], 1);
});

test("H3: an open file does not keep the function", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "cxl_plug", m.constant("REV_PUT_DEVICE") << 8, 0n);
  m.call(0, "sys_open", 0);
  m.call(0, "cxl_unplug", dev);
  assert.equal([m.census()["PDEV"], m.census()["CXL_MEMDEV"]], [undefined, 1]);
});

test("H3: a registered char device does keep it", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "cxl_plug", m.constant("REV_PUT_DEVICE") << 8, 0n);
  assert.is(m.field(dev, "DEVICE_KOBJ_REF"), 2);
});

test.run();
