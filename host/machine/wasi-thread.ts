// SPDX-License-Identifier: GPL-2.0-only
/**
 * A thread of the WASI command: node:wasi, and thread-spawn, which asks the main thread for another one.
 * The first thread runs _start(), each other wasi_thread_start().
 */
import { parentPort, workerData } from "node:worker_threads";
import type { FromWasiThread, WasiThreadData } from "./wasi-command.ts";

type Start = (tid: number, arg: number) => void;

const ERRNO_AGAIN = 6;

const { module, memory, stdout, nextTid, maxThreads, thread } = workerData as WasiThreadData;

function say(message: FromWasiThread): void {
  parentPort?.postMessage(message);
}

/** thread-spawn: the id is given out at once, and the main thread starts the thread. */
function threadSpawn(arg: number): number {
  const tid = Atomics.add(nextTid, 0, 1);
  if (tid > maxThreads) return -ERRNO_AGAIN;
  say({ type: "spawn", tid, arg });
  return tid;
}

// node:wasi announces in each thread that it is experimental; the user cannot help it.
const { emitWarning } = process;
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  if (rest[0] !== "ExperimentalWarning") Reflect.apply(emitWarning, process, [warning, ...rest]);
};

async function run(): Promise<void> {
  const { WASI } = await import("node:wasi");
  const wasi = new WASI({ version: "preview1", args: ["hotunplug"], stdout, returnOnExit: true });
  const instance = new WebAssembly.Instance(module, {
    ...(wasi.getImportObject() as WebAssembly.Imports),
    env: { memory },
    wasi: { "thread-spawn": threadSpawn },
  });
  if (thread === null) {
    say({ type: "exit", status: wasi.start(instance) });
    return;
  }
  wasi.initialize({ exports: { memory } });
  (instance.exports["wasi_thread_start"] as Start)(thread.tid, thread.arg);
}

run().catch((error: Error) =>
  say({ type: "trap", message: error.message, stack: error.stack ?? "" }),
);
