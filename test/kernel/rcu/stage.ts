// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine with a few shared words, for tests that put CPUs into a state one after another: who is
 * inside, who waits, who may go on. Every wait has a deadline.
 */
import { test } from "uvu";
import {
  boot,
  type CallOptions,
  type Machine,
  type MachineOptions,
} from "../../../host/machine/machine.ts";

const DEADLINE_MS = 10_000;

export class Stage {
  readonly machine: Machine;
  readonly #words: Int32Array;
  readonly #quads: BigInt64Array;

  constructor(machine: Machine) {
    this.machine = machine;
    this.#words = new Int32Array(machine.memory.buffer);
    this.#quads = new BigInt64Array(machine.memory.buffer);
  }

  /** As Machine.call(). Not awaited when the test fails, it is no second failure. */
  call(cpu: number, fn: string, ...args: readonly number[]): Promise<number> {
    return this.invoke(cpu, fn, { args });
  }

  /** As Machine.invoke(); see call(). */
  invoke(cpu: number, fn: string, options: CallOptions): Promise<number> {
    const result = this.machine.invoke(cpu, fn, options);
    result.catch(() => {});
    return result;
  }

  constant(name: string): number {
    return this.machine.kernel.constant(name);
  }

  /** Address of zeroed host memory. */
  alloc(bytes = 4): number {
    return this.machine.hostAlloc(bytes);
  }

  /** A u32 of shared memory. */
  get(address: number): number {
    return Atomics.load(this.#words, address >>> 2) >>> 0;
  }

  set(address: number, value: number): void {
    Atomics.store(this.#words, address >>> 2, value);
    Atomics.notify(this.#words, address >>> 2);
  }

  get64(address: number): bigint {
    return Atomics.load(this.#quads, address >>> 3);
  }

  add64(address: number, value: bigint): void {
    Atomics.add(this.#quads, address >>> 3, value);
  }

  /** The same word in CPU `cpu`'s unit. */
  percpu(offset: number, cpu: number): number {
    return this.constant("PERCPU_BASE") + cpu * this.constant("PERCPU_STRIDE") + offset;
  }

  event(name: string): number {
    return Number(this.machine.events()[name] ?? -1n);
  }

  /** Codes of the log, WARN_* by name. */
  warnings(): string[] {
    return this.machine.log().map(({ code }) => code);
  }

  /** Polls until `holds` does. @throws after a deadline, naming `what` */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!holds()) {
      if (this.machine.failed !== null) throw this.machine.failed;
      if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Until CPU `cpu` waits for what WAIT_* names, and for `object` if given. */
  waits(cpu: number, what: string, object?: number): Promise<void> {
    return this.until(`CPU ${cpu} waits: ${what} ${object ?? ""}`, () => {
      const task = this.machine.tasks()[cpu];
      return task?.wait === what && (object === undefined || task.object === object);
    });
  }

  /** Puts CPU `cpu` into `fn(entered, leave, ...rest)` and returns once it is inside. */
  async enter(cpu: number, fn: string, ...rest: number[]): Promise<Guest> {
    const entered = this.alloc();
    const leave = this.alloc();
    const result = this.call(cpu, fn, entered, leave, ...rest);
    await this.until(`CPU ${cpu} is in ${fn}`, () => this.get(entered) === 1);
    return {
      leave: () => {
        this.set(leave, 1);
        return result;
      },
    };
  }
}

/** A CPU that stays inside until told. */
export interface Guest {
  leave(): Promise<number>;
}

/** A test with a machine of its own, closed whatever happens. */
export function staged(
  name: string,
  options: MachineOptions,
  body: (stage: Stage) => Promise<void>,
): void {
  test(name, async () => {
    const machine = await boot({ deadlineMs: DEADLINE_MS, ...options });
    try {
      await body(new Stage(machine));
    } finally {
      await machine.close();
    }
  });
}
