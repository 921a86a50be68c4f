// SPDX-License-Identifier: GPL-2.0-only
/** What kernel.wasm may hold (design.md, "The kernel fragment"), read from its bytes. */
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KERNEL_PATH, readKernel } from "../host/machine/image.ts";
import { KIND, OP, readWasm, SECTION } from "./wasm-binary.ts";

const kernel = readWasm(readKernel());

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
      code.some(({ op }) => op === OP.callIndirect),
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
  const found = kernel.imports.map(({ module, name }) => `${module}.${name}`).sort();
  assert.equal(found, allowed);
});

test("the module exports what wasi-threads asks for", () => {
  const kinds = new Map(kernel.exports.map(({ name, kind }) => [name, kind]));
  assert.is(kinds.get("memory"), KIND.memory);
  assert.is(kinds.get("_start"), KIND.function);
  assert.is(kinds.get("wasi_thread_start"), KIND.function);
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
  const exported = kernel.exports.filter(({ kind }) => kind === KIND.global);
  assert.ok(exported.length > 0);
  assert.not(exported.some(({ index }) => kernel.globals[index]?.mutable));
});

test("only futex_wait() waits: node 20's Liftoff spoils the frame that holds a wait", () => {
  const waits = new Set<number>([OP.atomicWait32, OP.atomicWait64]);
  const waiters = kernel.functions.filter(({ code }) => code.some(({ op }) => waits.has(op)));
  assert.equal(
    waiters.map(({ name }) => name),
    ["assembly/arch/wasm/futex/futex_wait"],
  );
  const wait = waiters[0]?.code ?? [];
  assert.not(
    wait.some(({ op }) => op === OP.loop || op === OP.call),
    "it holds nothing else",
  );
});

test("the memory never grows: addresses in boot_info stay true", () => {
  assert.not(kernel.functions.some(({ code }) => code.some(({ op }) => op === OP.memoryGrow)));
});

const hasWabt = spawnSync("wasm-validate", ["--version"]).error === undefined;
const withWabt = hasWabt ? test : test.skip;
withWabt("the module passes wasm-validate --enable-threads (skipped without wabt)", () => {
  execFileSync("wasm-validate", ["--enable-threads", KERNEL_PATH]);
});

test.run();
