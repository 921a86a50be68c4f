// SPDX-License-Identifier: GPL-2.0-only
/** What is found, and what ends a search, while it is in doubt what a step is; and states that look idle. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explore, prepare } from "../../host/check/configuration.ts";
import { reproduce } from "../../host/check/ending.ts";
import { Exhaustive } from "../../host/check/exhaustive.ts";
import type { Explored, SearchOptions } from "../../host/check/explored.ts";
import type { Variant } from "../../host/check/scenario.ts";
import {
  configurationFor,
  explored,
  imageForAll,
  never,
  type Options,
  type Run,
  scripts,
  spinner,
} from "./programs.ts";

function verdictOf({ found }: Explored): string {
  if (found.kind === "violated") return found.violation.property;
  return found.kind === "stopped" ? found.why : found.kind;
}

/** Whoever comes first goes on to word 1: that two do shows in no single schedule. */
function firstGoesOn(fn: string, args: readonly number[], expect?: readonly number[]) {
  return scripts((word) =>
    [0, 1].map((thread) => [
      { fn: "xchg", args: [word(0), -1], keep: "first" },
      {
        ...{ fn, args: [word(1), ...args], unlessFailed: "first" },
        ...(thread === 1 && expect !== undefined ? { expect } : {}),
      },
    ]),
  );
}

/** Explores without a schedule at random before, which would find out all that a small program does. */
function rounds(
  build: Variant["build"],
  { onProgress = never, ...options }: Options & Partial<SearchOptions> = {},
  threads = 2,
): readonly Run[] {
  const configuration = configurationFor(build, threads, options);
  const on = prepare(imageForAll(), configuration);
  const all: Run[] = [];
  do {
    const explored = new Exhaustive(on, { ...configuration, onProgress }, null).run();
    all.push({ on, ...explored });
  } while (all.at(-1)?.found.kind === "contended");
  return all;
}

test("what is broken by steps that are in doubt ends the round, and is told by those that are not", () => {
  const all = rounds(firstGoesOn("xchg", [1], [7]));
  assert.equal(all.map(verdictOf), ["contended", "contended", "wrong result"]);
  const states = all.map(({ counts }) => counts.states);
  assert.equal(states.slice(0, 2), [0, 2], "what comes behind is not looked at");
  const { found, on } = all.at(-1) as Run;
  assert.ok(found.kind === "violated");
  assert.equal(found.actions, [1, 1], "a step of its own for each word");
  assert.is(reproduce(on, found.actions, found.violation), 2);
});

test("what is broken before the first step, by what is in doubt, is not told either", () => {
  const build = scripts((word) => [
    [{ fn: "xchg", args: [word(0), 1] }],
    [{ fn: "xchg", args: [word(0), 2], expect: [0] }],
  ]);
  const all = rounds(build);
  assert.equal(all.map(verdictOf), ["contended", "wrong result"]);
  const { found } = all.at(-1) as Run;
  assert.equal(found.kind === "violated" && found.actions, [0, 1]);
});

test("all that there is, in doubt, and as many states as there may be, are looked at anew", () => {
  const build = firstGoesOn("xchg", [1]);
  const all = rounds(build);
  assert.equal(all.map(verdictOf), ["contended", "contended", "exhausted"]);
  assert.equal(all.at(-1)?.counts, explored(build, 2).counts);
  const some = rounds(build, { maxStates: 2 });
  assert.equal(some.map(verdictOf), ["contended", "contended", "states"]);
});

/**
 * Of threads 0 and 1 it is the second that goes on only if it comes first, which at first it does not. Once
 * it does, and many states are before that, it is known of word 3 that a step ends there, and the other
 * races at word 1 with what it did behind that.
 */
const raceInDoubt = scripts((word) => {
  const many = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ fn: "xchg", args: [word(2), i] }));
  const first = { fn: "xchg", args: [word(0), -1], keep: "first" };
  const [marked, plain] = [
    { fn: "xchg", args: [word(3), 1] },
    { fn: "mutex_init", args: [word(1)] },
  ];
  const goesOn = [marked, plain].map((call) => ({ ...call, unlessFailed: "first" }));
  return [[first, plain, marked], [...many(10), first, ...goesOn], many(10), many(5)];
});

test("a race is not told that was found in doubt, where the search is stopped before all begins anew", () => {
  const stopped = rounds(raceInDoubt, { onProgress: () => true }, 4);
  assert.equal(stopped.map(verdictOf), ["contended", "interrupted"]);
  const all = rounds(raceInDoubt, { maxStates: 2_500 }, 4);
  assert.equal(all.map(verdictOf), ["contended", "contended", "data race"]);
  const { found, on } = all.at(-1) as Run;
  assert.ok(found.kind === "violated");
  assert.is(reproduce(on, found.actions, found.violation), found.actions.length);
});

test("who spins where another's step was passed by, or left out, is not idle", () => {
  const build = spinner([-0x100], { expect: [7] });
  assert.is(verdictOf(explored(build, 2)), "wrong result");
  const wanted = ({ property }: { readonly property: string }) => property === "livelock";
  const passed = explored(build, 2, { wanted });
  assert.is(verdictOf(passed), "exhausted");
  assert.ok((passed.other?.passed ?? 0) > 0);
  const bounded = explored(spinner([-0x100]), 2, { preemptions: 0 });
  assert.is(verdictOf(bounded), "exhausted");
  assert.ok(bounded.leftOut > 0);
});

test("who only ever looks, beside one who goes on for ever, starves", () => {
  const configuration = configurationFor(spinner([0x100, -0x100], { forever: true }), 2);
  for (const remembers of [true, false]) {
    const on = prepare(imageForAll(), configuration);
    on.remembers = remembers;
    const { found } = explore(on, configuration, never);
    assert.ok(found.kind === "violated");
    assert.is(found.violation.property, "starvation");
    assert.ok(found.actions.slice(found.cycleFrom ?? 0).includes(0), "it goes on, and stays");
  }
});

test.run();
