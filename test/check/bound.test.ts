// SPDX-License-Identifier: GPL-2.0-only
/** Bounded preemptions against all schedules of small programs, written out one by one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explored, MODELS, outcomeOf, scripts } from "./programs.ts";

type Write = readonly [word: number, value: number];

/** Each thread exchanges these values into these words, and keeps what was there. */
const PROGRAMS: Readonly<Record<string, readonly (readonly Write[])[]>> = {
  "two threads of three steps": [
    [
      [0, 1],
      [1, 1],
      [0, 2],
    ],
    [
      [1, 3],
      [0, 3],
      [1, 4],
    ],
  ],
  "three threads of two steps": [
    [
      [0, 1],
      [1, 1],
    ],
    [
      [1, 2],
      [0, 2],
    ],
    [
      [0, 3],
      [0, 4],
    ],
  ],
};

interface Prefix {
  readonly at: readonly number[];
  readonly kept: readonly (readonly number[])[];
  readonly words: readonly number[];
  readonly last: number;
  readonly used: number;
}

/** All that schedules of at most `most` preemptions pass through, and what they end in. */
function bruteForce(program: readonly (readonly Write[])[], most: number) {
  const states = new Set<string>();
  const ends = new Set<string>();
  const walk = (prefix: Prefix) => {
    const { at, kept, words, last, used } = prefix;
    states.add(JSON.stringify(prefix));
    let ended = true;
    for (const [t, steps] of program.entries()) {
      const [word, value] = steps[at[t] ?? 0] ?? [];
      if (word === undefined || value === undefined) continue;
      ended = false;
      const couldGoOn = last >= 0 && last !== t && (at[last] ?? 0) < (program[last]?.length ?? 0);
      if (used + +couldGoOn > most) continue;
      walk({
        at: at.with(t, (at[t] ?? 0) + 1),
        kept: kept.with(t, [...(kept[t] ?? []), words[word] ?? 0]),
        words: words.with(word, value),
        last: t,
        used: used + +couldGoOn,
      });
    }
    if (ended) ends.add(`${kept.map((of) => of.join(",")).join(" | ")} ; ${words.join(",")}`);
  };
  const nothing = program.map(() => []);
  walk({ at: program.map(() => 0), kept: nothing, words: [0, 0], last: -1, used: 0 });
  return { states: states.size, ends: [...ends].sort() };
}

function bounded(program: readonly (readonly Write[])[], preemptions: number | null) {
  const [first = []] = program;
  const build = scripts(
    (word) =>
      program.map((steps) =>
        steps.map(([i, value], n) => ({ fn: "xchg", args: [word(i), value], keep: `k${n}` })),
      ),
    { outcome: outcomeOf(program.length, first.length, 2) },
  );
  const options = { preemptions, reduction: false, liveness: false };
  const { found, counts, outcomes, leftOut } = explored(build, program.length, options);
  assert.is(found.kind, "exhausted");
  return { states: counts.states, ends: [...outcomes].sort(), leftOut };
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  for (const most of [0, 1, 2, 3]) {
    test(`${name}, ${most} preemptions: the states and ends of those schedules`, () => {
      const { states, ends, leftOut } = bounded(program, most);
      const some = bruteForce(program, most);
      assert.equal({ states, ends }, some);
      const isAll = bruteForce(program, most + 1).states === some.states;
      assert.is(leftOut > 0, !isAll, "what was left out is told");
    });
  }

  test(`${name}: each preemption more finds as much and more, and at last all`, () => {
    const all = [0, 1, 2, 9].map((most) => bounded(program, most));
    for (const [i, { ends }] of all.entries()) {
      const before = all[i - 1]?.ends ?? [];
      assert.equal(
        before.filter((end) => !ends.includes(end)),
        [],
      );
    }
    const sizes = all.map(({ ends }) => ends.length);
    assert.ok((sizes[0] as number) < (sizes[1] as number), `${sizes}`);
    assert.equal(all.at(-1)?.ends, bounded(program, null).ends);
    assert.is(all.at(-1)?.leftOut, 0);
  });
}

test("without preemptions threads run one behind the other", () => {
  const [program = []] = Object.values(PROGRAMS);
  assert.is(bounded(program, 0).ends.length, 2);
});

const looks = (words: readonly number[]) =>
  words.map((word, i) => ({ fn: "READ_ONCE", args: [word], keep: `k${i}` }));

/** What thread 1 reads in word 0, twice, beside a store that waits; no thread is put off. */
function seenBeside(memory: "sc" | "tso" | "pso") {
  const build = scripts(
    (word) => [[{ fn: "WRITE_ONCE", args: [word(0), 1] }], looks([word(0), word(0)])],
    { outcome: outcomeOf(2, 2, 0) },
  );
  const { outcomes } = explored(build, 2, { memory, preemptions: 0 });
  return [...outcomes].map((one) => one.slice(6, 9)).sort();
}

test("stores that drain, and the clock, put nobody off: whatever the bound, they may", () => {
  assert.equal(seenBeside("sc"), ["0,0", "1,1"]);
  for (const memory of ["tso", "pso"] as const) {
    assert.equal(seenBeside(memory), ["0,0", "0,1", "1,1"]);
  }
});

test("who is put off behind a store that drains, or a tick, is put off all the same", () => {
  const build = scripts(
    (word) => [
      [{ fn: "WRITE_ONCE", args: [word(0), 1] }, ...looks([word(1), word(1)])],
      [
        { fn: "xchg", args: [word(1), 1] },
        { fn: "READ_ONCE", args: [word(0)] },
      ],
    ],
    { outcome: outcomeOf(1, 2, 0) },
  );
  for (const memory of MODELS) {
    const { outcomes } = explored(build, 2, { memory, preemptions: 0, ticks: 1 });
    const seen = [...new Set([...outcomes].map((one) => one.slice(0, 3)))].sort();
    assert.equal(seen, ["0,0", "1,1"], memory);
  }
});

test.run();
