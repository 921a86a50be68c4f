// SPDX-License-Identifier: GPL-2.0-only
/**
 * A worker thread: nothing while parked, one CPU of one machine while booted. It makes the calls that
 * the main thread asks for, one at a time, and answers each exactly once.
 */
import { readlinkSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { KernelFunction } from "../abi/kernel.ts";
import { hasWaitBug } from "./engine.ts";
import type { FromWorker, JointStart, ToWorker } from "./protocol.ts";
import { wasiImports } from "./wasi.ts";

const CANARY_INPUT = 35;
const CANARY_ANSWER = 7 * CANARY_INPUT + 0x5eed;

Error.stackTraceLimit = 64; // a panic's stack is wanted whole

let kernel: Record<string, KernelFunction> | undefined;
let waitBug: boolean | undefined;

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** The kernel's thread id, for pinning: null where there is no /proc. */
function threadId(): number | null {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return null;
  }
}

function bootCpu(message: ToWorker & { type: "boot" }): void {
  const instance = new WebAssembly.Instance(message.module, wasiImports(message.memory));
  kernel = instance.exports as unknown as Record<string, KernelFunction>;
  const canary = kernel["futex_canary"]?.(message.canary, CANARY_INPUT) === CANARY_ANSWER;
  waitBug ??= hasWaitBug();
  say({ type: "ready", canary, waitBug });
}

/** Returns once all CPUs of the job have arrived; the last to arrive wakes the sleepers. */
function rendezvous({ word, cpus, spin }: JointStart): void {
  let arrived = Atomics.add(word, 0, 1) + 1;
  if (arrived === cpus) Atomics.notify(word, 0);
  for (let i = 0; i < spin && arrived < cpus; i++) arrived = Atomics.load(word, 0);
  while (arrived < cpus) {
    Atomics.wait(word, 0, arrived);
    arrived = Atomics.load(word, 0);
  }
}

function makeCall(message: ToWorker & { type: "call" }): void {
  const fn = kernel?.[message.fn];
  if (kernel === undefined || fn === undefined) {
    say({ type: "refused", message: `the kernel exports no function ${message.fn}` });
    return;
  }
  if (message.joint !== null) rendezvous(message.joint);
  try {
    if (message.bracket) kernel["cpu_enter"]?.();
    const value = fn(...message.args) ?? 0;
    if (message.bracket) kernel["cpu_leave"]?.();
    say({ type: "done", value });
  } catch (error) {
    const { message: text, stack = text } = error as Error;
    if (stack.includes("wasm://")) {
      say({ type: "trap", message: text, stack });
      return;
    }
    // No wasm frame: an argument did not convert, and the export was not entered.
    if (message.bracket) kernel["cpu_leave"]?.();
    say({ type: "refused", message: `${message.fn}: ${text}` });
  }
}

parentPort?.on("message", (message: ToWorker) => {
  if (message.type === "boot") bootCpu(message);
  else if (message.type === "call") makeCall(message);
  else kernel = undefined;
});
say({ type: "hello", tid: threadId() });
