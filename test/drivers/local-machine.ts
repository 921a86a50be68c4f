// SPDX-License-Identifier: GPL-2.0-only
/**
 * A kernel of several CPUs, all on the test's own thread: each CPU is an instance over one memory, and a
 * call runs to its end before the next begins. So nothing that is called may wait for another CPU.
 *
 * Two CPUs do meet where one asks for the time: atNextClock() runs something on another CPU right there,
 * in the middle of what the first one does. That makes a race happen, at one place, every time.
 */
import type { KernelAbi, KernelFunction } from "../../host/abi/kernel.ts";
import { kernelImage, PAGE_BYTES } from "../../host/machine/image.ts";
import { type LogRecord, readEvents, readLog } from "../../host/machine/inspect.ts";
import { layOut, type MemoryMap, writeBootInfo } from "../../host/machine/memory-map.ts";
import { wasiImports } from "../../host/machine/wasi.ts";

type Value = number | bigint;
type Clock = (id: number, precision: bigint, time: number) => number;

/** Objects in use, by slab type without the prefix; types without any are left out. */
export type Census = Record<string, number>;

export class LocalMachine {
  readonly kernel: KernelAbi;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly cpus: number;
  readonly view: DataView;
  readonly #instances: readonly WebAssembly.Exports[];
  #atClock: (() => void) | null = null;

  constructor(cpus = 2, arenaBytes = 4 << 20) {
    const { module, abi } = kernelImage("default");
    const parts = { cpus, userBytesPerCpu: PAGE_BYTES, hostBytes: PAGE_BYTES };
    const { arenaStart } = layOut(abi, parts);
    const memoryBytes = arenaStart + arenaBytes + (cpus + 1) * PAGE_BYTES;
    this.kernel = abi;
    this.cpus = cpus;
    this.map = layOut(abi, { ...parts, memoryBytes });
    const { pages } = this.map;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.view = new DataView(this.memory.buffer);
    writeBootInfo(this.memory, abi, this.map, {
      seed: 1,
      idlePoll: 0,
      spinLimit: 1000,
      rcuStallTimeoutNs: 10_000_000_000n,
      rwsemWaitTimeoutNs: 4_000_000n,
      kasanQuarantineBytes: 0,
    });
    this.#instances = Array.from({ length: cpus }, () => this.#instance(module));
    if (this.run(0, "kernel_boot") !== 0) throw new Error("kernel_boot() failed");
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (this.run(cpu, "cpu_up", cpu) !== 0) throw new Error(`cpu_up(${cpu}) failed`);
    }
  }

  #instance(module: WebAssembly.Module): WebAssembly.Exports {
    const imports = wasiImports(this.memory);
    const wasi = imports["wasi_snapshot_preview1"] as Record<string, WebAssembly.ImportValue>;
    const clock = wasi["clock_time_get"] as Clock;
    wasi["clock_time_get"] = (id: number, precision: bigint, time: number) => {
      const hook = this.#atClock;
      this.#atClock = null;
      hook?.();
      return clock(id, precision, time);
    };
    return new WebAssembly.Instance(module, imports).exports;
  }

  /** Calls an export as it is: the caller sees to cpu_enter() and cpu_leave(). */
  run(cpu: number, fn: string, ...args: Value[]): number {
    const f = this.#instances[cpu]?.[fn];
    if (typeof f !== "function") throw new Error(`the kernel exports no function ${fn}`);
    return Number((f as KernelFunction)(...args) ?? 0);
  }

  /** Calls an export on a CPU, which is online for RCU meanwhile and no longer. */
  call(cpu: number, fn: string, ...args: Value[]): number {
    this.run(cpu, "cpu_enter");
    const result = this.run(cpu, fn, ...args);
    this.run(cpu, "cpu_leave");
    return result;
  }

  /** Runs `hook` once, when the kernel next asks for the time. It may open, but not close: see RCU. */
  atNextClock(hook: () => void): void {
    this.#atClock = hook;
  }

  constant(name: string): number {
    return this.kernel.constant(name);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }

  /** A field by the name of its OFFSETOF_ constant. */
  field(object: number, name: string): number {
    return this.u32(object + this.constant(`OFFSETOF_${name}`));
  }

  /** Makes the fault sites named fail on a CPU, always; none: no faults. */
  fail(cpu: number, ...sites: string[]): void {
    const mask = sites.reduce((bits, site) => bits | (1 << this.constant(`FAULT_${site}`)), 0);
    this.call(cpu, "fault_setup", mask, this.constant("FAULT_RATE_ALWAYS"), 1);
  }

  /** What is allocated once every RCU callback has run. */
  census(): Census {
    this.call(0, "rcu_barrier");
    const live = [...this.kernel.group("SLAB_")].map(([type, name]): [string, number] => [
      name.replace("SLAB_", ""),
      this.call(0, "slab_live", type),
    ]);
    return Object.fromEntries(live.filter(([, n]) => n !== 0));
  }

  events(): Record<string, bigint> {
    return readEvents(this);
  }

  /** Codes of the warnings and violations logged so far. */
  warnings(): string[] {
    return this.log().map(({ code }) => code);
  }

  log(): LogRecord[] {
    return readLog(this).filter(({ level }) => level !== "LEVEL_INFO");
  }
}
