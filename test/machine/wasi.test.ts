// SPDX-License-Identifier: GPL-2.0-only
/** kernel.wasm as a WASI command: what it prints, and that it always ends. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage, MAX_PAGES, MIN_PAGES } from "../../host/machine/image.ts";
import { ProcExit, wasiImports } from "../../host/machine/wasi.ts";
import { type CommandEnd, runCommand } from "../../host/wasi/run.ts";
import { rejects } from "./with-machine.ts";

const image = kernelImage("default");

async function runInFile(
  options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {},
): Promise<CommandEnd & { readonly lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "hotunplug-wasi-"));
  const path = join(folder, "stdout");
  const stdout = openSync(path, "w");
  try {
    const end = await runCommand({
      module: image.module,
      pages: MIN_PAGES,
      maximumPages: MAX_PAGES,
      stdout,
      deadlineMs: options.deadlineMs ?? 60_000,
      signal: options.signal ?? new AbortController().signal,
    });
    return { ...end, lines: readFileSync(path, "utf8").trimEnd().split("\n") };
  } finally {
    closeSync(stdout);
    rmSync(folder, { recursive: true });
  }
}

/** _start() on this thread, under WASI of our own: its status and what it printed. */
function startHere(
  threadSpawn: (arg: number) => number,
  nsPerLook: bigint,
): { status: number; text: string } {
  const memory = new WebAssembly.Memory({ initial: MIN_PAGES, maximum: MAX_PAGES, shared: true });
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  let now = 0n;
  let text = "";
  const imports = wasiImports(memory, threadSpawn);
  imports["wasi_snapshot_preview1"] = {
    ...imports["wasi_snapshot_preview1"],
    clock_time_get: (_id: number, _precision: bigint, time: number) => {
      now += nsPerLook;
      view.setBigUint64(time, now, true);
      return 0;
    },
    fd_write: (_fd: number, iovec: number) => {
      const from = view.getUint32(iovec, true);
      const to = from + view.getUint32(iovec + 4, true);
      text += new TextDecoder().decode(bytes.slice(from, to));
      return 0;
    },
  };
  const { exports } = new WebAssembly.Instance(image.module, imports);
  try {
    (exports["_start"] as () => void)();
  } catch (error) {
    if (error instanceof ProcExit) return { status: error.code, text };
    throw error;
  }
  throw new Error("_start() returned");
}

test("every gate of the table has its line, by its name, and holds", async () => {
  const { exitStatus, threads, lines } = await runInFile();
  const gates = [...image.abi.group("GATE_")]
    .filter(([, name]) => name !== "GATE_CLOSED")
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name.replace("GATE_", "").toLowerCase());
  assert.equal(
    lines.map((line) => line.split(":")[0]),
    gates,
  );
  for (const line of lines.slice(0, -1)) {
    assert.match(line, /^\w+: held, [1-9]\d* ioctls, [1-9]\d* removals$/);
  }
  assert.is(lines.at(-1), "busted: a control, not stormed", "W3");
  assert.is(exitStatus, 0, "W2");
  assert.is(threads, 3);
});

test("W1: an engine that starts no thread gets a message and status 1", () => {
  const { status, text } = startHere(() => -6, 1000n);
  assert.is(text, "thread-spawn fails: errno 6\n");
  assert.is(status, 1);
});

test("W1: a thread that never runs gets a message and status 1", () => {
  let tid = 1;
  const { status, text } = startHere(() => tid++, 1_000_000_000n);
  assert.is(text, "a thread did not start\n");
  assert.is(status, 1);
});

test("the command ends at once when it is aborted", async () => {
  assert.is((await runInFile({ signal: AbortSignal.abort() })).exitStatus, null);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  assert.is((await runInFile({ signal: stop.signal })).exitStatus, null);
});

test("a command that is late is ended", async () => {
  await rejects(runInFile({ deadlineMs: 1 }), /did not end within 0\.001 s/);
});

test.run();
