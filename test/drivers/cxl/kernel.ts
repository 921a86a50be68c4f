// SPDX-License-Identifier: GPL-2.0-only
/**
 * A one-CPU kernel on the test's own thread, for tests that make many short calls: no worker, no
 * message. Nothing that is called on it may sleep for longer than a test may take.
 */
import type { KernelAbi, KernelFunction } from "../../../host/abi/kernel.ts";
import { compileImage, PAGE_BYTES, readKernel } from "../../../host/machine/image.ts";
import { type LogRecord, readEvents, readLog } from "../../../host/machine/inspect.ts";
import { layOut, type MemoryMap, writeBootInfo } from "../../../host/machine/memory-map.ts";
import { wasiImports } from "../../../host/machine/wasi.ts";

const USER_BYTES = 2 * PAGE_BYTES;

export class LocalKernel {
  readonly kernel: KernelAbi;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly cpus = 1;
  readonly view: DataView;
  /** User memory. */
  readonly user: Uint8Array;
  /** How often the kernel asked for the time. */
  clockReads = 0;
  /** Instead of the host's clock, when set; ns. */
  clock: (() => bigint) | null = null;
  readonly #functions: WebAssembly.Exports;

  constructor(arenaBytes = 8 * 1024 * 1024) {
    const { module, abi } = compileImage("kernel", readKernel(), "default");
    const user = { cpus: 1, userBytesPerCpu: USER_BYTES, hostBytes: PAGE_BYTES };
    const fixed = layOut(abi, user);
    const memoryBytes = fixed.arenaStart + arenaBytes + USER_BYTES + PAGE_BYTES;
    this.kernel = abi;
    this.map = layOut(abi, { ...user, memoryBytes });
    const { pages } = this.map;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    writeBootInfo(this.memory, abi, this.map, {
      seed: 1,
      idlePoll: 0,
      spinLimit: 1000,
      rcuStallTimeoutNs: 10_000_000_000n,
      rwsemWaitTimeoutNs: 4_000_000n,
      kasanQuarantineBytes: 0,
    });
    this.#functions = new WebAssembly.Instance(module, this.#imports()).exports;
    this.view = new DataView(this.memory.buffer);
    this.user = new Uint8Array(this.memory.buffer, this.map.userStart, USER_BYTES);
    if (this.call("kernel_boot") !== 0 || this.call("cpu_up", 0) !== 0) throw new Error("no boot");
    this.call("cpu_enter");
  }

  #imports(): WebAssembly.Imports {
    const imports = wasiImports(this.memory);
    const wasi = imports["wasi_snapshot_preview1"] as Record<string, KernelFunction>;
    const clock = wasi["clock_time_get"] as KernelFunction;
    const counted: KernelFunction = (...args) => {
      this.clockReads++;
      if (this.clock === null) return clock(...args);
      this.view.setBigUint64(Number(args[2]), this.clock(), true);
      return 0;
    };
    return { ...imports, wasi_snapshot_preview1: { ...wasi, clock_time_get: counted } };
  }

  /** Calls an export; a result of 64 bits is not for this. */
  call(name: string, ...args: (number | bigint)[]): number {
    const fn = this.#functions[name];
    if (typeof fn !== "function") throw new Error(`the kernel exports no function ${name}`);
    return Number((fn as KernelFunction)(...args) ?? 0);
  }

  constant(name: string): number {
    return this.kernel.constant(name);
  }

  events(): Record<string, bigint> {
    return readEvents(this);
  }

  log(): LogRecord[] {
    return readLog(this);
  }
}
