// SPDX-License-Identifier: GPL-2.0-only
/**
 * That the suspendable kernel asks the host before each access that kernel.wasm makes: the accesses are
 * counted in the bytes of both modules by the tests' own reader.
 */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { coroutineModule } from "../../host/instrument/coroutine-image.ts";
import { readKernel } from "../../host/machine/image.ts";
import { type Instruction, KIND, OP, readWasm, type WasmFunction } from "../wasm-binary.ts";

const CONSTANT = 0x41;
const COPY = 0xfc0a;
const FILL = 0xfc0b;
const FENCE = 0xfe03;

const wasm = readKernel();
const kernel = readWasm(wasm);
const roots = kernel.exports.filter(({ kind }) => kind === KIND.function);
const rootNames = roots.map(({ name }) => name);
const made = coroutineModule(wasm, rootNames, 16);
const image = readWasm(made.wasm);

/** What the host does itself, and the hook that it is asked by. */
const STAND_INS: Readonly<Record<string, string>> = {
  "assembly/mm/slab/kmalloc": "kmalloc",
  "assembly/mm/slab/kfree": "kfree",
  "assembly/arch/wasm/bug/printk": "printk",
  "assembly/arch/wasm/bug/panic": "panic",
};
const functionImports = kernel.imports.filter(({ kind }) => kind === KIND.function);
const defined = new Map(kernel.functions.map((fn) => [fn.index, fn]));
const hooks = image.imports.filter(({ kind }) => kind === KIND.function).map(({ name }) => name);

function hookFor(callee: number): string | null {
  const imported = functionImports[callee];
  if (imported !== undefined) return imported.name === "clock_time_get" ? "clock" : "unreachable";
  return STAND_INS[defined.get(callee)?.name ?? ""] ?? null;
}

/** Functions that the exports reach, without what the host stands in for. */
function reached(): WasmFunction[] {
  const found = new Set<number>();
  const todo = roots.map(({ index }) => index);
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    const fn = defined.get(index);
    if (fn === undefined || found.has(index)) continue;
    found.add(index);
    for (const { op, immediate } of fn.code) {
      if (op === OP.call && hookFor(immediate) === null) todo.push(immediate);
    }
  }
  return kernel.functions.filter(({ index }) => found.has(index));
}

/** The hook that an instruction of kernel.wasm must ask; null: it is none of the host's business. */
function hookOf({ op, immediate }: Instruction): string | null {
  if (op === OP.call) {
    const hook = hookFor(immediate);
    return hook === "clock" ? "clockAccess" : hook;
  }
  if (op === COPY || op === FILL) return "range";
  if (op === OP.atomicWait32 || op === OP.atomicWait64) return "wait";
  const scalar = op >= 0x28 && op <= 0x3e;
  return scalar || (op >= 0xfe00 && op !== FENCE) ? "access" : null;
}

/** Of each hook called in a function of the image: its name, the place in kernel.wasm, its index. */
function hooksCalled({ code }: WasmFunction) {
  return code.flatMap(({ op, immediate }, i) => {
    const hook = op === OP.call ? hooks[immediate] : undefined;
    const site = code[i - 1];
    if (hook === undefined || hook === "clock" || hook === "waited" || hook === "notify") return [];
    if (hook === "kzalloc") return [];
    assert.is(site?.op, CONSTANT, `${hook} is told of no site`);
    return [{ hook, offset: made.sites[(site?.immediate ?? 0) - 1]?.offset, at: i }];
  });
}

function expectedHooks({ code }: WasmFunction) {
  return code.flatMap((instruction) => {
    const hook = hookOf(instruction);
    if (hook === null || hook === "unreachable") return [];
    const { at: offset, op } = instruction;
    const first = hook === "kfree" ? [{ hook: "freeing", offset, op }] : []; // a barrier, before which one may stop
    return [...first, { hook, offset, op }];
  });
}

/** The pairs of a function of the kernel and what became of it; resume() is the image's first. */
const pairs = reached().map((fn, i) => [fn, image.functions[i + 1]] as const);

/** The first access behind the hook's `if … end`, which takes the thread off. */
function accessBehind(code: readonly Instruction[], hook: number): number | undefined {
  let at = hook + 1;
  assert.is(code[at]?.op, OP.if);
  while (code[at]?.op !== OP.end) at++;
  const isHook = ({ op, immediate }: Instruction) =>
    op === OP.call && ["waited", "notify"].includes(hooks[immediate] ?? "");
  return code.slice(at).find((one) => isHook(one) || hookOf({ ...one, immediate: -1 }) !== null)
    ?.op;
}

test("every access of every function asks first, in order, and names its place", () => {
  assert.is(image.functions.length, pairs.length + 1);
  let accesses = 0;
  for (const [fn, woven] of pairs) {
    assert.ok(woven, fn.name);
    const asked = hooksCalled(woven).map(({ hook, offset }) => `${hook} ${offset}`);
    const wanted = expectedHooks(fn).map(({ hook, offset }) => `${hook} ${offset}`);
    assert.equal(asked, wanted, fn.name);
    accesses += wanted.length;
  }
  assert.ok(accesses > 4000, `${accesses} are too few for the whole kernel`);
});

test("behind each hook stands the access that it is about", () => {
  for (const [fn, woven] of pairs) {
    if (woven === undefined) continue;
    const originals = new Map(expectedHooks(fn).map(({ offset, op }) => [offset, op]));
    for (const { hook, offset, at } of hooksCalled(woven)) {
      if (!["access", "range", "wait"].includes(hook)) continue;
      const op = originals.get(offset ?? 0) ?? 0;
      const standsIn = op >= 0xfe00 && op <= OP.atomicWait64;
      assert.is(accessBehind(woven.code, at), standsIn ? OP.call : op, `${fn.name} at ${offset}`);
    }
  }
});

test("what is not in the image is what the host stands in for, or nobody calls", () => {
  const there = new Set(pairs.map(([fn]) => fn.index));
  const accesses = (fn: WasmFunction) => expectedHooks(fn).length;
  const left = kernel.functions.filter((fn) => !there.has(fn.index) && accesses(fn) > 0);
  const called = new Set(
    pairs.flatMap(([fn]) => fn.code.filter(({ op }) => op === OP.call).map((c) => c.immediate)),
  );
  for (const fn of left) {
    const isStandIn = STAND_INS[fn.name] !== undefined;
    assert.ok(isStandIn || !called.has(fn.index), `${fn.name} is left out, and called`);
  }
});

test("waits and notifies are the host's: none is left", () => {
  const count = (functions: readonly WasmFunction[], ops: readonly number[]) =>
    functions.flatMap(({ code }) => code).filter(({ op }) => ops.includes(op)).length;
  const ops = [OP.atomicWait32, OP.atomicWait64, OP.atomicNotify];
  assert.is(count(image.functions, ops), 0);
  const calls = (hook: string) =>
    image.functions
      .flatMap(({ code }) => code)
      .filter(({ op, immediate }) => op === OP.call && hooks[immediate] === hook).length;
  const functions = pairs.map(([fn]) => fn);
  assert.is(calls("waited"), count(functions, [OP.atomicWait32]));
  assert.is(calls("notify"), count(functions, [OP.atomicNotify]));
  assert.ok(calls("notify") > 0);
});

test("it is a valid module over a memory that is not shared", () => {
  assert.ok(WebAssembly.validate(made.wasm));
  const module = new WebAssembly.Module(made.wasm);
  const check = Object.fromEntries(hooks.map((hook) => [hook, () => 0]));
  const over = (memory: WebAssembly.Memory) => () =>
    new WebAssembly.Instance(module, { env: { memory }, check });
  assert.not.throws(over(new WebAssembly.Memory({ initial: 16 })));
  assert.throws(over(new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true })));
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.equal(exported.slice(2), rootNames);
  assert.equal(image.sections.includes(11), false, "no data");
});

test("wasm-validate agrees, where it is installed", () => {
  const file = join(tmpdir(), `hotunplug-${process.pid}.wasm`);
  writeFileSync(file, made.wasm);
  try {
    execFileSync("wasm-validate", ["--enable-threads", file], { stdio: "pipe" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    rmSync(file);
  }
});

test.run();
