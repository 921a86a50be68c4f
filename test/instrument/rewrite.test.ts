// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { walkFunction } from "../../host/instrument/function-walk.ts";
import { decodeInstruction } from "../../host/instrument/instructions.ts";
import { encodeS32, encodeU32, Reader } from "../../host/instrument/leb.ts";
import { F64, FunctionEdit, I32, I64, rewriteModule } from "../../host/instrument/rewrite.ts";
import {
  exportedConstant,
  exportedFunction,
  globalNamed,
  parseModule,
} from "../../host/instrument/wasm-binary.ts";
import { readKernel } from "../../host/machine/image.ts";

const NOP = 0x01;
const END = 0x0b;
const MEMORY = [0x05, 0x03, 0x01, 0x00, 0x01]; // one page

/** A module with a memory and one function of no parameters and one i32 result, exported as "f". */
function moduleOf(...code: number[]): Uint8Array<ArrayBuffer> {
  const body = [0x01, 0x02, 0x7f, ...code, END]; // two i32 locals
  const section = (id: number, content: number[]) => [id, ...encodeU32(content.length), ...content];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x01, 0x60, 0x00, 0x01, 0x7f]),
    ...section(3, [0x01, 0x00]),
    ...MEMORY,
    ...section(7, [0x01, 0x01, 0x66, 0x00, 0x00]),
    ...section(10, [0x01, ...encodeU32(body.length), ...body]),
  ]);
}

function resultOf(wasm: Uint8Array<ArrayBuffer>): unknown {
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
  return (f as () => number)();
}

/** For each instruction, the instructions at which its operands begin. */
function operandsOf(...code: number[]): number[][] {
  const wasm = moduleOf(...code);
  assert.ok(WebAssembly.validate(wasm), "the test's own code is valid");
  const module = parseModule(wasm);
  const [body] = module.bodies;
  assert.ok(body);
  return walkFunction(module, body).map(({ operands }) => [...operands]);
}

test("integers are written as they are read", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (n) => {
      assert.is(new Reader(Uint8Array.from(encodeS32(n))).s32(), n);
      assert.is(new Reader(Uint8Array.from(encodeU32(n >>> 0))).u32(), n >>> 0);
    }),
  );
  for (const n of [0, -1, 63, 64, -64, -65, 127, 128, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.is(new Reader(Uint8Array.from(encodeS32(n))).s32(), n);
  }
});

test("a module without edits comes out as it went in", () => {
  const wasm = readKernel();
  const { wasm: same, origin } = rewriteModule(parseModule(wasm), { functions: new Map() });
  assert.equal(Buffer.compare(same, wasm), 0);
  assert.is(origin(wasm.length >>> 1), wasm.length >>> 1);
});

test("inserted code runs, with locals of its own", () => {
  const wasm = moduleOf(0x41, 5, 0x21, 0, 0x20, 0); // local 0 = 5; local 0
  const module = parseModule(wasm);
  const [body] = module.bodies;
  assert.ok(body);
  const edit = new FunctionEdit(body);
  const wide = edit.local("x", I64);
  const narrow = edit.local("x", I32);
  assert.is(edit.local("x", I64), wide, "one local for each role and type");
  assert.equal([wide, narrow, edit.local("y", F64)], [2, 3, 4]);
  const last = walkFunction(module, body).at(-1)?.instruction.at ?? 0;
  edit.insert(last, [0x21, narrow]); // take the result
  edit.insert(last, [0x20, narrow, 0x41, 37, 0x6a]); // and add 37 to it
  const { wasm: out, origin } = rewriteModule(module, { functions: new Map([[0, edit]]) });
  assert.is(resultOf(out), 42);
  const [rewritten] = parseModule(out).bodies;
  assert.ok(rewritten);
  assert.is(origin(rewritten.code), body.code);
  assert.is(origin(rewritten.end - 1), last);
  assert.is(origin(rewritten.end - 3), last, "inserted code is what it was put before");
});

test("a body that outgrows its length's encoding is still found", () => {
  const wasm = moduleOf(0x41, 7);
  const module = parseModule(wasm);
  const [body] = module.bodies;
  assert.ok(body);
  const edit = new FunctionEdit(body);
  edit.insert(body.code, new Array<number>(20_000).fill(NOP));
  const { wasm: out } = rewriteModule(module, { functions: new Map([[0, edit]]) });
  assert.is(resultOf(out), 7);
});

test("custom sections are dropped by name, and no others", () => {
  const custom = [0, 5, 3, 0x61, 0x62, 0x63, 9]; // "abc"
  const wasm = Uint8Array.from([...moduleOf(0x41, 7), ...custom]);
  const module = parseModule(wasm);
  const functions = new Map();
  assert.is(rewriteModule(module, { functions, drop: ["abc"] }).wasm.length, wasm.length - 7);
  assert.is(rewriteModule(module, { functions, drop: ["ab"] }).wasm.length, wasm.length);
});

test("operands begin where their code begins", () => {
  // store(1, load(2)); 3
  assert.equal(operandsOf(0x41, 1, 0x41, 2, 0x28, 2, 0, 0x36, 2, 0, 0x41, 3).slice(0, 4), [
    [],
    [],
    [1],
    [0, 1],
  ]);
});

test("the result of a block begins at the block, that of an if at its condition", () => {
  // store(1, block 2 end); store(3, if (4) 5 else 6 end); 7
  const code = [0x41, 1, 0x02, 0x7f, 0x41, 2, END, 0x36, 2, 0];
  code.push(0x41, 3, 0x41, 4, 0x04, 0x7f, 0x41, 5, 0x05, 0x41, 6, END, 0x36, 2, 0, 0x41, 7);
  const operands = operandsOf(...code);
  assert.equal(operands[4], [0, 1]);
  assert.equal(operands[12], [5, 6]);
});

test("code between two operands does not hide the first", () => {
  // load(1), then a store of its own, then the add
  const operands = operandsOf(0x41, 1, 0x28, 2, 0, 0x41, 2, 0x41, 3, 0x36, 2, 0, 0x41, 4, 0x6a);
  assert.equal(operands[6], [0, 5]);
});

test("unreachable code is walked without its operands", () => {
  // 1; return; i32.add;
  const operands = operandsOf(0x41, 1, 0x0f, 0x6a);
  assert.is(operands.length, 4);
});

test("a call takes its parameters and leaves its results", () => {
  // f() calls itself: f() + 1, never run
  const operands = operandsOf(0x10, 0, 0x41, 1, 0x6a);
  assert.equal(operands[2], [0, 1]);
});

test("what asc never emits is refused, and said where", () => {
  assert.throws(
    () => decodeInstruction(Uint8Array.of(0xfd, 0x0c), 0),
    /unknown instruction 0xfd at 0/,
  );
  assert.throws(
    () => decodeInstruction(Uint8Array.of(0xfe, 0x7f), 0),
    /unknown instruction 0xfe7f/,
  );
  assert.throws(() => parseModule(Uint8Array.of(0, 1, 2, 3)), /not a version 1 module/);
  const cut = moduleOf(0x41, 7).subarray(0, -4);
  assert.throws(() => parseModule(cut), /wasm: /);
});

test("functions, constants and globals of the kernel are found by name", () => {
  const module = parseModule(readKernel());
  assert.is(exportedConstant(module, "PERCPU_BASE"), 0x10000);
  assert.is(exportedConstant(module, "KASAN_SITE_READ"), 2 ** 31, "unsigned");
  assert.is(module.functionNames.get(exportedFunction(module, "kfree")), "assembly/mm/slab/kfree");
  assert.is(module.globalNames.get(globalNamed(module, "cpu_base"))?.split("/").at(-1), "cpu_base");
  assert.throws(() => exportedConstant(module, "kfree"), /no constant kfree is exported/);
  assert.throws(() => exportedFunction(module, "PERCPU_BASE"), /no function PERCPU_BASE is/);
  assert.throws(() => globalNamed(module, "no_such"), /there is no global no_such/);
});

test.run();
