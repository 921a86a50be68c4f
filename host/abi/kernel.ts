// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the module says about itself: its functions, and its constants by name. Layouts, event
 * numbers and bug codes are read from its exports, and typed nowhere else.
 */
import { MachineError } from "../errors.ts";

/** Exports that begin with one of these are codes that the host prints by name. */
export type CodePrefix =
  | "EV_"
  | "WAIT_"
  | "BUG_"
  | "WARN_"
  | "KERN_"
  | "VIOLATION_"
  | "GATE_"
  | "REV_"
  | "FAULT_"
  | "SLAB_"
  | "LEVEL_"
  | "TASK_";

export type KernelFunction = (...args: (number | bigint)[]) => number | bigint | undefined;

export class KernelAbi {
  /** Names of the exported functions. */
  readonly functions: ReadonlySet<string>;
  /** Exported constants; a 64-bit one that fits is a number as well. */
  readonly constants: ReadonlyMap<string, number>;
  readonly #names = new Map<CodePrefix, ReadonlyMap<number, string>>();

  constructor(exports: WebAssembly.Exports) {
    const functions = new Set<string>();
    const constants = new Map<string, number>();
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function") functions.add(name);
      else if (value instanceof WebAssembly.Global) constants.set(name, Number(value.value));
    }
    this.functions = functions;
    this.constants = constants;
  }

  /** @throws MachineError when the module has no such constant */
  constant(name: string): number {
    const value = this.constants.get(name);
    if (value === undefined) throw new MachineError(`the kernel exports no constant ${name}`);
    return value;
  }

  /** Code to name, for every constant with that prefix: `group("EV_").get(15) === "EV_SCHED_SLEEP"`. */
  group(prefix: CodePrefix): ReadonlyMap<number, string> {
    let names = this.#names.get(prefix);
    if (names === undefined) {
      const found = [...this.constants].filter(([name]) => name.startsWith(prefix));
      names = new Map(found.map(([name, value]) => [value, name]));
      this.#names.set(prefix, names);
    }
    return names;
  }

  /** The constant's name, or prefix and number for a code that has none. */
  nameOf(prefix: CodePrefix, code: number): string {
    return this.group(prefix).get(code) ?? `${prefix}${code}`;
  }
}
