// SPDX-License-Identifier: GPL-2.0-only
/**
 * CPUs of a kernel on the test's own thread, one instance each over one memory: what one call does is
 * done before the next begins, so an allocator's every step can be predicted.
 */
import type { KernelAbi, KernelFunction } from "../../host/abi/kernel.ts";
import { type KernelImage, kernelImage, PAGE_BYTES } from "../../host/machine/image.ts";
import { readEvents } from "../../host/machine/inspect.ts";
import { layOut, type MemoryMap, writeBootInfo } from "../../host/machine/memory-map.ts";
import { wasiImports } from "../../host/machine/wasi.ts";

export interface LocalOptions {
  readonly cpus?: number;
  readonly image?: KernelImage;
  readonly shadow?: boolean;
  /** At least this much. */
  readonly memoryBytes?: number;
  readonly quarantine?: number;
}

export class LocalCpus {
  readonly kernel: KernelAbi;
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly cpus: number;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly #instances: readonly WebAssembly.Exports[];

  constructor({ cpus = 1, image, shadow = false, memoryBytes, quarantine = 0 }: LocalOptions = {}) {
    const { abi, module } = image ?? kernelImage("default");
    this.kernel = abi;
    this.cpus = cpus;
    const parts = { cpus, userBytesPerCpu: PAGE_BYTES, hostBytes: PAGE_BYTES };
    this.map = layOut(abi, { ...parts, shadow, memoryBytes });
    const { pages } = this.map;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
    writeBootInfo(this.memory, abi, this.map, {
      seed: 1,
      idlePoll: 0,
      spinLimit: 1000,
      rcuStallTimeoutNs: 10_000_000_000n,
      rwsemWaitTimeoutNs: 4_000_000n,
      kasanQuarantineBytes: quarantine,
    });
    this.#instances = Array.from(
      { length: cpus },
      () => new WebAssembly.Instance(module, wasiImports(this.memory)).exports,
    );
    if (this.call(0, "kernel_boot") !== 0) throw new Error("kernel_boot() failed");
    for (let cpu = 0; cpu < cpus; cpu++) this.call(cpu, "cpu_up", cpu);
  }

  /** Calls an export on a CPU; addresses come out unsigned. */
  call(cpu: number, fn: string, ...args: (number | bigint)[]): number {
    const value = this.call64(cpu, fn, ...args);
    return Number(value) >>> 0;
  }

  call64(cpu: number, fn: string, ...args: (number | bigint)[]): number | bigint {
    const f = this.#instances[cpu]?.[fn];
    if (typeof f !== "function") throw new Error(`the kernel exports no function ${fn}`);
    return (f as KernelFunction)(...args) ?? 0;
  }

  constant(name: string): number {
    return this.kernel.constant(name);
  }

  kmalloc(cpu: number, size: number, type = "SLAB_MISC"): number {
    return this.call(cpu, "kmalloc", size, this.constant(type));
  }

  kfree(cpu: number, p: number): void {
    this.call(cpu, "kfree", p);
  }

  live(type = "SLAB_MISC"): number {
    return this.call(0, "slab_live", this.constant(type)) | 0;
  }

  event(name: string): number {
    return Number(readEvents(this)[name]);
  }

  /** Shadow bytes of [p, p + bytes). */
  shadow(p: number, bytes: number): number[] {
    const first = this.map.shadowStart + (p >>> 3);
    return [...this.bytes.subarray(first, first + bytes / 8)];
  }
}
