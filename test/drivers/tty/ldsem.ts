// SPDX-License-Identifier: GPL-2.0-only
/** An ld_semaphore as a test reads it from the shared memory. */
import type { Scenario } from "../../support/scenario.ts";

export const READ = 1;
export const WAIT = -0x10000;
export const WRITE = WAIT + 1;
export const FOR_EVER = -1n;

export class Ldsem {
  /** Address. */
  readonly at: number;
  readonly #on: Scenario;

  constructor(on: Scenario) {
    this.#on = on;
    this.at = on.alloc(on.constant("SIZEOF_LD_SEMAPHORE"));
  }

  #address(field: string): number {
    return this.at + this.#on.constant(`OFFSETOF_LD_SEMAPHORE_${field}`);
  }

  get count(): number {
    return this.#on.word(this.#address("COUNT")) | 0;
  }

  set count(value: number) {
    this.#on.poke(this.#address("COUNT"), value);
  }

  get waitReaders(): number {
    return this.#on.word(this.#address("WAIT_READERS"));
  }

  /** Address. */
  get waitLock(): number {
    return this.#address("WAIT_LOCK");
  }

  #queue(first: string): string {
    const [base, stride] = [this.#on.unit(0), this.#on.constant("PERCPU_STRIDE")];
    const cpus: number[] = [];
    for (let w = this.#on.word(this.#address(first)); w !== 0; w = this.#on.word(w)) {
      cpus.push(Math.floor((w - base) / stride));
    }
    return cpus.join(" ");
  }

  /** The CPUs that wait, first come first: "R 1 2 W 3". Stable while wait_lock is held or free. */
  get queues(): string {
    return `R ${this.#queue("READ_FIRST")} W ${this.#queue("WRITE_FIRST")}`;
  }
}
