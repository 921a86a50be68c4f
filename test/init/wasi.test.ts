// SPDX-License-Identifier: GPL-2.0-only
/** kernel.wasm as a WASI command: what it prints, and that it always ends. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { gateNames, isControlGate, isDriverGate } from "../../host/machine/driver.ts";
import { kernelImage, MAX_PAGES, MIN_PAGES } from "../../host/machine/image.ts";
import { ProcExit, wasiImports } from "../../host/machine/wasi.ts";
import { type CommandEnd, runCommand } from "../../host/wasi/run.ts";
import { rejects } from "../machine/with-machine.ts";

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

interface Engine {
  readonly threadSpawn: (arg: number) => number;
  /** What a look at the clock adds to it. */
  readonly nsPerLook: bigint;
  /** Called at each look: plays the threads that are not there. */
  readonly onLook?: (memory: WebAssembly.Memory) => void;
}

/** _start() on this thread, in an engine of the test's: its status and what it printed. */
function startHere({ threadSpawn, nsPerLook, onLook }: Engine): { status: number; text: string } {
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
      onLook?.(memory);
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

const THREADS = 3;

/** Plays three threads that finish each round at once; `meddle` is what they do besides. */
function playThreads(meddle: (round: number, words: Int32Array) => boolean): Engine {
  const { abi } = image;
  const field = (name: string) =>
    (abi.constant("WASI_STATE") + abi.constant(`OFFSETOF_WASI_STATE_${name}`)) >>> 2;
  let tid = 1;
  return {
    threadSpawn: () => tid++,
    nsPerLook: 1_000_000_000n,
    onLook: (memory) => {
      const words = new Int32Array(memory.buffer);
      if (meddle(Atomics.load(words, field("ROUND")), words)) {
        Atomics.store(words, field("DONE"), THREADS);
      }
    },
  };
}

test("W2, W3: every gate of the table has its line, by its name, and holds", async () => {
  const { exitStatus, threads, lines } = await runInFile();
  const names = gateNames(image.abi).filter((gate) => isDriverGate(image.abi, gate));
  assert.equal(
    lines.map((line) => line.split(":")[0]),
    names,
  );
  for (const [i, name] of names.entries()) {
    const held = /^\w+: held, [1-9]\d* ioctls, [1-9]\d* removals$/;
    const control = `${name}: a control, not stormed`;
    assert.match(lines[i] ?? "", isControlGate(image.abi, name) ? control : held);
  }
  assert.is(exitStatus, 0);
  assert.is(threads, 3);
});

test("W1: an engine that starts no thread gets a message and status 1", () => {
  const { status, text } = startHere({ threadSpawn: () => -6, nsPerLook: 1000n });
  assert.is(text, "thread-spawn fails: errno 6\n");
  assert.is(status, 1);
});

test("W1: a thread that never runs gets a message and status 1", () => {
  const { status, text } = startHere(playThreads(() => false));
  assert.is(text, "a thread did not start\n");
  assert.is(status, 1);
});

test("W1: a gate whose threads do not come back is the last", () => {
  const { status, text } = startHere(playThreads((round) => round < 2));
  assert.is(text, "rwsem: held, 0 ioctls, 0 removals\nrwsem_per_device: hung\n");
  assert.is(status, 1);
});

test("W2: one violation in one round breaks that gate, and the status", () => {
  const { abi } = image;
  const violations =
    (abi.constant("PERCPU_BASE") + abi.constant("PERCPU_EVENTS")) / 4 +
    2 * abi.constant("EV_VIOLATION");
  const { status, text } = startHere(
    playThreads((round, words) => {
      if (round === 2) words[violations] = 1;
      return true;
    }),
  );
  assert.is(
    text.split("\n")[1],
    "rwsem_per_device: BROKEN, 0 ioctls, 0 removals, 1 violations, 0 leaked, 0 errno",
  );
  assert.match(text, /^refcount: held/m);
  assert.is(status, 1);
});

test("W2: a storm that fails on one thread breaks its gate", () => {
  const error =
    (image.abi.constant("WASI_STATE") + image.abi.constant("OFFSETOF_WASI_STATE_ERROR")) >>> 2;
  const { status, text } = startHere(
    playThreads((round, words) => {
      if (round === 3) words[error] = -110;
      return true;
    }),
  );
  assert.match(text, /^percpu_ref: BROKEN, .*, 110 errno$/m);
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
