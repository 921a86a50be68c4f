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

for (const memory of MODELS) {
  for (const [half, offset] of [
    ["lower", 0],
    ["upper", 4],
  ] as const) {
    test(`a wide store of which somebody looks at the ${half} half, ${memory}: as SB has it`, () => {
      const build = scripts(
        (word) => [
          [
            { fn: "WRITE_ONCE64", args: [word(0), (1n << 32n) | 1n] },
            { fn: "READ_ONCE", args: [word(1)], keep: "seen" },
          ],
          [
            { fn: "WRITE_ONCE", args: [word(1), 1] },
            { fn: "READ_ONCE", args: [word(0) + offset], keep: "seen" },
          ],
        ],
        { outcome: outcomeOf(2, 1, 0) },
      );
      const strong = ["0 | 1 ; ", "1 | 0 ; ", "1 | 1 ; "];
      const wanted = memory === "sc" ? strong : ["0 | 0 ; ", ...strong];
      for (const reduction of [true, false]) {
        assert.equal(found(build, 2, { memory, reduction }), wanted);
      }
    });
  }
}

/** What thread 0, that looks at its own stores, and a thread beside it see; and a word in the end. */
function ownStores(
  memory: (typeof MODELS)[number],
  offset: number,
  reduction: boolean,
  stores: (at: number) => Call[],
): { own: string[]; others: string[]; last: string[] } {
  const build = scripts(
    (word) => [
      [...stores(word(1)), { fn: "READ_ONCE", args: [word(1) + offset], keep: "seen" }],
      [{ fn: "READ_ONCE", args: [word(1)], keep: "seen" }],
    ],
    {
      outcome: ({ regions, words, layout }) =>
        `${regions.kept(0, 0)} ${regions.kept(1, 0)} ${words[(layout.map.hostStart + 64 + offset) >>> 2]}`,
    },
  );
  const all = [...explored(build, 2, { memory, reduction }).outcomes].map((one) => one.split(" "));
  const [own, others, last] = [0, 1, 2].map((i) =>
    [...new Set(all.map((one) => one[i] ?? ""))].sort(),
  );
  return { own: own ?? [], others: others ?? [], last: last ?? [] };
}

for (const memory of MODELS) {
  for (const reduction of [true, false]) {
    const name = `${memory}${reduction ? "" : ", each access a step"}`;

    test(`a range behind a store to it, ${name}: the store is overwritten`, () => {
      const { own, last } = ownStores(memory, 0, reduction, (at) => [
        { fn: "WRITE_ONCE", args: [at, 7] },
        { fn: "cdev_init", args: [at - 4, 0] }, // fills with 0, and sets the first word
      ]);
      assert.equal([own, last], [["0"], ["0"]]);
    });

    test(`a store to half of a wide one that waits, ${name}: it comes behind that`, () => {
      const seen = ownStores(memory, 4, reduction, (at) => [
        { fn: "WRITE_ONCE64", args: [at, (1n << 32n) | 1n] },
        { fn: "READ_ONCE", args: [at] },
        { fn: "WRITE_ONCE", args: [at + 4, 2] },
      ]);
      assert.equal(seen, { own: ["2"], others: ["0", "1"], last: ["2"] });
    });
  }
}

for (const memory of ["tso", "pso"] as const) {
  test(`more stores than may wait, ${memory}: others may see each of them`, () => {
    const values = Array.from({ length: 15 }, (_, i) => i);
    const build = scripts(
      (word) => [
        values.slice(1).map((value) => ({ fn: "WRITE_ONCE", args: [word(0), value] })),
        [{ fn: "READ_ONCE", args: [word(0)], keep: "seen" }],
      ],
      { outcome: outcomeOf(2, 1, 0) },
    );
    for (const reduction of [true, false]) {
      const seenBy = found(build, 2, { memory, reduction }).map((one) => Number(one.split(" ")[2]));
      assert.equal(
        seenBy.sort((a, b) => a - b),
        values,
      );
    }
  });
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
