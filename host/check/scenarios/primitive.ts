// SPDX-License-Identifier: GPL-2.0-only
/**
 * Scenarios of a primitive: thread bodies of the kernel's workload/ folder around one record.
 *
 * PREFIX_init makes the record, PREFIX_ROLE is what a thread of that role does with it, PREFIX_end looks
 * at what is left and frees it.
 */
import type { KernelAbi } from "../../abi/kernel.ts";
import type { Thread } from "../../machine/coroutine/program.ts";
import type { Scenario, Variant } from "../scenario.ts";
import { AUDIT_ROOTS, nothingLeft } from "./audit.ts";
import { onCpu } from "./on-cpu.ts";
import { kindsOf } from "./records.ts";

export interface Role {
  readonly name: string;
  /** Arguments behind the record. */
  readonly args: readonly number[];
  /** What its body may return. */
  readonly expect: readonly number[];
  /** How many threads have this role; one that says so can have as many as are asked for. */
  readonly times?: number;
  /** Comes again and again: nobody may be kept out for ever by that. */
  readonly forever?: boolean;
  /** On a CPU that is offline for RCU: no grace period waits for it. */
  readonly offline?: boolean;
}

type Knobs = Pick<
  Variant,
  "expectedWeak" | "ticks" | "spinLimit" | "rwsemWaitNs" | "inSuite" | "outcomes"
>;

/** Who meets: the roles of a variant. */
export interface Cast extends Knobs {
  readonly roles: readonly Role[];
  /** Default: the names of the threads. */
  readonly name?: string;
  /** Default: the scenario's. */
  readonly prefix?: string;
  /** Arguments of PREFIX_init. */
  readonly init?: readonly number[];
  /** What is done with the record before the threads run. */
  readonly first?: Role;
  /** Default: holds. */
  readonly expected?: Variant["expected"];
}

export interface Primitive {
  readonly name: string;
  readonly summary: string;
  readonly covers: readonly string[];
  readonly prefix: string;
  readonly casts: (abi: KernelAbi) => readonly Cast[];
}

/** A role whose body returns 0, or one of `errnos`, which are positive. */
export function role(name: string, args: readonly number[] = [], ...errnos: number[]): Role {
  return { name, args, expect: [0, ...errnos.map((errno) => -errno)] };
}

/** So many threads of a role, unless the user asks for another number. */
export function several(times: number, of: Role): Role {
  return { ...of, times };
}

/** A role whose threads come again and again, beside others that are to end. */
export function forever(of: Role): Role {
  return { ...of, forever: true };
}

/** A role that is no reader, on a CPU that is in user mode to RCU all the while. */
export function offline(of: Role): Role {
  return { ...of, offline: true };
}

function threadsOf(roles: readonly Role[], asked: number | null): Role[] {
  const first = roles.find(({ times }) => times !== undefined);
  return roles.flatMap((of) => {
    const times = of === first && asked !== null ? asked : (of.times ?? 1);
    return Array.from({ length: times }, () => of);
  });
}

function thread(prefix: string, record: number, of: Role): Thread {
  const { name, args, expect, forever } = of;
  const call = { fn: `${prefix}_${name}`, args: [record, ...args], expect };
  const calls = of.offline === true ? [call] : onCpu(call);
  return { name, calls, ...(forever === true ? { forever } : {}) };
}

function variantOf(prefix: string, cast: Cast, asked: number | null): Variant {
  const { roles, init = [], first, expected = "holds", name, prefix: _, ...knobs } = cast;
  const threads = threadsOf(roles, asked);
  const names = threads.map((of) => of.name);
  const before = first === undefined ? [] : [first];
  const bodies = ["init", ...[...before, ...threads].map((of) => of.name), "end"];
  return {
    ...knobs,
    name: name ?? names.join("-"),
    threads: names,
    expected,
    roots: [...bodies.map((body) => `${prefix}_${body}`), "rcu_barrier", ...AUDIT_ROOTS],
    build: (on) => {
      const audit = nothingLeft(on);
      on.call("cpu_enter");
      const record = on.call(`${prefix}_init`, ...init);
      for (const of of before) on.call(`${prefix}_${of.name}`, record, ...of.args);
      on.call("cpu_leave");
      const end = { fn: `${prefix}_end`, args: [record], expect: [0] };
      return {
        threads: threads.map((of) => thread(prefix, record, of)),
        end: onCpu({ fn: "rcu_barrier" }, end),
        audit,
        kinds: kindsOf(prefix, record),
      };
    },
  };
}

export function primitive({ prefix, casts, ...rest }: Primitive): Scenario {
  return {
    ...rest,
    of: "primitive",
    variants: (abi, _driver, asked) =>
      casts(abi).map((cast) => variantOf(cast.prefix ?? prefix, cast, asked)),
  };
}
