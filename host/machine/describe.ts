// SPDX-License-Identifier: GPL-2.0-only
/** What to say when a run ends early: which CPU waits where and for how long, or what it trapped on. */
import { PanicError, StallError } from "../errors.ts";
import type { Cpu, Request } from "./cpu.ts";
import type { KernelImage } from "./image.ts";
import { type Inspected, readLog, readPanic, readTask } from "./inspect.ts";
import type { ProgressWatch } from "./progress.ts";
import type { FromWorker } from "./protocol.ts";
import { waitText } from "./waits.ts";
import { wasmFrames } from "./wasm-stack.ts";

const LOG_LINES = 8;

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function inGate(request: Request): string {
  return request.gate === null ? "" : `, gate ${request.gate}`;
}

function describeCpu(machine: Inspected, cpu: Cpu, progress: ProgressWatch): string {
  const call = cpu.inFlight;
  const task = readTask(machine, cpu.number);
  const parts = [
    call === null ? "idle" : `in ${call.what} for ${seconds(performance.now() - cpu.sinceMs)}`,
  ];
  if (task !== null) {
    parts.push(task.state);
    const waits = waitText(task, hex);
    if (waits !== null) parts.push(`${waits} for ${seconds(task.waitedMs)}`);
    const since = seconds(progress.idleMs(cpu.number));
    parts.push(`${task.progress} operations, the last ${since} ago`);
  }
  return `  CPU ${cpu.number}: ${parts.join(", ")}`;
}

/** The newest warnings and violations of the kernel log, one line each. */
function describeLog(machine: Inspected): string[] {
  return readLog(machine)
    .filter(({ level }) => level !== "LEVEL_INFO")
    .slice(-LOG_LINES)
    .map(({ cpu, code, a, b }) => `  log, CPU ${cpu}: ${code} (${hex(a)}, ${hex(b)})`);
}

/** The error of a call that has passed its deadline on CPU `late`. */
export function stallError(
  machine: Inspected,
  cpus: readonly Cpu[],
  progress: ProgressWatch,
  late: number,
  request: Request,
): StallError {
  const what = `${request.what} on CPU ${late}${inGate(request)}`;
  return new StallError(
    [
      `${what} passed its deadline of ${request.deadlineMs} ms`,
      ...cpus.map((cpu) => describeCpu(machine, cpu, progress)),
      ...describeLog(machine),
    ].join("\n"),
  );
}

/** The error of a CPU that trapped, from its panic record, if it left one, and the engine's stack. */
export function panicError(
  machine: Inspected & { readonly image: KernelImage },
  cpu: number,
  request: Request,
  trap: FromWorker & { type: "trap" },
): PanicError {
  const raw = readPanic(machine, cpu);
  const stack = wasmFrames(trap.stack).map(({ fn, offset }) => {
    const line = offset === null ? null : machine.image.locate(offset);
    return line === null ? fn : `${fn} (${line})`;
  });
  const why = raw === null ? trap.message : `${raw.bug} (${hex(raw.a)}, ${hex(raw.b)})`;
  const message = [
    `CPU ${cpu} panicked in ${request.what}${inGate(request)}: ${why}`,
    ...stack.map((frame) => `  at ${frame}`),
    ...describeLog(machine),
  ].join("\n");
  return new PanicError(message, {
    cpu,
    bug: raw?.bug ?? null,
    a: raw?.a ?? 0,
    b: raw?.b ?? 0,
    fn: request.what,
    gate: request.gate,
    stack,
  });
}
