// SPDX-License-Identifier: GPL-2.0-only
/** What kernel.wasm may hold (design.md, "The kernel fragment"), read from its bytes. */
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KERNEL_PATH, MAX_PAGES, MIN_PAGES, readKernel } from "../host/machine/image.ts";
import { wasiImports } from "../host/machine/wasi.ts";
import { OPCODE, readWasm, SECTION } from "./wasm-binary.ts";

const bytes = readKernel();
const kernel = readWasm(bytes);
const module = new WebAssembly.Module(bytes);

test("the module has no data: it would be copied again whenever a CPU is instantiated", () => {
  assert.not(kernel.sections.includes(SECTION.data));
});

test("the module has no start function: threads would miss what it does", () => {
  assert.not(kernel.sections.includes(SECTION.start));
});

test("the module has no function table to call through", () => {
  assert.not(kernel.sections.includes(SECTION.element));
  for (const { name, code } of kernel.functions) {
    assert.not(
      code.some(({ opcode }) => opcode === OPCODE.callIndirect),
      `${name} calls indirectly`,
    );
  }
});

test("the module imports its memory, and of WASI what the ABI lists", () => {
  const allowed = [
    "env.memory",
    "wasi.thread-spawn",
    "wasi_snapshot_preview1.clock_time_get",
    "wasi_snapshot_preview1.fd_write",
    "wasi_snapshot_preview1.proc_exit",
  ];
  const imports = WebAssembly.Module.imports(module);
  const found = imports.map(({ module: from, name }) => `${from}.${name}`).sort();
  assert.equal(found, allowed);
});

test("the module exports what wasi-threads asks for", () => {
  const kinds = new Map(
    WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind as string]),
  );
  assert.is(kinds.get("memory"), "memory");
  assert.is(kinds.get("_start"), "function");
  assert.is(kinds.get("wasi_thread_start"), "function");
});

test("the only mutable globals are those that make an instance a CPU", () => {
  const mutable = kernel.globals.filter((global) => global.mutable).map(({ name }) => name);
  assert.equal(mutable.sort(), [
    "assembly/arch/wasm/percpu/cpu_base",
    "assembly/arch/wasm/percpu/cpu_number",
    "assembly/arch/wasm/percpu/kasan_shadow",
    "assembly/arch/wasm/percpu/kasan_stack",
  ]);
});

test("no exported global is mutable", () => {
  const memory = new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MAX_PAGES, shared: true });
  const { exports } = new WebAssembly.Instance(module, wasiImports(memory));
  const globals = Object.values(exports).filter((value) => value instanceof WebAssembly.Global);
  assert.ok(globals.length > 0);
  for (const global of globals) {
    assert.throws(() => {
      global.value = global.value as number;
    }, /immutable/);
  }
});

test("only futex_wait() waits: node 20's Liftoff spoils the frame that holds a wait", () => {
  const waits = new Set<number>([OPCODE.atomicWait32, OPCODE.atomicWait64]);
  const waiters = kernel.functions.filter(({ code }) =>
    code.some(({ opcode }) => waits.has(opcode)),
  );
  assert.equal(
    waiters.map(({ name }) => name),
    ["assembly/arch/wasm/futex/futex_wait"],
  );
  const wait = waiters[0]?.code ?? [];
  assert.not(
    wait.some(({ opcode }) => opcode === OPCODE.loop || opcode === OPCODE.call),
    "it holds nothing else",
  );
});

test("the memory never grows: addresses in boot_info stay true", () => {
  assert.not(
    kernel.functions.some(({ code }) => code.some(({ opcode }) => opcode === OPCODE.memoryGrow)),
  );
});

const hasWabt = spawnSync("wasm-validate", ["--version"]).error === undefined;
const withWabt = hasWabt ? test : test.skip;
withWabt("the module passes wasm-validate --enable-threads (skipped without wabt)", () => {
  execFileSync("wasm-validate", ["--enable-threads", KERNEL_PATH]);
});

test.run();
