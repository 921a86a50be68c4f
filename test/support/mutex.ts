// SPDX-License-Identifier: GPL-2.0-only
/** A mutex as a test reads it from the shared memory. */
import type { KernelAbi } from "../../host/abi/kernel.ts";

export const WAITERS = 1;
export const HANDOFF = 2;
export const PICKUP = 4;

export class Mutex {
  /** Address. */
  readonly at: number;
  readonly #kernel: KernelAbi;
  readonly #words: Uint32Array;

  constructor(on: {
    readonly words: Uint32Array;
    readonly kernel: KernelAbi;
    alloc(bytes: number): number;
  }) {
    this.#kernel = on.kernel;
    this.#words = on.words;
    this.at = on.alloc(on.kernel.constant("SIZEOF_MUTEX"));
  }

  #address(field: string): number {
    return this.at + this.#kernel.constant(`OFFSETOF_MUTEX_${field}`);
  }

  #get(field: string): number {
    return Atomics.load(this.#words, this.#address(field) >>> 2);
  }

  /** The word: the owner's task and the flags. */
  get owner(): number {
    return this.#get("OWNER");
  }

  set owner(value: number) {
    Atomics.store(this.#words, this.#address("OWNER") >>> 2, value);
  }

  get osq(): number {
    return this.#get("OSQ");
  }

  /** Address of the first waiter; 0 when there is none. */
  get first(): number {
    return this.#get("FIRST");
  }

  /** Addresses. */
  get waitLock(): number {
    return this.#address("WAIT_LOCK");
  }

  get osqWord(): number {
    return this.#address("OSQ");
  }

  get ownerWord(): number {
    return this.#address("OWNER");
  }

  /** Makes `waiter` the only one; its flag in the owner word is the caller's to set. */
  enqueue(waiter: number, task: number): void {
    Atomics.store(this.#words, this.#address("FIRST") >>> 2, waiter);
    Atomics.store(this.#words, this.#address("LAST") >>> 2, waiter);
    const at = waiter + this.#kernel.constant("OFFSETOF_MUTEX_WAITER_TASK");
    Atomics.store(this.#words, at >>> 2, task);
  }
}
