// SPDX-License-Identifier: GPL-2.0-only
/** A thread of a WASI command: the worker's entry. */
import { WASI } from "node:wasi";
import { parentPort, workerData } from "node:worker_threads";
import type { ThreadData, ThreadMessage } from "./protocol.ts";

/** The wasi-threads proposal gives thread ids 1 to 2^29 - 1. */
const TID_MAX = 0x1fffffff;
const EAGAIN = 6; // of WASI

const { module, memory, lastTid, stdout, thread } = workerData as ThreadData;

function post(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

/** The thread is started by the main thread: this one may be about to block. */
function threadSpawn(arg: number): number {
  const tid = Atomics.add(lastTid, 0, 1) + 1;
  if (tid > TID_MAX) return -EAGAIN;
  post({ type: "spawn", tid, arg });
  return tid;
}

const wasi = new WASI({ version: "preview1", args: ["hotunplug"], stdout, returnOnExit: true });
const instance = new WebAssembly.Instance(module, {
  ...(wasi.getImportObject() as WebAssembly.Imports),
  env: { memory },
  wasi: { "thread-spawn": threadSpawn },
});

if (thread === null) {
  post({ type: "exit", status: wasi.start(instance) });
} else {
  // Gives this instance's calls their memory; node refuses instances that have a _start as well.
  wasi.initialize({ exports: { memory } });
  const { wasi_thread_start } = instance.exports;
  (wasi_thread_start as (tid: number, arg: number) => void)(thread.tid, thread.arg);
}
