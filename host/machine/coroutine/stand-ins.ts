// SPDX-License-Identifier: GPL-2.0-only
/** What the host does in place of functions of the kernel: the clock, the allocator, the log. */
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Hook } from "../../instrument/coroutine-weaver.ts";
import type { Site } from "../../instrument/sites.ts";
import { ACCESS, ACCESS_BYTES_SHIFT } from "./access-table.ts";
import type { Accounts } from "./accounts.ts";
import type { Heap } from "./heap.ts";
import type { Observer } from "./observer.ts";
import { Violation } from "./violation.ts";

/** Longer than any time limit of the kernel. */
const TICK_NS = 100_000_000_000n;

/** What they need of the machine. */
export interface Kernel {
  readonly words: Int32Array;
  readonly abi: KernelAbi;
  readonly sites: readonly Site[];
  readonly heap: Heap;
  readonly accounts: Accounts;
  readonly buffer: { readonly weak: boolean };
  readonly observer: Observer | null;
  readonly running: number;
  now(): number;
  drainAll(): void;
}

type Hooks = Record<Hook, (...args: number[]) => number | undefined>;

export class StandIns {
  readonly #kernel: Kernel;
  readonly #view: DataView;
  readonly #levelInfo: number;
  readonly #levelWarn: number;
  /** Site of the call of kzalloc() that was made last. */
  #kzalloc = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#view = new DataView(kernel.words.buffer);
    this.#levelInfo = kernel.abi.constant("LEVEL_INFO");
    this.#levelWarn = kernel.abi.constant("LEVEL_WARN");
  }

  hooks(): Pick<Hooks, "clock" | "kzalloc" | "kmalloc" | "kfree" | "printk" | "panic"> {
    return {
      clock: (address = 0) => this.#clock(address),
      kzalloc: (site = 0) => {
        this.#kzalloc = site;
        return undefined;
      },
      kmalloc: (size = 0, type = 0, site = 0) => this.#kmalloc(size, type, site),
      kfree: (address = 0, site = 0) => this.#kfree(address, site),
      printk: (level = 0, code = 0, a = 0, b = 0, site = 0) =>
        this.#printk(level, code, [a, b], site),
      panic: (code = 0, a = 0, b = 0, site = 0) => {
        const { abi, observer } = this.#kernel;
        observer?.event("panics", code, 0, site);
        const name = abi.nameOf("BUG_", code).slice("BUG_".length).toLowerCase();
        throw new Violation(`kernel bug: ${name.replaceAll("_", " ")}`, `(${a}, ${b})`, 0, site);
      },
    };
  }

  #clock(address: number): number {
    const { accounts, running } = this.#kernel;
    accounts.access(running, address, ACCESS.write | (8 << ACCESS_BYTES_SHIFT), 0);
    this.#view.setBigUint64(address, BigInt(this.#kernel.now() + 1) * TICK_NS, true);
    return 0;
  }

  #kmalloc(size: number, type: number, at: number): number {
    const { heap, sites, running, observer } = this.#kernel;
    const site = sites[at - 1]?.fn === "kzalloc" ? this.#kzalloc : at;
    const address = heap.allocate(running, size >>> 0, type, site);
    observer?.event("allocates", address, size, site);
    return address;
  }

  #kfree(address: number, site: number): undefined {
    if (address === 0) return;
    const { heap, accounts, running, observer, buffer } = this.#kernel;
    if (buffer.weak) this.#kernel.drainAll();
    observer?.event("frees", address, 0, site);
    const object = heap.free(running, address, site);
    if (object !== null) accounts.free(running, address, object.size);
  }

  #printk(level: number, code: number, [a, b]: [number, number], site: number): undefined {
    const { abi, observer } = this.#kernel;
    observer?.event("logs", code, level, site);
    if (level === this.#levelInfo) return;
    const prefix = level === this.#levelWarn ? "WARN_" : "VIOLATION_";
    const name = abi.nameOf(prefix, code).slice(prefix.length).toLowerCase();
    const detail = `(0x${(a >>> 0).toString(16)}, ${b})`;
    throw new Violation(name.replaceAll("_", " "), detail, a, site);
  }
}
