// SPDX-License-Identifier: GPL-2.0-only
/** The runner of WASI commands, over small modules of the wasi-threads kind. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import binaryen from "assemblyscript/binaryen";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MachineError } from "../../host/errors.ts";
import { selectTier } from "../../host/machine/engine.ts";
import { type CommandEnd, runCommand } from "../../host/wasi/run.ts";

const folder = mkdtempSync(join(tmpdir(), "hotunplug-wasi-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Imports, a line to print at 64, and _start and wasi_thread_start around what is given. */
function wat(start: string, thread: string): string {
  return `(module
    (import "env" "memory" (memory 1 16 shared))
    (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (export "memory" (memory 0))
    (func (export "_start") ${start})
    (func (export "wasi_thread_start") (param $tid i32) (param $arg i32) ${thread}))`;
}

/** Prints "held\\n" to stdout: bytes at 64, the iovec at 32. */
const PRINT = `
  (i64.store (i32.const 64) (i64.const 0x0a646c6568))
  (i32.store (i32.const 32) (i32.const 64))
  (i32.store (i32.const 36) (i32.const 5))
  (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48)))`;

/** Waits until the word at 0 is no longer 0. */
const AWAIT = `
  (block $done (loop $again
    (br_if $done (i32.atomic.load (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (br $again)))`;

function compile(text: string): WebAssembly.Module {
  selectTier("default");
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  return new WebAssembly.Module(Uint8Array.from(module.emitBinary()));
}

async function run(
  text: string,
  changes: { deadlineMs?: number; signal?: AbortSignal } = {},
): Promise<CommandEnd & { stdout: string }> {
  const path = join(folder, "stdout");
  const stdout = openSync(path, "w");
  try {
    const end = await runCommand({
      ...{ module: compile(text), pages: 1, maximumPages: 16, stdout },
      ...{ deadlineMs: 20_000, signal: new AbortController().signal, ...changes },
    });
    return { ...end, stdout: readFileSync(path, "utf8") };
  } finally {
    closeSync(stdout);
  }
}

test("_start spawns a thread, sleeps until it woke it, prints, and returns 0", async () => {
  const end = await run(
    wat(
      `(drop (call $spawn (i32.const 7))) ${AWAIT} ${PRINT}`,
      // The argument comes through: 7 is stored, and only then is the sleeper woken.
      `(i32.atomic.store (i32.const 0) (local.get $arg))
       (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))`,
    ),
  );
  assert.equal(end, { exitStatus: 0, threads: 1, stdout: "held\n" });
});

test("thread ids begin at 1 and are given out at once", async () => {
  const end = await run(
    wat(
      `(if (i32.ne (call $spawn (i32.const 0)) (i32.const 1)) (then (unreachable)))
       (if (i32.ne (call $spawn (i32.const 0)) (i32.const 2)) (then (unreachable)))`,
      "",
    ),
  );
  assert.is(end.exitStatus, 0);
});

test("proc_exit's status is the command's", async () => {
  const end = await run(wat("(call $exit (i32.const 1))", ""));
  assert.is(end.exitStatus, 1);
});

test("a trap on any thread is a failure that names the thread and the function", async () => {
  const failure = async (text: string) => {
    try {
      await run(text);
    } catch (error) {
      assert.instance(error, MachineError);
      return (error as Error).message;
    }
    throw new Error("it ended well");
  };
  assert.match(
    await failure(wat("(unreachable)", "")),
    "the main thread of the WASI command failed: unreachable\n  at wasm-function[3]",
  );
  assert.match(
    await failure(wat(`(drop (call $spawn (i32.const 0))) ${AWAIT}`, "(unreachable)")),
    "thread 1 of the WASI command failed: unreachable\n  at wasm-function[4]",
  );
});

test("a command that never ends is ended by the deadline", async () => {
  try {
    await run(wat(AWAIT, ""), { deadlineMs: 300 });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "the WASI command did not end within 0.3 s");
  }
});

test("an interrupted command has no status", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const end = await run(wat(AWAIT, ""), { signal: controller.signal });
  assert.is(end.exitStatus, null);
});

test.run();
