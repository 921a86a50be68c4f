// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeReport, type Report, type ReportedObject } from "../../host/instrument/report.ts";
import { describeSite, type Located } from "../../host/instrument/site-lines.ts";
import type { Site } from "../../host/instrument/sites.ts";
import type { SourceLine } from "../../host/instrument/source-lines.ts";

/** Sites of calls and accesses, and the lines that they are of. */
const sources = new Map<number, SourceLine>();
const lines: Located = { of: ({ id }) => sources.get(id) ?? null };

function site(id: number, fn: string, file: string, line: number, within = fn): Site {
  sources.set(id, { file, line, fn });
  const kind = id === 1 ? "load" : "call";
  const place = { fn: within, functionIndex: 0, offset: 0 };
  return { id, kind, what: "", bytes: 4, marked: false, ...place };
}

const sites: readonly Site[] = [
  site(1, "cxl_memdev_ioctl", "drivers/cxl/memdev/rwsem.ts", 57),
  site(2, "cxl_memdev_alloc", "drivers/cxl/memdev/rwsem.ts", 33),
  site(3, "release", "drivers/cxl/memdev/rwsem.ts", 90, "device_release"),
  site(4, "put_device", "drivers/base/core.ts", 12),
];
const TABLE = { sites, lines };

const OBJECT: ReportedObject = {
  type: "cxl_memdev",
  address: 0x40000,
  size: 200,
  generation: 3,
  allocated: { cpu: 0, stack: [2] },
  freed: { cpu: 0, stack: [3, 4] },
};

const REPORT: Report = {
  property: "use after free",
  cpu: 1,
  count: 1,
  site: 1,
  action: "read",
  address: 0x40048,
  bytes: 4,
  object: OBJECT,
  slot: null,
  stack: [],
  timeNs: 0n,
};

const head = (change: Partial<Report>) => describeReport({ ...REPORT, ...change }, TABLE)[0];
const live = (change: Partial<ReportedObject>) => ({ ...OBJECT, freed: null, ...change });

test("a use after free names the access, the allocation and the free", () => {
  assert.equal(describeReport(REPORT, TABLE), [
    "use after free: read of 4 bytes at cxl_memdev+0x48 by CPU 1",
    "  access: cxl_memdev_ioctl drivers/cxl/memdev/rwsem.ts:57",
    "  allocated by CPU 0: cxl_memdev_alloc drivers/cxl/memdev/rwsem.ts:33",
    "  freed by CPU 0: release drivers/cxl/memdev/rwsem.ts:90 (inlined into device_release)",
    "    called by put_device drivers/base/core.ts:12",
  ]);
});

test("an object that lives was not freed", () => {
  const lines = describeReport({ ...REPORT, object: live({}) }, TABLE);
  assert.not(lines.some((line) => line.includes("freed by")));
});

test("the first line says where the address is", () => {
  const bug = { property: "out of bounds", object: live({}) };
  const says = (address: number, change: Partial<Report> = {}) =>
    head({ ...bug, address, ...change })?.replace("out of bounds: ", "");
  assert.is(says(0x40000), "read of 4 bytes at cxl_memdev by CPU 1");
  assert.is(says(0x40000 + 200), "read of 4 bytes, just behind cxl_memdev (200 bytes), by CPU 1");
  assert.is(says(0x40000 + 201), "read of 4 bytes, 1 byte behind cxl_memdev (200 bytes), by CPU 1");
  assert.is(says(0x40000 - 8), "read of 4 bytes, 8 bytes before cxl_memdev (200 bytes), by CPU 1");
  assert.is(says(4, { object: null, bytes: 1 }), "read of 1 byte at 0x4 by CPU 1");
  const slot = { cpu: 2, offset: 0x2040 };
  assert.is(
    says(4, { object: null, slot }),
    "read of 4 bytes at CPU 2's per-CPU slot 0x2040 by CPU 1",
  );
});

test("what recurs is counted", () => {
  assert.match(head({ count: 12 }) ?? "", / by CPU 1, 12 times$/);
});

test("a double free has no access, but the call that freed", () => {
  const twice = { property: "double free", site: 0, action: "free", bytes: 0, stack: [3] } as const;
  const lines = describeReport({ ...REPORT, ...twice, address: OBJECT.address }, TABLE);
  assert.is(lines[0], "double free: free of cxl_memdev by CPU 1");
  assert.match(lines[1] ?? "", /^ {2}free: release /);
});

test("what the host itself called says so", () => {
  const lines = describeReport(
    { ...REPORT, object: live({ allocated: { cpu: 0, stack: [] } }) },
    TABLE,
  );
  assert.is(lines.at(-1), "  allocated by CPU 0: the host");
});

test("a site without a line is its function", () => {
  assert.is(describeSite(sites[0] as Site, { of: () => null }), "cxl_memdev_ioctl");
});

test("a method of a class made for a gate is no inlined function", () => {
  const method = site(5, "run", "workload/storm.ts", 5, "client_op#run<rwsem_gate>");
  assert.is(describeSite(method, lines), "run workload/storm.ts:5");
});

test.run();
