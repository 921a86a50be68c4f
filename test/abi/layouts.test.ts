// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fieldAt, type Layout, parseLayouts, readFields } from "../../host/abi/layouts.ts";
import { MachineError } from "../../host/errors.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { kernelSources } from "../../host/machine/summaries.ts";

const layouts = parseLayouts(kernelSources());
const { abi } = kernelImage("default");

/** Constants that are named like a field or a size, and are another one: what they are instead. */
const OTHERWISE: Readonly<Record<string, string | null>> = {
  OFFSETOF_PERCPU_REF_COUNT_PTR: "percpu_ref.percpu_count_ptr",
  OFFSETOF_CXL_MEM_MBOX_MUTEX: "cxl_mem",
  // Parts of a memdev, and sizes with what lies behind the fields.
  ...{ OFFSETOF_CXL_MEMDEV_DEV: null, OFFSETOF_CXL_MEMDEV_CDEV: null },
  ...{ SIZEOF_CXL_MEMDEV: null, SIZEOF_TORTURE_REF: null, SIZEOF_RCU_NOTE: null },
  ...{ SIZEOF_SRCU_STRUCT: null, SIZEOF_SRCU_FAST_STRUCT: null, SIZEOF_SRCU_CTRS: null },
  ...{ SIZEOF_PERCPU_RW_SEMAPHORE: null, SIZEOF_RCU_SYNC: null, SIZEOF_GUARDED: null },
};

/** "rw_semaphore.owner" for OFFSETOF_RW_SEMAPHORE_OWNER: the longest class name that has the field. */
function meantBy(constant: string): string | null {
  if (constant in OTHERWISE) return OTHERWISE[constant] ?? null;
  const [, kind, rest = ""] = /^(SIZEOF|OFFSETOF)_(.*)$/.exec(constant) ?? [];
  const name = rest.toLowerCase();
  if (kind === "SIZEOF") return name;
  const classes = [...layouts.values()].filter(
    (layout) =>
      name.startsWith(`${layout.name}_`) &&
      layout.fields.some((field) => field.name === name.slice(layout.name.length + 1)),
  );
  const longest = classes.sort((a, b) => b.name.length - a.name.length)[0];
  return longest ? `${longest.name}.${name.slice(longest.name.length + 1)}` : `${name}: unknown`;
}

function computed(meant: string): number | undefined {
  const [name = "", field] = meant.split(".");
  const layout = layouts.get(name);
  if (field === undefined) return layout?.bytes;
  return layout?.fields.find((one) => one.name === field)?.offset;
}

test("every offset and size that the module exports is the one that was computed", () => {
  const constants = [...abi.constants].filter(([name]) => /^(OFFSETOF|SIZEOF)_/.test(name));
  assert.ok(constants.length > 150);
  for (const [name, value] of constants) {
    const meant = meantBy(name);
    if (meant !== null) assert.is(computed(meant), value, `${name}: ${meant}`);
  }
});

test("classes without fields are left out, those that inherit them are not", () => {
  assert.not.ok(layouts.has("busted_gate"));
  assert.equal(
    layouts.get("empty_loop")?.fields.map(({ name }) => name),
    ["word"],
  );
});

const source = (body: string) => `@unmanaged\n@final\nexport class one {\n${body}\n}\n`;
const parse = (body: string) =>
  parseLayouts([["assembly/one.ts", source(body)]]).get("one") as Layout;

test("a field is aligned to its own size, and the end is not padded", () => {
  const layout = parse(
    "  a: u8;\n  /** Of b: u64; */\n  b: u64;\n  c: bool;\n  d: u16;\n\n  f(): u32 {}",
  );
  assert.equal(
    layout.fields.map(({ name, offset, bytes }) => [name, offset, bytes]),
    [
      ["a", 0, 1],
      ["b", 8, 8],
      ["c", 16, 1],
      ["d", 18, 2],
    ],
  );
  assert.is(layout.bytes, 20);
  assert.is(fieldAt(layout, 15)?.name, "b");
  assert.is(fieldAt(layout, 17), null);
  assert.is(fieldAt(layout, 20), null);
});

test("a type without a size, and a second class of the same name, are refused", () => {
  assert.throws(
    () => parse("  a: string;"),
    (error: Error) => error instanceof MachineError,
  );
  const twice = ["assembly/a.ts", "assembly/b.ts"].map(
    (path) => [path, source("  a: u32;")] as const,
  );
  assert.throws(() => parseLayouts(twice), /assembly\/b\.ts: there is another class one/);
  assert.is(parseLayouts([["~lib/rt.ts", source("  a: string;")]]).size, 0);
});

test("fields are read with their size and sign", () => {
  const layout = parse("  a: i32;\n  b: u32;\n  c: u64;\n  d: i16;\n  e: u8;");
  const view = new DataView(new ArrayBuffer(32));
  view.setInt32(8, -2, true);
  view.setUint32(12, 0xfffffffe, true);
  view.setBigUint64(16, 5n, true);
  view.setInt16(24, -3, true);
  view.setUint8(26, 0xff);
  assert.equal(readFields(view, 8, layout), { a: -2, b: 0xfffffffe, c: 5, d: -3, e: 0xff });
});

test.run();
