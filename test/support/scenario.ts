// SPDX-License-Identifier: GPL-2.0-only
/**
 * Scripted interleavings on real threads: a test starts calls that block, waits until the words of the
 * shared memory show how far each has come, and only then makes the next move. No step waits for a
 * time; every wait has a deadline, and says what did not happen.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { KernelAbi } from "../../host/abi/kernel.ts";
import type { TaskState } from "../../host/machine/inspect.ts";
import {
  boot,
  type CallOptions,
  type KernelValue,
  type Machine,
  type MachineOptions,
} from "../../host/machine/machine.ts";

const DEADLINE_MS = 10_000;
const TURNS_BEFORE_SLEEP = 200;

/** A spin limit that no test outlives: whoever spins goes on until its condition changes. */
export const SPIN_ON = 1 << 27;

/** A call that may block. */
export interface Started {
  readonly fn: string;
  readonly cpu: number;
  /** Whether the reply has come; it follows the call's end by a message. */
  readonly returned: boolean;
  readonly value: number;
}

type Progress = { -readonly [K in keyof Started]: Started[K] } & { error: unknown };

export class Scenario {
  readonly machine: Machine;
  readonly words: Uint32Array;
  readonly #view: DataView;
  #events: Record<string, number> = {};

  constructor(machine: Machine) {
    this.machine = machine;
    this.words = new Uint32Array(machine.memory.buffer);
    this.#view = new DataView(machine.memory.buffer);
  }

  get kernel(): KernelAbi {
    return this.machine.kernel;
  }

  constant(name: string): number {
    return this.kernel.constant(name);
  }

  /** Address of zeroed memory of the host's. */
  alloc(bytes: number): number {
    return this.machine.hostAlloc(bytes);
  }

  /** Address of CPU `cpu`'s copy of the per-CPU variable at `offset`; without one, its task. */
  unit(cpu: number, offset = 0): number {
    return this.constant("PERCPU_BASE") + cpu * this.constant("PERCPU_STRIDE") + offset;
  }

  word(at: number): number {
    return Atomics.load(this.words, at >>> 2);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }

  poke(at: number, value: number): void {
    Atomics.store(this.words, at >>> 2, value);
  }

  task(cpu: number): TaskState {
    const task = this.machine.tasks()[cpu];
    if (task === undefined) throw new Error(`no CPU ${cpu}`);
    return task;
  }

  /** A call that does not block. */
  call(cpu: number, fn: string, ...args: KernelValue[]): Promise<number> {
    return this.machine.invoke(cpu, fn, { args, deadlineMs: DEADLINE_MS });
  }

  /** A call that may block; a test that fails leaves it behind. */
  start(cpu: number, fn: string, ...args: KernelValue[]): Started {
    return this.invoke(cpu, fn, { args });
  }

  invoke(cpu: number, fn: string, options: CallOptions): Started {
    const call: Progress = { fn, cpu, returned: false, value: 0, error: null };
    this.machine.invoke(cpu, fn, { deadlineMs: 2 * DEADLINE_MS, ...options }).then(
      (value) => {
        call.value = value;
        call.returned = true;
      },
      (error) => {
        call.error = error;
      },
    );
    return call;
  }

  /** Waits for the reply. @returns what the call returned */
  async finish(call: Started): Promise<number> {
    await this.until(`${call.fn}() on CPU ${call.cpu} returns`, () => {
      const { error } = call as Progress;
      if (error !== null) throw error;
      return call.returned;
    });
    return call.value;
  }

  /** Waits until `holds()`. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (let turn = 0; !holds(); turn++) {
      if (performance.now() > deadline) throw new Error(`never: ${what}\n${this.#describe()}`);
      if (turn < TURNS_BEFORE_SLEEP) await nextTurn();
      else await sleep(1);
    }
  }

  /** Waits until a word shows a value. */
  shows(name: string, at: number, value: number): Promise<void> {
    const what = `${name} is 0x${value.toString(16)}`;
    return this.until(what, () => this.word(at) === value);
  }

  /** Waits until CPU `cpu` is parked, waiting for what `wait` names. */
  asleep(cpu: number, wait: string): Promise<void> {
    return this.until(`CPU ${cpu} sleeps in ${wait}`, () => {
      const task = this.task(cpu);
      return task.state === "TASK_PARKED" && task.wait === wait;
    });
  }

  /** Waits until CPU `cpu` sleeps for the spinlock `lock`, with somebody's sleep on it announced. */
  blockedOn(cpu: number, lock: number): Promise<void> {
    return this.until(`CPU ${cpu} waits for the spinlock`, () => {
      const task = this.task(cpu);
      return task.wait === "WAIT_SPINLOCK" && task.object === lock && this.word(lock) === 2;
    });
  }

  /** Gives the machine `n` turns of the test's own loop: for what must not happen. */
  async turns(n = 20): Promise<void> {
    for (let i = 0; i < n; i++) await sleep(0);
  }

  /**
   * Takes a free raw spinlock from outside, so that every CPU stops where it needs it.
   *
   * @returns what lets go of it
   */
  freeze(lock: number): () => void {
    if (Atomics.compareExchange(this.words, lock >>> 2, 0, 1) !== 0) {
      throw new Error("[harness bug] the spinlock to freeze is not free");
    }
    return () => {
      if (Atomics.exchange(this.words, lock >>> 2, 0) === 2) {
        Atomics.notify(new Int32Array(this.words.buffer), lock >>> 2, 1);
      }
    };
  }

  /** Event counts since boot; by name without EV_, those that are not 0. */
  eventsSinceBoot(): Record<string, number> {
    const counts = Object.entries(this.machine.events()).map(([name, n]) => {
      return [name.replace("EV_", ""), Number(n)] as const;
    });
    return Object.fromEntries(counts.filter(([, n]) => n !== 0));
  }

  /** The same since the last call of this. */
  events(): Record<string, number> {
    const now = this.eventsSinceBoot();
    const before = this.#events;
    this.#events = now;
    const counts = Object.entries(now).map(([name, n]) => [name, n - (before[name] ?? 0)] as const);
    return Object.fromEntries(counts.filter(([, n]) => n !== 0));
  }

  #describe(): string {
    return this.machine
      .tasks()
      .map((t) => `  CPU ${t.cpu}: ${t.state} ${t.wait} 0x${t.object.toString(16)}`)
      .join("\n");
  }
}

const NEVER_MS = 1_000_000;

/** Runs `script` on a machine of its own; by default nobody spins, and no waiter's time is up. */
export async function onMachine(
  options: MachineOptions,
  script: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  const machine = await boot({ spinLimit: 0, rwsemWaitMs: NEVER_MS, ...options });
  try {
    await script(new Scenario(machine));
  } finally {
    await machine.close();
  }
}
