// SPDX-License-Identifier: GPL-2.0-only
/** A one-CPU kernel on the test's own thread, with memory to put objects and made-up waiters in. */
import { readPanic } from "../../host/machine/inspect.ts";
import { LocalKernel } from "../drivers/cxl/kernel.ts";

const PARKED = 2; // TASK_PARKED

export class Local extends LocalKernel {
  readonly words = new Uint32Array(this.memory.buffer);
  /** Address of the one CPU's task. */
  readonly task = this.constant("PERCPU_BASE");
  #next = this.map.hostStart;

  /** Address of zeroed memory, aligned to 8. */
  alloc(bytes: number): number {
    const at = this.#next;
    this.#next += Math.ceil(bytes / 8) * 8;
    if (this.#next > this.map.hostEnd) throw new Error("[harness bug] out of host memory");
    return at;
  }

  /** How much has been taken so far: for reset(). */
  get mark(): number {
    return this.#next;
  }

  /** Gives back, zeroed, all that was taken since `mark`. */
  reset(mark: number): void {
    this.words.fill(0, mark >>> 2, this.#next >>> 2);
    this.#next = mark;
  }

  word(at: number): number {
    return Atomics.load(this.words, at >>> 2);
  }

  poke(at: number, value: number): void {
    Atomics.store(this.words, at >>> 2, value);
  }

  /** A task that is parked, and that no thread runs. */
  makeTask(): number {
    const task = this.alloc(this.constant("SIZEOF_TASK_STRUCT"));
    this.poke(task + this.constant("OFFSETOF_TASK_STRUCT_STATE"), PARKED);
    return task;
  }

  isParked(task: number): boolean {
    return this.word(task + this.constant("OFFSETOF_TASK_STRUCT_STATE")) === PARKED;
  }

  /** Names of the warnings logged so far, oldest first. */
  warnings(): string[] {
    return this.log().map(({ code }) => code);
  }
}

/** Runs `script`, whose last call must trap. @returns the name of the kernel's BUG_* */
export function bugOf(script: (local: Local) => void): string {
  const local = new Local();
  try {
    script(local);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return readPanic(local, 0)?.bug ?? `a trap: ${error.message}`;
  }
  return "nothing";
}
