// SPDX-License-Identifier: GPL-2.0-only
/** Each kind of bug is caught, on real threads, and named with the lines that it came from. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeReport, type Report } from "../../host/instrument/report.ts";
import { boot, type Machine } from "../../host/machine/machine.ts";
import {
  describe,
  image,
  marked,
  reportsOf,
  siteLines,
  sites,
  where,
} from "../instrument/fixture.ts";
import { withMachine } from "../machine/with-machine.ts";

const MAKER = 0;
const KILLER = 1;
const OPTIONS = { image, shadow: true, kasanQuarantineBytes: 1 << 20 };

let machine: Machine;
test.before(async () => {
  machine = await boot({ cpus: 2, deadlineMs: 20_000, ...OPTIONS });
});
test.after(() => machine.close());

/** What is new since the last call. */
const seen = new Set<string>();
function news(): Report[] {
  const fresh = reportsOf(machine).filter(({ property, site, stack }) => {
    const key = `${property} ${site} ${stack[0]}`;
    return !seen.has(key) && seen.add(key);
  });
  return fresh;
}

/** Runs one of test_kasan.ts's functions and returns the one report that it gives rise to. */
async function provoke(name: string, ...args: number[]): Promise<Report> {
  await machine.call(0, `test_${name}`, ...args);
  const reports = news();
  assert.is(reports.length, 1, `${name} gives rise to:\n${describe(reports)}`);
  return reports[0] as Report;
}

interface Expected {
  readonly args?: readonly number[];
  readonly action: Report["action"];
  readonly bytes: number;
  /** Into the object. */
  readonly at: number;
}

const AFTER_FREE: Readonly<Record<string, Expected>> = {
  uaf_read: { action: "read", bytes: 4, at: 4 },
  uaf_write: { args: [5], action: "write", bytes: 8, at: 8 },
  uaf_byte: { action: "read", bytes: 1, at: 16 },
  uaf_read_once: { action: "read", bytes: 4, at: 4 },
  uaf_write_once: { args: [1], action: "write", bytes: 4, at: 4 },
  uaf_add: { action: "read-modify-write", bytes: 4, at: 12 },
  uaf_xchg: { args: [7], action: "read-modify-write", bytes: 4, at: 12 },
  uaf_cmpxchg: { args: [0], action: "read-modify-write", bytes: 4, at: 16 },
  uaf_copy_from: { action: "read", bytes: 56, at: 0 },
  uaf_copy_to: { args: [17], action: "write", bytes: 17, at: 0 },
  uaf_fill: { args: [3], action: "write", bytes: 3, at: 0 },
};

for (const [name, { args = [], ...expected }] of Object.entries(AFTER_FREE)) {
  test(`K7: ${name.slice(4)} after free: the access, the allocation and the free are named`, async () => {
    const report = await provoke(name, ...args);
    const { object } = report;
    assert.is(report.property, "use after free");
    assert.is(where(report.site), marked(`${name}: access`));
    assert.is(report.action, expected.action);
    assert.is(report.bytes, expected.bytes);
    assert.is(object?.type, "cxl_memdev");
    assert.is(object?.size, 56);
    assert.is(report.address - (object?.address ?? 0), expected.at);
    assert.equal(object?.allocated.stack.map(where), [
      marked("make: alloc"),
      marked("freed: make"),
    ]);
    assert.equal(object?.freed?.stack.map(where), [marked("drop: free"), marked("freed: drop")]);
  });
}

test("a wait on a freed word is a read of it, called from where it was called", async () => {
  const report = await provoke("uaf_wait");
  assert.is(report.property, "use after free");
  assert.is(report.action, "read");
  assert.equal(report.stack.map(where), [marked("uaf_wait: call")]);
});

test("an object that one CPU makes, another frees and a third touches", async () => {
  await withMachine({ cpus: 3, ...OPTIONS }, async (three) => {
    const p = await three.call(MAKER, "test_make");
    assert.equal(reportsOf(three), []);
    await three.call(KILLER, "test_drop", p, 1);
    await three.call(2, "test_touch", p);
    const [report] = reportsOf(three);
    assert.is(report?.cpu, 2);
    assert.is(report?.object?.allocated.cpu, MAKER);
    assert.is(report?.object?.freed?.cpu, KILLER);
    assert.is(report?.object?.address, p);
  });
});

test("the same bug on several CPUs is one report, which counts", async () => {
  await withMachine({ cpus: 2, ...OPTIONS }, async (two) => {
    for (const cpu of [0, 1, 1]) await two.call(cpu, "test_uaf_read");
    const reports = reportsOf(two);
    assert.equal(
      reports.map(({ count, cpu }) => [count, cpu]),
      [[3, 0]],
    );
    assert.is(two.events()["EV_VIOLATION"], 3n);
  });
});

test("a range that runs out of its object is out of bounds at the first byte behind it", async () => {
  const report = await provoke("copy_past_end", 310);
  assert.is(report.property, "out of bounds");
  assert.is(where(report.site), marked("copy_past_end: access"));
  assert.is(report.action, "write");
  assert.is(report.address - (report.object?.address ?? 0), 300);
  assert.is(report.object?.freed, null, "the object lives");
});

test("a byte behind an object is out of bounds, in its last granule too", async () => {
  await machine.call(0, "test_oob_behind", 12);
  assert.equal(news(), []);
  const report = await provoke("oob_behind", 13);
  assert.is(report.property, "out of bounds");
  assert.is(where(report.site), marked("oob_behind: access"));
  assert.equal(report.object?.allocated.stack.map(where), [marked("oob_behind: alloc")]);
  assert.is(report.address - (report.object?.address ?? 0), 13);
});

test("a word before an object is out of bounds", async () => {
  const report = await provoke("oob_before", 4);
  assert.is(report.property, "out of bounds");
  assert.is(where(report.site), marked("oob_before: access"));
  assert.is(report.address - (report.object?.address ?? 0), -4);
});

test("a word behind an object that fills its block is out of bounds of that object", async () => {
  const report = await provoke("oob_full_block");
  assert.is(report.property, "out of bounds");
  assert.is(where(report.site), marked("oob_full_block: access"));
  assert.is(report.address - (report.object?.address ?? 0), 64);
});

test("memory that was never allocated has no object to blame", async () => {
  const report = await provoke("never_allocated", machine.map.arenaEnd - 4096);
  assert.is(report.property, "never allocated");
  assert.is(report.object, null);
});

test("a null pointer's field", async () => {
  const report = await provoke("null_pointer", 0);
  assert.is(report.property, "null pointer");
  assert.is(report.address, 4);
  assert.is(where(report.site), marked("null_pointer: access"));
});

test("a store into the shadow itself", async () => {
  const report = await provoke("wild_write", machine.map.shadowStart + 64);
  assert.is(report.property, "wild access");
  assert.is(where(report.site), marked("wild_write: access"));
});

test("a double free names both frees", async () => {
  const report = await provoke("double_free");
  assert.is(report.property, "double free");
  assert.is(report.action, "free");
  assert.equal(report.stack.map(where), [marked("double_free: free")]);
  assert.is(where(report.object?.freed?.stack[0]), marked("drop: free"));
});

test("a free of the middle of an object", async () => {
  const report = await provoke("invalid_free");
  assert.is(report.property, "invalid free");
  assert.equal(report.stack.map(where), [marked("invalid_free: free")]);
  assert.is(report.address - (report.object?.address ?? 0), 64);
});

test("a per-CPU slot after free_percpu()", async () => {
  const report = await provoke("percpu_slot");
  assert.is(report.property, "use after free");
  assert.is(where(report.site), marked("percpu_slot: access"));
  assert.is(report.slot?.cpu, 0);
});

test("of a deep stack the innermost calls are kept", async () => {
  const report = await provoke("deep", 40);
  assert.is(where(report.site), marked("deep: access"));
  const call = marked("deep: call");
  assert.equal(report.stack.map(where), [call, call, call, call, call]);
});

test("a report says it in lines", async () => {
  await withMachine({ cpus: 2, ...OPTIONS }, async (two) => {
    await two.call(1, "test_uaf_write", 3);
    const [report] = reportsOf(two);
    const file = (mark: string) => `lib/${marked(mark)}`;
    assert.equal(describeReport(report as Report, { sites, lines: siteLines }), [
      "use after free: write of 8 bytes at cxl_memdev+0x8 by CPU 1",
      `  access: test_uaf_write ${file("uaf_write: access")}`,
      `  allocated by CPU 1: make_slowpath ${file("make: alloc")}`,
      `    called by freed ${file("freed: make")} (inlined into test_uaf_write)`,
      `  freed by CPU 1: drop_slowpath ${file("drop: free")}`,
      `    called by freed ${file("freed: drop")} (inlined into test_uaf_write)`,
    ]);
  });
});

test.run();
