// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs a WebAssembly command of the wasi-threads kind under node:wasi: `_start` on a worker, each
 * thread that it spawns on another. This thread only waits, so it sees a worker that fails.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { MachineError } from "../errors.ts";
import { wasmFrames } from "../machine/wasm-stack.ts";
import type { ThreadData, ThreadMessage } from "./protocol.ts";

export interface CommandOptions {
  /** A module that imports env.memory (shared), wasi.thread-spawn and wasi_snapshot_preview1. */
  readonly module: WebAssembly.Module;
  /** Size of its memory, and the most that it may grow to. */
  readonly pages: number;
  readonly maximumPages: number;
  /** What the command's stdout is, as a file descriptor. */
  readonly stdout: number;
  /** The command is ended when this has passed. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export interface CommandEnd {
  /** Null when the signal ended it. */
  readonly exitStatus: number | null;
  readonly threads: number;
}

const THREAD = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);

/** @throws MachineError when a thread traps, or the deadline passes */
export function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { module, pages, maximumPages, stdout, deadlineMs, signal } = options;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: maximumPages, shared: true });
  const lastTid = new Int32Array(new SharedArrayBuffer(4));
  const workers: Worker[] = [];
  const { promise, settle, fail } = deferred<CommandEnd>();

  const start = (thread: ThreadData["thread"]) => {
    const workerData: ThreadData = { module, memory, lastTid, stdout, thread };
    // --no-warnings: node:wasi says on every thread that it is experimental.
    const worker = new Worker(THREAD, { workerData, execArgv: ["--no-warnings"] });
    workers.push(worker);
    const name = thread === null ? "the main thread" : `thread ${thread.tid}`;
    worker.on("error", (cause) => {
      const frames = wasmFrames(cause.stack ?? "").map(({ fn }) => `\n  at ${fn}`);
      const message = `${name} of the WASI command failed: ${cause.message}${frames.join("")}`;
      fail(new MachineError(message, { cause }));
    });
    worker.on("message", (message: ThreadMessage) => {
      if (message.type === "spawn") start({ tid: message.tid, arg: message.arg });
      else settle({ exitStatus: message.status, threads: workers.length - 1 });
    });
  };

  const late = setTimeout(() => {
    fail(new MachineError(`the WASI command did not end within ${deadlineMs / 1000} s`));
  }, deadlineMs);
  const onAbort = () => settle({ exitStatus: null, threads: workers.length - 1 });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  else start(null);
  return promise.finally(async () => {
    clearTimeout(late);
    signal.removeEventListener("abort", onAbort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
}

function deferred<T>() {
  let settle: (value: T) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}
