// SPDX-License-Identifier: GPL-2.0-only
/** Variants that the workers of a parallel search make for themselves, by name and arguments. */
import { isMainThread } from "node:worker_threads";
import type { SetUp, Variant } from "../../host/check/scenario.ts";
import { removal } from "../../host/check/scenarios/removal.ts";
import type { Program } from "../../host/machine/coroutine/program.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { onlooker, readersForever, spinner } from "./programs.ts";

/** Readers, with so many sections each, against a remover: every access is atomic. */
export function yardstick(readers: number, sections: number): Variant {
  const roles = [...Array.from({ length: readers }, () => "reader"), "remover"];
  const build = (on: SetUp): Program => {
    on.call("cpu_enter");
    const record = on.call("yardstick_init");
    on.call("cpu_leave");
    const onCpu = (fn: string, ...args: number[]) => [
      { fn: "cpu_enter" },
      { fn, args: [record, ...args], expect: [0] },
      { fn: "cpu_leave" },
    ];
    const threads = roles.map((name) => {
      const args = name === "reader" ? [sections] : [];
      return { name, calls: onCpu(`yardstick_${name}`, ...args) };
    });
    return { threads, end: onCpu("yardstick_end") };
  };
  const roots = ["init", "reader", "remover", "end"].map((role) => `yardstick_${role}`);
  return { name: "yardstick", threads: roles, expected: "holds", roots, build };
}

export function removalThrough(gate: string, clients: number): Variant {
  const driver = { revision: "put_device", gate };
  const [variant] = removal.variants(kernelImage("default").abi, driver, clients);
  if (variant === undefined) throw new Error(`no removal through ${gate}`);
  return variant;
}

/** A writer that readers keep out for ever, if they keep to its word. */
export function starving(isHeld: boolean): Variant {
  const roots = ["yardstick_init", "atomic_add", "yardstick_remover"];
  const threads = ["reader", "reader", "writer"];
  const build = readersForever(2, isHeld);
  return { name: "starving", threads, expected: "violated", roots, build };
}

/** One who spins until another lets go. */
export function spinning(): Variant {
  const roots = ["yardstick_init", "atomic_add", "yardstick_remover"];
  const threads = ["spinner", "holder"];
  return { name: "spinning", threads, expected: "holds", roots, build: spinner([-0x100]) };
}

export function lookingOn(): Variant {
  const roots = ["atomic_read", "atomic_set", "yardstick_init"];
  const threads = ["looker", "ender"];
  return { name: "looking on", threads, expected: "holds", roots, build: onlooker };
}

/** Fails, and is no violation, once somebody comes to an end. */
export function failing(): Variant {
  const variant = yardstick(2, 1);
  const audit = () => {
    throw new Error("the audit failed");
  };
  return { ...variant, build: (on) => ({ ...variant.build(on), audit }) };
}

/** The thread of a worker is gone before it has begun. */
export function exiting(): Variant {
  const variant = yardstick(2, 1);
  return { ...variant, build: isMainThread ? variant.build : () => process.exit(7) };
}
