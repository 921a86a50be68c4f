// SPDX-License-Identifier: GPL-2.0-only
/** What loads may see, and what stores may leave, under each memory model: all of it, and nothing else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SetUp, Variant } from "../../host/check/scenario.ts";
import type { Call } from "../../host/machine/coroutine/program.ts";
import { explored, type Options, outcomeOf, scripts, sharedWords } from "./programs.ts";
import { exchange, load, type Op, outcomes, release, store } from "./store-buffer-model.ts";

const MODELS = ["sc", "tso", "pso"] as const;

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

function found(build: Variant["build"], threads: number, options: Options): string[] {
  const run = explored(build, threads, options);
  assert.is(run.found.kind, "exhausted");
  return [...run.outcomes].sort();
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
        assert.equal(found(build, ops.length, options), wanted, JSON.stringify(more));
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
      assert.equal(found(build, ops.length, { memory }), outcomes(memory, ops));
      assert.equal(found(build, ops.length, { memory, reduction: false }), outcomes(memory, ops));
    });
  }
}

/** What comes behind SB, of each of its threads `t`: a full barrier that has nothing to do with it. */
const BARRIERS_BEHIND: Readonly<Record<string, (on: SetUp, t: number) => Call>> = {
  "a barrier on a word of one's own": (on, t) => ({
    fn: "xchg",
    args: [sharedWords(on)(2 + t), 1],
  }),
  "a kfree()": (on) => ({ fn: "litmus_end", args: [on.call("litmus_init")] }),
};

for (const [name, behind] of Object.entries(BARRIERS_BEHIND)) {
  for (const memory of MODELS) {
    test(`${name} behind SB, ${memory}: others may come between`, () => {
      const build: Variant["build"] = (on) => {
        const barriers = [0, 1].map((t) => behind(on, t));
        const sb = scripts(
          (word) =>
            barriers.map((barrier, t) => [
              { fn: "WRITE_ONCE", args: [word(t), 1] },
              { fn: "READ_ONCE", args: [word(1 - t)], keep: "seen" },
              barrier,
            ]),
          { outcome: outcomeOf(2, 1, 2) },
        );
        return sb(on);
      };
      const outcomesOf = (reduction: boolean) => found(build, 2, { memory, reduction });
      assert.equal(outcomesOf(true), outcomesOf(false));
      const isWeak = outcomesOf(true).some((outcome) => outcome.startsWith("0 | 0"));
      assert.is(isWeak, memory !== "sc");
    });
  }
}

/** Three threads, of which each makes `lists[t]`: what they see, with reduction (of states alone) and without. */
function seen(lists: (word: (i: number) => number) => Call[][], memory: (typeof MODELS)[number]) {
  const build = scripts(lists, { outcome: outcomeOf(3, 1, 2) });
  const outcomesOf = (reduction: boolean) =>
    found(build, 3, { memory, reduction, liveness: false });
  return [outcomesOf(true), outcomesOf(false)] as const;
}

const look = (word: number): Call => ({ fn: "READ_ONCE", args: [word], keep: "seen" });
const [X, Y, OWN] = [0, 1, 2];

for (const memory of MODELS) {
  test(`a store that waits when its thread is done, ${memory}: who looks alone may come too soon or not`, () => {
    const [some, all] = seen(
      (word) => [
        [
          { fn: "xchg", args: [word(Y), 1] },
          { fn: "WRITE_ONCE", args: [word(X), 1] },
        ],
        [look(word(X))],
        [look(word(Y))],
      ],
      memory,
    );
    assert.equal(some, all);
    assert.equal([...new Set(all.map((one) => one.split(" ")[2]))].sort(), ["0", "1"]);
  });

  test(`a barrier of nobody else's, ${memory}: others may look before what it drains`, () => {
    const [some, all] = seen(
      (word) => [
        [
          { fn: "WRITE_ONCE", args: [word(X), 1] },
          { fn: "xchg", args: [word(OWN), 1] },
        ],
        [look(word(X))],
        [look(word(X))],
      ],
      memory,
    );
    assert.equal(some, all);
    assert.equal([...new Set(all.map((one) => one.split(" ")[2]))].sort(), ["0", "1"]);
  });
}

test.run();
