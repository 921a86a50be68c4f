// SPDX-License-Identifier: GPL-2.0-only
/** What each revision leaves behind when a step of its add fails and nobody has opened meanwhile. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Census, LocalMachine } from "../../local-machine.ts";
import {
  COMPLETE,
  complaintsOf,
  type DriverName,
  driverId,
  faultsOf,
  idsInUse,
  LATER,
  OLD,
} from "./drivers.ts";

const ENOMEM = 12;
const EINVAL = 22;
const ENOSPC = 28;

interface Outcome {
  readonly rc: number;
  readonly left: Census;
}

/** As the code stood: see the headers of the revisions. */
function expected(driver: DriverName, fault: string): Outcome {
  if (!OLD.includes(driver)) return { rc: -ENOMEM, left: {} };
  // F6, S2: nobody looks whether the name is there, but device_add() does.
  if (fault === "DEV_SET_NAME") return { rc: -EINVAL, left: {} };
  // F2, S1: kfree() of an initialised device.
  const leaks = fault === "CDEV_ADD" || fault === "DEVICE_ADD";
  return { rc: -ENOMEM, left: leaks ? { NAME: 1 } : {} };
}

/** Takes all memory, of each size class something: freeing one block helps that class alone. */
function hoardMemory(m: LocalMachine): number[][] {
  const take = (size: number) => m.call(0, "kmalloc", size, m.constant("SLAB_MISC"));
  const sizes = [128, 256, 512, 1024, 2048, 4096, 8192].map((block) => block - 64);
  const hoards = sizes.map((size) => [take(size)]);
  for (const [i, size] of sizes.entries()) {
    for (let p = take(size); p !== 0; p = take(size)) hoards[i]?.push(p);
  }
  return hoards;
}

for (const driver of [...OLD, ...COMPLETE, ...LATER]) {
  for (const fault of faultsOf(driver)) {
    const { rc, left } = expected(driver, fault);
    const what = left["NAME"] ? "leaks the name" : "leaves nothing";
    test(`${driver.name}: ${fault.toLowerCase()} failing returns ${rc} and ${what}`, () => {
      const m = new LocalMachine(1);
      m.fail(0, fault);
      assert.is(m.call(0, "sys_probe", driverId(m.kernel, driver)), rc);
      assert.equal(m.census(), left);
      assert.is(idsInUse(m), 0);
      assert.equal(m.warnings(), fault === "DEVM" ? complaintsOf(driver) : []);
      assert.is(m.events()["EV_ADD_FAIL"], 1n);
      m.fail(0);
      const dev = m.call(0, "sys_probe", driverId(m.kernel, driver));
      assert.ok(dev > 0, "the next add works");
      assert.is(m.call(0, "sys_remove", dev), 0);
      assert.equal(m.census(), left);
    });
  }

  test(`${driver.name}: real lack of memory, at whatever step, leaves nothing but leaked names`, () => {
    const m = new LocalMachine(1, 1 << 20);
    const id = driverId(m.kernel, driver);
    const hoards = hoardMemory(m);
    let dev = m.call(0, "sys_probe", id);
    for (let tries = 0; dev < 0; tries++) {
      assert.is(dev, -ENOMEM);
      assert.ok(tries < 200, "it works long before all memory is back");
      // Of the smallest twice as many: an old revision leaks one of them, the name, at each try.
      for (const hoard of [hoards[0], hoards[tries % hoards.length]]) {
        m.call(0, "kfree", hoard?.pop() ?? 0);
      }
      dev = m.call(0, "sys_probe", id);
    }
    m.call(0, "sys_remove", dev);
    for (const p of hoards.flat()) m.call(0, "kfree", p);
    const { NAME, ...rest } = m.census();
    assert.equal(rest, {});
    assert.ok(NAME === undefined || OLD.includes(driver));
    assert.equal(m.warnings(), complaintsOf(driver));
  });

  test(`S3: ids end one past the numbers that were reserved (${driver.name})`, () => {
    const m = new LocalMachine(1);
    const id = driverId(m.kernel, driver);
    const max = m.constant("CXL_MEM_MAX_DEVS");
    for (let i = 0; i < max; i++)
      m.call(0, "ida_alloc_range", m.constant("CXL_MEMDEV_IDA"), 0, max);
    const last = m.call(0, "sys_probe", id);
    assert.is(m.call(0, "sys_minor", last), max);
    assert.is(m.call(0, "sys_probe", id), -ENOSPC);
    m.call(0, "sys_remove", last);
    assert.equal(m.census(), {});
  });
}

test("F5: the percpu_ref revision waits out a grace period although nothing was ever live", () => {
  const grace = OLD.map((driver) => {
    const m = new LocalMachine(1);
    m.fail(0, "IDA");
    m.call(0, "sys_probe", driverId(m.kernel, driver));
    return (m.events()["EV_RCU_GP"] as bigint) > 0n;
  });
  assert.equal(grace, [true, false, false]);
});

test.run();
