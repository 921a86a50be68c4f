// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the driver as it stood does: not assumed, but found. What always shows is asserted; what takes a
 * race is made to happen, with an opener in the window in which a device is live but not added yet.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sanitizedKernel } from "../../host/instrument/image.ts";
import { describeReport, readReports } from "../../host/instrument/report.ts";
import { boot, type Machine } from "../../host/machine/machine.ts";
import { runStorm } from "../../host/stress/storm.ts";
import { ENOUGH, said, until } from "./requests.ts";

const FAULTS = { faultRate: 0.3, faultSites: ["device_add"] };
const HISTORY = ["percpu_ref", "rwsem"] as const;

for (const revision of HISTORY) {
  // Under the sanitizer, whose quarantine keeps what is used after its release from being anybody else's.
  test(`${revision}: an add that fails when the device is live leaks its name`, async () => {
    const request = { revision, gate: null, ...FAULTS, asFound: true, sanitize: true };
    const row = await runStorm(until({ add_fail: 5 }, request));
    assert.not.ok(row.held);
    assert.is(row.asFound, true);
    assert.equal([row.driver, row.gate], [revision, null]);
    const leak = row.violations.find(({ detail }) => detail.includes("name still allocated"));
    assert.is(leak?.property, "leak", said(row));
    assert.ok((leak?.count ?? 0) > 0);
  });

  test(`${revision}: without failures it holds`, async () => {
    const row = await runStorm(until(ENOUGH, { revision, gate: null, sanitize: true }));
    assert.ok(row.held, said(row));
  });
}

test("put_device: the same failures leak nothing", async () => {
  const row = await runStorm(until({ ...ENOUGH, add_fail: 50 }, { ...FAULTS, sanitize: true }));
  assert.ok(row.held, said(row));
});

/** The source of each site in a report's lines: "freed by CPU 0: err_add drivers/...". */
interface Sites {
  readonly summary: string;
  readonly access: string;
  readonly freed: string;
}

/** CPU 0 adds a device in vain; CPU 1 opens it while it is live, and uses it afterwards. */
async function useAfterFailedAdd(machine: Machine, driver: number): Promise<void> {
  const { kernel, memory } = machine;
  const words = new Int32Array(memory.buffer);
  const window = kernel.constant("CDEV_LIVE_WINDOW") >>> 2;
  const mask = 1 << kernel.constant("FAULT_DEVICE_ADD");
  await machine.call(0, "fault_setup", mask, kernel.constant("FAULT_RATE_ALWAYS"), 1);
  Atomics.store(words, window, 0x7fff_ffff);
  const probe = machine.call(0, "sys_probe", driver);
  let fd = -1;
  for (const deadline = performance.now() + 10_000; fd < 0; ) {
    assert.ok(performance.now() < deadline, "the device never goes live");
    fd = await machine.call(1, "sys_open", 0);
  }
  Atomics.store(words, window, 0);
  assert.ok((await probe) < 0);
  const arg = BigInt(machine.userMemory(1));
  await machine.call(1, "sys_ioctl", fd, kernel.constant("CXL_MEM_QUERY_COMMANDS"), arg);
}

async function sitesOf(revision: string): Promise<Sites[]> {
  const sanitized = sanitizedKernel("default");
  const { image, sites } = sanitized;
  const machine = await boot({ cpus: 2, image, shadow: true, deadlineMs: 20_000 });
  try {
    await useAfterFailedAdd(machine, machine.kernel.constant(`REV_${revision}`) << 8);
    return readReports(machine.memory, machine.kernel, sites).map((report) => {
      const lines = describeReport(report, sanitized).map((line) => line.trim());
      const site = (start: string) => lines.find((line) => line.startsWith(start)) ?? "";
      return { summary: lines[0] ?? "", access: site("access: "), freed: site("freed by CPU 0: ") };
    });
  } finally {
    await machine.close();
  }
}

test("percpu_ref: who opened a device that failed to be added has its ioctl in freed memory", async () => {
  const [first] = await sitesOf("PERCPU_REF");
  assert.match(first?.summary ?? "nothing", /^use after free: read of 4 bytes at cxl_memdev/);
  assert.match(first?.freed ?? "", /err_id drivers\/cxl\/memdev\/percpu_ref\.ts:\d+/);
});

test("rwsem: the patch alone does not change that", async () => {
  const [first] = await sitesOf("RWSEM");
  assert.match(first?.summary ?? "nothing", /^use after free: read of 4 bytes at cxl_memdev/);
  assert.match(first?.access ?? "", /ioctl drivers\/cxl\/memdev\/rwsem\.ts:\d+/);
  assert.match(first?.freed ?? "", /err_add drivers\/cxl\/memdev\/rwsem\.ts:\d+/);
});

test("put_device: the series does", async () => {
  assert.equal(await sitesOf("PUT_DEVICE"), []);
});

test.run();
