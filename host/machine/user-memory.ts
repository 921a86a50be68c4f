// SPDX-License-Identifier: GPL-2.0-only
/** The user memory of each CPU, lent to one request at a time: a CPU makes one call at a time anyway. */
import { UsageError } from "../errors.ts";
import type { MemoryMap } from "./memory-map.ts";

export class UserMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #map: MemoryMap;
  /** Settles once the last request of the CPU is done with it. */
  readonly #free: Promise<unknown>[];

  constructor(memory: WebAssembly.Memory, map: MemoryMap) {
    this.#memory = memory;
    this.#map = map;
    this.#free = Array.from({ length: map.cpus }, () => Promise.resolve());
  }

  /**
   * Waits for the CPU's memory, and has it used until the promise of `use` settles.
   *
   * @throws UsageError when there is no such CPU, or less memory than `bytes`
   */
  borrow<T>(
    cpu: number,
    bytes: number,
    use: (memory: Uint8Array, address: number) => Promise<T>,
  ): Promise<T> {
    const { userStart, userBytesPerCpu, cpus } = this.#map;
    const turn = this.#free[cpu];
    if (turn === undefined) {
      return Promise.reject(new UsageError(`cpu: ${cpu} is not between 0 and ${cpus - 1}`));
    }
    if (bytes > userBytesPerCpu) {
      const message = `the request needs ${bytes} bytes of user memory, and a CPU has ${userBytesPerCpu}`;
      return Promise.reject(new UsageError(`${message}: boot with a larger userBytesPerCpu`));
    }
    const address = userStart + cpu * userBytesPerCpu;
    const memory = new Uint8Array(this.#memory.buffer, address, bytes);
    const used = turn.then(() => use(memory, address));
    this.#free[cpu] = used.catch(() => undefined);
    return used;
  }
}
