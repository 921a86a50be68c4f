// SPDX-License-Identifier: GPL-2.0-only
/** What loads may see, and what stores may leave, under each memory model: all of it, and nothing else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Variant } from "../../host/check/scenario.ts";
import type { Call } from "../../host/machine/coroutine/program.ts";
import { MODELS, type Options, outcomesOf } from "./programs.ts";
import { exchange, load, type Op, outcomes, release, store } from "./store-buffer-model.ts";

/** Threads of tests, after assembly/workload/litmus.ts; and the outcome that tells models apart. */
const TESTS: Readonly<Record<string, readonly (readonly Op[])[]>> = {
  sb: [
    [store("x", 1), load("y")],
    [store("y", 1), load("x")],
  ],
  mp: [
    [store("x", 1), store("y", 1)],
    [load("y"), load("x")],
  ],
  lb: [
    [load("x"), store("y", 1)],
    [load("y"), store("x", 1)],
  ],
  s: [
    [store("x", 2), store("y", 1)],
    [load("y"), store("x", 1)],
  ],
  r: [
    [store("x", 1), store("y", 1)],
    [store("y", 2), load("x")],
  ],
  "2p2w": [
    [store("x", 1), store("y", 2)],
    [store("y", 1), store("x", 2)],
  ],
  iriw: [[store("x", 1)], [store("y", 1)], [load("x"), load("y")], [load("y"), load("x")]],
  wrc: [[store("x", 1)], [load("x"), store("y", 1)], [load("y"), load("x")]],
  sb_mb: [
    [exchange("x", 1), load("y")],
    [exchange("y", 1), load("x")],
  ],
};

/** Outcomes that a model has or has not, from the literature: so that the tests' own model is right too. */
const TELLTALES: Readonly<Record<string, readonly [outcome: RegExp, models: string]>> = {
  sb: [/^0 \| 0 ;/, "tso pso"],
  mp: [/^0 \| 1 ;/, "pso"],
  lb: [/^1 \| 1 ;/, ""],
  s: [/^0 \| 1 ; 2,/, "pso"],
  r: [/^0 \| 0 ; 1,2$/, "tso pso"],
  "2p2w": [/; 1,1$/, "pso"],
  iriw: [/\| 1 \| 1 ;/, ""],
  wrc: [/\| 1 \| 1 ;/, ""],
  sb_mb: [/^0 \| 0 ;/, ""],
};

/** A program whose threads make `calls`, given the addresses of x and y. */
function program(calls: readonly ((x: number, y: number) => readonly Call[])[]): Variant["build"] {
  return (on) => {
    const record = on.call("litmus_init");
    const y = record + 64;
    return {
      threads: calls.map((of, t) => {
        return { name: `t${t}`, calls: of(record, y), keepsResults: true };
      }),
      end: [{ fn: "litmus_end", args: [record] }],
      outcome: ({ regions, words }) => {
        const kept = calls.map((_, t) => regions.kept(t, 0) + 256 * regions.kept(t, 1));
        return `${kept.join(" | ")} ; ${words[record >>> 2]},${words[y >>> 2]}`;
      },
    };
  };
}

for (const [name, ops] of Object.entries(TESTS)) {
  const build = program(
    ops.map((_, t) => (x) => [{ fn: `litmus_${name}_${t}`, args: [x], keep: "r" }]),
  );
  const [outcome, models] = TELLTALES[name] ?? [/./, ""];
  for (const memory of MODELS) {
    const isSeen = models.split(" ").includes(memory);
    test(`${name}, ${memory}: every outcome that there is${isSeen ? ", the weak one too" : ""}`, () => {
      const wanted = outcomes(memory, ops);
      assert.is(
        wanted.some((one) => outcome.test(one)),
        isSeen,
        "the model of the test is right",
      );
      for (const more of [{}, { reduction: false }, { liveness: false }, { search: "dfs" }]) {
        const options = { memory, ...more } as Options;
        assert.equal(outcomesOf(build, ops.length, options), wanted, JSON.stringify(more));
      }
    });
  }
}

/** The same accesses as calls of the primitives; a thread keeps up to four loads. */
function calls(ops: readonly Op[], address: (word: string) => number): Call[] {
  let loads = 0;
  return ops.map((op) => {
    const at = address(op.word);
    if (op.op === "load") return { fn: "READ_ONCE", args: [at], keep: `r${loads++}` };
    if (op.op === "exchange") return { fn: "smp_store_mb", args: [at, op.value] };
    return { fn: op.op === "release" ? "smp_store_release" : "WRITE_ONCE", args: [at, op.value] };
  });
}

/** Longer than the classics: forwarding, coherence, releases that later stores may pass. */
const LONGER: Readonly<Record<string, readonly (readonly Op[])[]>> = {
  forwarding: [
    [store("x", 1), load("x"), load("y")],
    [store("y", 1), load("y"), load("x")],
  ],
  coherence: [
    [store("x", 1), store("x", 2)],
    [load("x"), load("x")],
  ],
  "a release behind": [
    [store("x", 1), release("y", 1)],
    [load("y"), load("x")],
  ],
  "a release in front": [
    [release("x", 1), store("y", 1)],
    [load("y"), load("x")],
  ],
  "a barrier between": [
    [store("x", 1), exchange("y", 1)],
    [load("y"), load("x")],
  ],
  "a store that overtakes two to one word": [
    [store("x", 1), store("x", 2), store("y", 1)],
    [load("y"), load("x"), load("x")],
  ],
  "stores that overtake": [
    [store("x", 1), store("y", 1), store("x", 2)],
    [load("x"), load("y")],
    [store("y", 2), load("x")],
  ],
};

for (const [name, ops] of Object.entries(LONGER)) {
  for (const memory of MODELS) {
    test(`${name}, ${memory}: every outcome that there is`, () => {
      const build = program(
        ops.map((list) => (x, y) => calls(list, (word) => (word === "x" ? x : y))),
      );
      assert.equal(outcomesOf(build, ops.length, { memory }), outcomes(memory, ops));
      assert.equal(
        outcomesOf(build, ops.length, { memory, reduction: false }),
        outcomes(memory, ops),
      );
    });
  }
}

test.run();
