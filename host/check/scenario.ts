// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is checked: a scenario is a small program of threads around objects of the kernel, for each of
 * its variants (a driver, a combination of roles, a control).
 *
 * To add one: a file below scenarios/ that exports its Scenario, and its row in scenarios/table.ts.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import type { CoroutineMachine } from "../machine/coroutine/machine.ts";
import type { Program } from "../machine/coroutine/program.ts";
import type { Subject } from "../machine/driver.ts";
import type { MemoryModel } from "../result/check.ts";

/** What a scenario's objects are made with, before its threads run: CPU 0, alone. */
export interface SetUp {
  readonly machine: CoroutineMachine;
  /** Calls an export to its end. */
  call(fn: string, ...args: readonly (number | bigint)[]): number;
  constant(name: string): number;
  /** Address of the user memory of a thread, and the bytes there. */
  user(thread: number): { readonly address: number; readonly bytes: Uint8Array };
}

/** Of a litmus test: what may be seen in the end. All of it is, by some schedule, and nothing else. */
export interface Outcomes {
  /** The one that tells memory models apart. */
  readonly telling: string;
  readonly allowed: Readonly<Record<MemoryModel, readonly string[]>>;
}

export type Expected = "holds" | "violated" | null;

export type { Driver, Subject } from "../machine/driver.ts";

export interface Variant {
  /** As users name it: "readers-writer", "client-remover". */
  readonly name: string;
  /** Names of the threads, in the order of their CPUs. */
  readonly threads: readonly string[];
  /**
   * holds: the table marks it as sound; violated: a control; null: looked at as it stood, whatever is
   * found is a report. Under sequential consistency.
   */
  readonly expected: Expected;
  /** Where a weaker memory changes that. */
  readonly expectedWeak?: Partial<Readonly<Record<"tso" | "pso", Expected>>>;
  /** How often the clock may tick at any moment; default 0: only when nobody else can go on. */
  readonly ticks?: number;
  /** Looks of a spinner before it sleeps (boot_info.spin_limit); default 0. */
  readonly spinLimit?: number;
  /** boot_info.rwsem_wait_timeout_ns; default 4 ms. */
  readonly rwsemWaitNs?: number;
  /** What Program.outcome may say; there is none without it. */
  readonly outcomes?: Outcomes;
  /** Part of the suite that `hotunplug check` runs without arguments; default true. */
  readonly inSuite?: boolean;
  /** Exports that the threads and the set-up call: nothing else is in the machine. */
  readonly roots: readonly string[];
  /** Makes the objects, and says what the threads do with them. */
  readonly build: (on: SetUp) => Program;
}

export interface Scenario {
  readonly name: string;
  /** One line, for `hotunplug list`. */
  readonly summary: string;
  /** Rules of the kernel's headers that it is about: "R1-R3 of kernel/locking/rwsem.ts". */
  readonly covers: readonly string[];
  /**
   * Its variants: for the driver asked for, or the gate; of a primitive, `subject` is not looked at.
   *
   * @param threads - how many there shall be of the role that there can be several of; null: its own
   */
  readonly variants: (abi: KernelAbi, subject: Subject | null, threads: number | null) => Variant[];
  /** What it is about: it is run for each driver, for each gate by itself, or once. */
  readonly of: "driver" | "gate" | "primitive";
}
