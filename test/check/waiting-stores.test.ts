// SPDX-License-Identifier: GPL-2.0-only
/** Stores that wait, beside what the litmus tests have: barriers, halves of words, ranges, a buffer that is full. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SetUp, Variant } from "../../host/check/scenario.ts";
import type { Call } from "../../host/machine/coroutine/program.ts";
import { explored, MODELS, outcomeOf, outcomesOf, scripts, sharedWords } from "./programs.ts";

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
      const seen = (reduction: boolean) => outcomesOf(build, 2, { memory, reduction });
      assert.equal(seen(true), seen(false));
      const isWeak = seen(true).some((outcome) => outcome.startsWith("0 | 0"));
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
        assert.equal(outcomesOf(build, 2, { memory, reduction }), wanted);
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
      const seenBy = outcomesOf(build, 2, { memory, reduction }).map((one) =>
        Number(one.split(" ")[2]),
      );
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
  const of = (reduction: boolean) => outcomesOf(build, 3, { memory, reduction, liveness: false });
  return [of(true), of(false)] as const;
}

const look = (word: number): Call => ({ fn: "READ_ONCE", args: [word], keep: "seen" });
const [X, Y, OWN] = [0, 1, 2];

/** What a thread does, and at which word the third looks; the second looks at X. */
const BESIDE_OTHERS: readonly [
  name: string,
  stores: (word: (i: number) => number) => Call[],
  third: number,
][] = [
  [
    "a store that waits when its thread is done, MODEL: who looks alone may come too soon or not",
    (word) => [
      { fn: "xchg", args: [word(Y), 1] },
      { fn: "WRITE_ONCE", args: [word(X), 1] },
    ],
    Y,
  ],
  [
    "a barrier of nobody else's, MODEL: others may look before what it drains",
    (word) => [
      { fn: "WRITE_ONCE", args: [word(X), 1] },
      { fn: "xchg", args: [word(OWN), 1] },
    ],
    X,
  ],
];

for (const memory of MODELS) {
  for (const [name, stores, third] of BESIDE_OTHERS) {
    test(name.replace("MODEL", memory), () => {
      const [some, all] = seen(
        (word) => [stores(word), [look(word(X))], [look(word(third))]],
        memory,
      );
      assert.equal(some, all);
      assert.equal([...new Set(all.map((one) => one.split(" ")[2]))].sort(), ["0", "1"]);
    });
  }
}

test.run();
