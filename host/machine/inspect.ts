// SPDX-License-Identifier: GPL-2.0-only
/**
 * Reading a machine's state out of its memory, while it runs or after it stopped: what each task waits
 * for, the kernel log, panic records, event counts. Nothing here calls into the kernel.
 */
import type { KernelAbi } from "../abi/kernel.ts";

export interface Inspected {
  readonly kernel: KernelAbi;
  readonly memory: WebAssembly.Memory;
  readonly cpus: number;
}

export interface TaskState {
  readonly cpu: number;
  /** TASK_RUNNING, TASK_SLEEPING or TASK_PARKED. */
  readonly state: string;
  /** WAIT_* by name; WAIT_NONE when it waits for nothing. */
  readonly wait: string;
  /** Address of what it waits for. */
  readonly object: number;
  /** How long it has waited, ms; 0 when it does not. */
  readonly waitedMs: number;
  /** Operations done since boot, modulo 2^32. */
  readonly progress: number;
}

export interface LogRecord {
  readonly sequence: number;
  /** LEVEL_* by name. */
  readonly level: string;
  /** WARN_* or KERN_* by name. */
  readonly code: string;
  readonly cpu: number;
  readonly a: number;
  readonly b: number;
  /** The machine's monotonic clock. */
  readonly timeNs: bigint;
}

export interface RawPanic {
  readonly cpu: number;
  /** BUG_* by name. */
  readonly bug: string;
  readonly a: number;
  readonly b: number;
}

function unitView({ kernel, memory }: Inspected, cpu: number): DataView {
  const base = kernel.constant("PERCPU_BASE") + cpu * kernel.constant("PERCPU_STRIDE");
  return new DataView(memory.buffer, base, kernel.constant("PERCPU_STRIDE"));
}

/** Null while the kernel was built without a scheduler. */
export function readTask(machine: Inspected, cpu: number): TaskState | null {
  const { kernel } = machine;
  if (!kernel.constants.has("OFFSETOF_TASK_STRUCT_STATE")) return null;
  const unit = unitView(machine, cpu);
  const u32 = (field: string) =>
    unit.getUint32(kernel.constant(`OFFSETOF_TASK_STRUCT_${field}`), true);
  const wait = u32("WAIT_WHAT");
  const since = unit.getBigUint64(kernel.constant("OFFSETOF_TASK_STRUCT_WAIT_SINCE"), true);
  return {
    cpu,
    state: kernel.nameOf("TASK_", u32("STATE")),
    wait: kernel.nameOf("WAIT_", wait),
    object: u32("WAIT_OBJ"),
    waitedMs: wait === 0 ? 0 : Number(process.hrtime.bigint() - since) / 1e6,
    progress: u32("PROGRESS"),
  };
}

/** Asks the task to leave its loop at the next operation boundary, or takes that back. */
export function writeStop(machine: Inspected, cpu: number, stop: boolean): void {
  const offset = machine.kernel.constants.get("OFFSETOF_TASK_STRUCT_STOP");
  if (offset === undefined) return;
  const words = new Int32Array(machine.memory.buffer);
  Atomics.store(words, (unitView(machine, cpu).byteOffset + offset) >>> 2, stop ? 1 : 0);
}

/** The CPU's panic record, null if it left none. */
export function readPanic(machine: Inspected, cpu: number): RawPanic | null {
  const { kernel } = machine;
  const at = kernel.constant("PERCPU_PANIC");
  const unit = unitView(machine, cpu);
  if (unit.getUint32(at, true) === 0) return null;
  return {
    cpu,
    bug: kernel.nameOf("BUG_", unit.getUint32(at + 4, true)),
    a: unit.getUint32(at + 8, true),
    b: unit.getUint32(at + 12, true),
  };
}

/** A message's number is unique among the constants of all these prefixes. */
function messageName(kernel: KernelAbi, code: number): string {
  for (const prefix of ["VIOLATION_", "WARN_", "KERN_", "BUG_"] as const) {
    const name = kernel.group(prefix).get(code);
    if (name !== undefined) return name;
  }
  return `message ${code}`;
}

/** The newest records of the kernel log, oldest first; at most PRINTK_RECORDS. */
export function readLog({ kernel, memory }: Inspected): LogRecord[] {
  const bytes = kernel.constant("PRINTK_RECORD_BYTES");
  const count = kernel.constant("PRINTK_RECORDS");
  const first = kernel.constant("PRINTK_RING") + 8;
  const words = new Int32Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const log: LogRecord[] = [];
  for (let i = 0; i < count; i++) {
    const at = first + i * bytes;
    const sequence = Atomics.load(words, at >>> 2) - 1;
    if (sequence < 0) continue;
    const level = view.getUint32(at + 4, true);
    const code = view.getUint32(at + 8, true);
    log.push({
      sequence,
      level: kernel.nameOf("LEVEL_", level),
      code: messageName(kernel, code),
      cpu: view.getUint32(at + 12, true),
      a: view.getUint32(at + 16, true),
      b: view.getUint32(at + 20, true),
      timeNs: view.getBigUint64(at + 24, true),
    });
  }
  return log.sort((x, y) => x.sequence - y.sequence);
}

/** How many records were ever logged: more than readLog() returns once the ring has wrapped. */
export function logTotal({ kernel, memory }: Inspected): number {
  return Atomics.load(new Int32Array(memory.buffer), kernel.constant("PRINTK_RING") >>> 2) >>> 0;
}

/** Event counts by name, summed over `cpus`, or over all. Exact once the CPUs are idle. */
export function readEvents(machine: Inspected, cpus?: readonly number[]): Record<string, bigint> {
  const { kernel, memory } = machine;
  const all = cpus ?? Array.from({ length: machine.cpus }, (_, cpu) => cpu);
  const counters = new BigUint64Array(memory.buffer);
  const bases = all.map(
    (cpu) => unitView(machine, cpu).byteOffset + kernel.constant("PERCPU_EVENTS"),
  );
  const events: Record<string, bigint> = {};
  for (const [number, name] of kernel.group("EV_")) {
    events[name] = bases.reduce((sum, base) => sum + (counters[(base >>> 3) + number] ?? 0n), 0n);
  }
  return events;
}
