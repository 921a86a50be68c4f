// SPDX-License-Identifier: GPL-2.0-only
/** Small programs of exported primitives, and what the engine finds of them. */
import * as assert from "uvu/assert";
import {
  type Configuration,
  DEFAULT_SEARCH,
  explore,
  prepare,
} from "../../host/check/configuration.ts";
import type { Explored } from "../../host/check/explored.ts";
import type { CheckImage } from "../../host/check/image.ts";
import type { SetUp, Variant } from "../../host/check/scenario.ts";
import { checkImage } from "../../host/check/weave.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import type { CoroutineMachine } from "../../host/machine/coroutine/machine.ts";
import type { Call, Program, Thread } from "../../host/machine/coroutine/program.ts";
import { KEPT_MOST } from "../../host/machine/coroutine/regions.ts";
import type { MemoryModel } from "../../host/result/check.ts";

/** Exports that the programs of the tests call. */
const ROOTS = [
  ...["READ_ONCE", "WRITE_ONCE", "atomic_add", "atomic_set", "atomic_read", "xchg"],
  ...[
    "cdev_init",
    "WRITE_ONCE64",
    "atomic_cmpxchg",
    "smp_store_release",
    "smp_load_acquire",
    "smp_store_mb",
    "futex_wait",
  ],
  ...[
    "futex_wake",
    "mutex_init",
    "yardstick_init",
    "yardstick_reader",
    "yardstick_remover",
    "yardstick_end",
  ],
];
const LITMUS = ["sb", "mp", "lb", "s", "r", "2p2w", "iriw", "wrc", "sb_mb"];
const LITMUS_THREADS: Readonly<Record<string, number>> = { iriw: 4, wrc: 3 };

let image: CheckImage | undefined;

/** One image for all programs of the tests. */
export function imageForAll(): CheckImage {
  const threads = LITMUS.flatMap((name) =>
    Array.from({ length: LITMUS_THREADS[name] ?? 2 }, (_, i) => `litmus_${name}_${i}`),
  );
  const more = ["litmus_init", "litmus_final", "litmus_end", "litmus_mp_release_0"];
  image ??= checkImage([...ROOTS, ...threads, ...more, "litmus_mp_acquire_1"]);
  return image;
}

export type Options = Partial<Omit<Configuration, "variant">> & { readonly ticks?: number };

export function configurationFor(build: Variant["build"], threads: number, options: Options = {}) {
  const { ticks = 0, ...more } = options;
  const names = Array.from({ length: threads }, (_, i) => `t${i}`);
  const variant: Variant = {
    ...{ name: "program", threads: names, expected: null, roots: [] },
    ...{ build, ticks },
  };
  return { ...DEFAULT_SEARCH, memory: "sc", variant, ...more } satisfies Configuration;
}

export interface Run extends Explored {
  readonly on: Interleaver;
}

/** Explores the program that `build` makes. */
export function explored(build: Variant["build"], threads: number, options: Options = {}): Run {
  const configuration = configurationFor(build, threads, options);
  const on = prepare(imageForAll(), configuration);
  return { on, ...explore(on, configuration, () => false) };
}

export const never = () => false;

export const MODELS = ["sc", "tso", "pso"] as const satisfies MemoryModel[];

/** What the program's outcomes are, in order. Context: nothing is broken, and all is explored. */
export function outcomesOf(build: Variant["build"], threads: number, options: Options): string[] {
  const run = explored(build, threads, options);
  assert.is(run.found.kind, "exhausted");
  return [...run.outcomes].sort();
}

/** Words of the host's memory, a line each, that the threads share. */
export function sharedWords({ machine }: SetUp): (i: number) => number {
  return (i) => machine.layout.map.hostStart + 64 * i;
}

/** What the threads keep, "t0: 1,2 t1: 3", and the first words of host memory. */
export function outcomeOf(threads: number, kept: number, words: number) {
  return ({ regions, words: memory, layout }: CoroutineMachine): string => {
    const results = Array.from({ length: threads }, (_, t) =>
      Array.from({ length: Math.min(kept, KEPT_MOST) }, (_, i) => regions.kept(t, i)).join(","),
    );
    const at = (i: number) => memory[(layout.map.hostStart >>> 2) + 16 * i];
    return `${results.join(" | ")} ; ${Array.from({ length: words }, (_, i) => at(i)).join(",")}`;
  };
}

/** A program of scripts; `alike`: all of them are interchangeable. */
export function scripts(
  calls: (word: (i: number) => number) => readonly (readonly Call[])[],
  more: { readonly alike?: boolean; readonly outcome?: Program["outcome"] } = {},
): Variant["build"] {
  return (on) => ({
    threads: calls(sharedWords(on)).map((list, i) => ({
      ...{ name: `t${i}`, calls: list, keepsResults: more.outcome !== undefined },
      ...(more.alike === true ? { alike: 0 } : {}),
    })),
    end: [],
    ...(more.outcome === undefined ? {} : { outcome: more.outcome }),
  });
}

/** Readers and the remover of assembly/workload/yardstick.ts. */
export function yardstick(readers: number, sections: number, alike = false): Variant["build"] {
  return (on) => {
    const record = on.call("yardstick_init");
    const reader = {
      ...{ name: "reader", calls: [{ fn: "yardstick_reader", args: [record, sections] }] },
      ...(alike ? { alike: 0 } : {}),
    };
    const remover = { name: "remover", calls: [{ fn: "yardstick_remover", args: [record] }] };
    return {
      threads: [...Array.from({ length: readers }, () => reader), remover],
      end: [{ fn: "yardstick_end", args: [record] }],
    };
  };
}

/** Readers that come and go for ever, and a writer that takes the lock only when nobody is inside. */
export function readersForever(readers: number, isHeld: boolean): Variant["build"] {
  return (on: SetUp) => {
    const record = on.call("yardstick_init");
    const word = isHeld ? record : sharedWords(on)(0);
    const calls = [0x100, -0x100].map((n) => ({ fn: "atomic_add", args: [n, word] }));
    const reader = { name: "reader", calls, forever: true };
    const writer = { name: "writer", calls: [{ fn: "yardstick_remover", args: [record] }] };
    return { threads: [...Array.from({ length: readers }, () => reader), writer], end: [] };
  };
}

/** Who spins while a lock is held, beside who changes by how much it is. */
export function spinner(
  changes: readonly number[],
  { forever = false, ...ofCall }: Partial<Call & Thread> = {},
): Variant["build"] {
  return (on) => {
    const record = on.call("yardstick_init");
    on.call("atomic_add", 0x100, record);
    const calls = changes.map((n) => ({ fn: "atomic_add", args: [n, record], ...ofCall }));
    const remover = { fn: "yardstick_remover", args: [record] };
    const threads = [
      { name: "spinner", calls: [remover] },
      { name: "holder", calls, forever },
    ];
    return { threads, end: [] };
  };
}

/** One who looks on for ever and changes nothing, beside one who comes to an end. */
export const onlooker: Variant["build"] = (on) => {
  const word = sharedWords(on)(0);
  const looker = { name: "looker", calls: [{ fn: "atomic_read", args: [word] }], forever: true };
  const ender = { name: "ender", calls: [{ fn: "atomic_set", args: [word, 1] }] };
  return { threads: [looker, ender], end: [] };
};
