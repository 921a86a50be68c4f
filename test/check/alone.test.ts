// SPDX-License-Identifier: GPL-2.0-only
/**
 * That nothing is lost where one thread goes first: programs of three threads come to the same ends with
 * every step that is possible, and with those that are enough.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explore, prepare } from "../../host/check/configuration.ts";
import { Exhaustive } from "../../host/check/exhaustive.ts";
import { Futures } from "../../host/check/futures.ts";
import { checkImage } from "../../host/check/weave.ts";
import type { Call } from "../../host/machine/coroutine/program.ts";
import { randomFrom } from "../../host/stats/random.ts";
import {
  configurationFor,
  explored,
  imageForAll,
  never,
  type Options,
  outcomeOf,
  scripts,
} from "./programs.ts";

type Scripts = Parameters<typeof scripts>[0];

const ALONE: Options = { liveness: false };
const ALL: Options = { liveness: false, reduction: false };

function programOf(calls: Scripts) {
  return scripts(calls, { outcome: outcomeOf(3, 2, 3) });
}

/** How a program can end: its outcomes, or what is violated. */
function ends(calls: Scripts, options: Options): string[] {
  const { found, outcomes } = explored(programOf(calls), 3, options);
  return found.kind === "violated" ? [found.violation.property] : [...outcomes].sort();
}

const xchg = (at: number, value: number, keep?: string): Call => ({
  ...{ fn: "xchg", args: [at, value] },
  ...(keep === undefined ? {} : { keep }),
});
const wake = (at: number): Call => ({ fn: "futex_wake", args: [at, 1] });

test("who sleeps may still do what follows a wake-up", () => {
  const calls: Scripts = (word) => [
    [{ fn: "futex_wait", args: [word(0), 0, -1n], keep: "r" }, xchg(word(1), 1, "s")],
    [xchg(word(1), 2, "r")],
    [{ ...wake(word(0)), keep: "r" }, xchg(word(0), 1), { ...wake(word(0)), keep: "s" }],
  ];
  const all = ends(calls, ALL);
  assert.is(all.length, 6);
  assert.equal(ends(calls, ALONE), all);
  assert.equal(ends(calls, { search: "dfs" }), all);
});

test("who looks at the clock does not go before a tick alone", () => {
  const image = checkImage(["ktime_get", "xchg"]);
  const program = programOf((word) => [
    [{ fn: "ktime_get", keep: "r" }],
    [xchg(word(1), 1)],
    [xchg(word(2), 2)],
  ]);
  for (const options of [ALONE, ALL]) {
    const configuration = configurationFor(program, 3, { ticks: 1, ...options });
    const { outcomes } = explore(prepare(image, configuration), configuration, never);
    assert.is(outcomes.size, 2, JSON.stringify(options));
  }
});

test("what a step accessed that broke something nobody looks for is known as well", () => {
  const program = programOf((word) => [
    [xchg(word(1), 1)],
    [xchg(word(2), 1), { fn: "xchg", args: [word(1), 5], expect: [7] }],
    [xchg(word(2), 1)],
  ]);
  for (const found of ["returned 0", "returned 1"]) {
    const wanted: NonNullable<Options["wanted"]> = ({ detail }) => detail.endsWith(found);
    const run = explored(program, 3, { ...ALONE, wanted });
    assert.is(run.found.kind, "violated", found);
  }
});

/** Calls at random, to words that are known to be 0 or 1. */
function anyCalls(seed: number): Scripts {
  const random = randomFrom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const plan = Array.from({ length: 3 }, () =>
    Array.from({ length: 1 + below(3) }, () => [below(8), below(3), below(2)] as const),
  );
  const call = (
    word: (i: number) => number,
    [what, i, value]: readonly [number, number, number],
  ) => {
    const at = word(i);
    const call: readonly Call[] = [
      { fn: "xchg", args: [at, value] },
      { fn: "atomic_read", args: [at] },
      { fn: "WRITE_ONCE", args: [at, value] },
      { fn: "smp_store_release", args: [at, value + 1] },
      { fn: "futex_wait", args: [at, 0, -1n] },
      { fn: "futex_wake", args: [at, 1] },
      { fn: "futex_wait", args: [at, value, 5n] },
      { fn: "atomic_cmpxchg", args: [at, 0, value + 1] },
    ];
    return call[what] as Call;
  };
  const kept = (one: Call, keep: string) => (/WRITE|store/.test(one.fn) ? one : { ...one, keep });
  return (word) =>
    plan.map((list) => list.map((one, i) => kept(call(word, one), i % 2 === 0 ? "r" : "s")));
}

/** Explores from the start whenever more is learnt, with no schedules at random before that. */
function endsWithoutScout(calls: Scripts, options: Options): string[] {
  const configuration = configurationFor(programOf(calls), 3, options);
  const on = prepare(imageForAll(), configuration);
  const futures = new Futures();
  for (;;) {
    const all = { ...configuration, onProgress: never };
    const { found, outcomes } = new Exhaustive(on, all, futures).run();
    if (found.kind === "contended") continue;
    return found.kind === "violated" ? [found.violation.property] : [...outcomes].sort();
  }
}

for (const [memory, ticks, count] of [
  ["sc", 0, 60],
  ["sc", 1, 40],
  ["tso", 0, 25],
  ["pso", 1, 25],
] as const) {
  test(`programs at random come to the same ends: ${memory}, ${ticks} ticks`, () => {
    let many = 0;
    for (let seed = 1; seed <= count; seed++) {
      const calls = anyCalls(seed * 7919 + ticks);
      // Which of several violations is met first is one thing here and another there.
      const all = ends(calls, { ...ALL, memory, ticks });
      const alone = { ...ALONE, memory, ticks };
      const isBroken = (one: string[]) => one.length === 1 && /^[a-z]/.test(one[0] as string);
      for (const some of [ends(calls, alone), endsWithoutScout(calls, alone)]) {
        if (isBroken(all)) assert.ok(isBroken(some), `${seed}: ${all} ${some}`);
        else assert.equal(some, all, `${seed}`);
      }
      if (all.length > 2) many++;
    }
    assert.ok(many > count / 10, `${many} have more than two ends`);
  });
}

test.run();
