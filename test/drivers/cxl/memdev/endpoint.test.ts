// SPDX-License-Identifier: GPL-2.0-only
/** The endpoint at a memdev, and the two orders in which the memdev has been unregistered. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readKernel } from "../../../../host/machine/image.ts";
import { OP, readWasm } from "../../../wasm-binary.ts";
import { LocalMachine } from "../../local-machine.ts";
import { DEL_FIRST, type DriverName, driverId, LATER, SHUTDOWN_FIRST } from "./drivers.ts";

const VIOLATION = "VIOLATION_NULL_CONTEXT_IN_TEARDOWN";

/** A device with a file open: the memdev, its own struct device, and the function. */
function opened(driver: DriverName) {
  const m = new LocalMachine(2);
  const pdev = m.call(0, "sys_probe", driverId(m.kernel, driver));
  const file = m.call(1, "filp_open", 0);
  const memdev = m.field(file, "FILE_PRIVATE_DATA");
  return { m, pdev, file, memdev, dev: memdev + m.constant("OFFSETOF_CXL_MEMDEV_DEV") };
}

for (const driver of LATER) {
  test(`E1: the teardown hangs at the memdev's own device, once (${driver.name})`, () => {
    const { m, pdev, file, dev } = opened(driver);
    assert.is(m.call(0, "devres_count", dev), 1);
    m.call(0, "sys_remove", pdev);
    assert.is(m.call(0, "devres_count", dev), 0, "it ran in device_del(): the file has the memdev");
    m.call(1, "fput", file);
    assert.equal(m.census(), { INODE: 1 });
  });

  test(`E3: without memory for an endpoint the device works all the same (${driver.name})`, () => {
    const { m, pdev, dev } = opened(driver);
    // As if it had not been added: its turn comes early, the context is there, and that is that.
    m.call(0, "devres_release_all", dev);
    assert.is(m.call(0, "sys_remove", pdev), 0);
    assert.equal(m.warnings(), []);
  });
}

test("E2, T1: with shutdown first the teardown finds no context, and says so once", () => {
  const { m, pdev, memdev } = opened(SHUTDOWN_FIRST);
  m.call(0, "sys_remove", pdev);
  assert.equal(
    m.log().map(({ level, code, a }) => [level, code, a]),
    [["LEVEL_VIOLATION", VIOLATION, memdev]],
  );
  assert.is(m.events()["EV_VIOLATION"], 1n);
});

test("E2, T2: with device_del() first it finds the context", () => {
  const { m, pdev } = opened(DEL_FIRST);
  m.call(0, "sys_remove", pdev);
  assert.equal(m.warnings(), []);
  assert.is(m.events()["EV_VIOLATION"], 0n);
});

test("E2: the read through the pointer is in the module, though nobody uses what it reads", () => {
  const { functions } = readWasm(readKernel());
  const action = functions.find(({ name }) => name.endsWith("endpoint/cxl_endpoint_teardown"));
  const loads = action?.code.filter(({ op }) => op === OP.atomicLoad32) ?? [];
  assert.is(loads.length, 1);
});

test.run();
