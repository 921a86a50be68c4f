// SPDX-License-Identifier: GPL-2.0-only
/** Sleeping and waking between threads, against a model of its own; and the clock. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explore, prepare } from "../../host/check/configuration.ts";
import type { Call } from "../../host/machine/coroutine/program.ts";
import { count, type Model } from "./model.ts";
import {
  configurationFor,
  explored,
  imageForAll,
  MODELS,
  never,
  type Options,
  outcomeOf,
  scripts,
} from "./programs.ts";

interface Sleepers {
  readonly word: number;
  /** Waiters that sleep, first come first. */
  readonly queue: readonly number[];
  /** Of each waiter: before its wait, asleep, woken, done. */
  readonly waiters: readonly ("before" | "asleep" | "woken" | "done")[];
  /** Of each waker: steps that it has made. */
  readonly wakers: readonly number[];
}

/** Waiters sleep while the word is 0; each waker sets it and wakes `most`. */
function model(waiters: number, wakers: number, most: number): Model<Sleepers> {
  const stepOf = (s: Sleepers, i: number): Sleepers[] => {
    const place = s.waiters[i];
    if (place === "woken") return [{ ...s, waiters: s.waiters.with(i, "done") }];
    if (place !== "before") return [];
    if (s.word !== 0) return [{ ...s, waiters: s.waiters.with(i, "done") }];
    return [{ ...s, waiters: s.waiters.with(i, "asleep"), queue: [...s.queue, i] }];
  };
  const wake = (s: Sleepers, i: number): Sleepers[] => {
    const made = s.wakers[i] ?? 0;
    const next = { ...s, wakers: s.wakers.with(i, made + 1) };
    if (made === 0) return [{ ...next, word: 1 }];
    if (made > 1) return [];
    const woken = s.queue.slice(0, most);
    const places = s.waiters.map((place, w) => (woken.includes(w) ? "woken" : place));
    return [{ ...next, waiters: places, queue: s.queue.slice(most) }];
  };
  return {
    start: {
      ...{ word: 0, queue: [], waiters: Array(waiters).fill("before") },
      wakers: Array(wakers).fill(0),
    },
    next: (s) => [
      ...s.waiters.flatMap((_, i) => stepOf(s, i)),
      ...s.wakers.flatMap((_, i) => wake(s, i)),
    ],
    key: (s) => JSON.stringify(s),
  };
}

function calls(waiters: number, wakers: number, most: number) {
  return scripts((word) => [
    ...Array.from({ length: waiters }, () => [
      { fn: "futex_wait", args: [word(0), 0, -1n] satisfies Call["args"] },
    ]),
    ...Array.from({ length: wakers }, () => [
      { fn: "xchg", args: [word(0), 1] },
      { fn: "futex_wake", args: [word(0), most] },
    ]),
  ]);
}

for (const [waiters, wakers, most] of [
  [1, 1, 1],
  [2, 1, 2],
  [2, 2, 1],
  [3, 1, 9],
  [3, 2, 2],
] as const) {
  test(`${waiters} waiters, ${wakers} that wake ${most}: as a model has it`, () => {
    const { states, transitions, depth } = count(model(waiters, wakers, most));
    const options = { reduction: false, liveness: false };
    const { found, counts } = explored(calls(waiters, wakers, most), waiters + wakers, options);
    assert.is(found.kind, "exhausted");
    assert.equal(counts, { states, transitions, depth });
    for (const more of [{}, { search: "dfs" as const }]) {
      assert.is(
        explored(calls(waiters, wakers, most), waiters + wakers, more).found.kind,
        "exhausted",
      );
    }
  });
}

test("who is woken by nobody is a deadlock; whose word has changed, a lost wake-up", () => {
  const property = (build: ReturnType<typeof scripts>, threads = 2) => {
    const { found } = explored(build, threads);
    return found.kind === "violated" ? found.violation.property : found.kind;
  };
  const wait = (at: number) => ({ fn: "futex_wait", args: [at, 0, -1n] });
  assert.is(property(scripts((word) => [[wait(word(0))], [wait(word(1))]])), "deadlock");
  const forgets = (at: number) => [{ fn: "xchg", args: [at, 1] }];
  assert.is(property(scripts((word) => [[wait(word(0))], forgets(word(0))])), "lost wake-up");
  assert.is(property(calls(2, 1, 1), 3), "lost wake-up", "one waiter too many");
});

test("a wake-up of as many as there can be wakes all", () => {
  assert.is(explored(calls(2, 1, -1), 3).found.kind, "exhausted");
  const asleep = scripts((word) => [
    [{ fn: "futex_wait", args: [word(0), 0, -1n] }],
    [{ fn: "futex_wait", args: [word(0), 0, -1n] }],
    [{ fn: "futex_wake", args: [word(0), -1] }],
  ]);
  const { on } = explored(asleep, 3);
  on.restart();
  for (const thread of [0, 1, 2]) on.perform(thread);
  assert.equal(on.sleepers(), []);
});

for (const memory of MODELS) {
  test(`who sleeps has let others see all its stores, ${memory}`, () => {
    const build = scripts(
      (word) => [
        [
          { fn: "WRITE_ONCE", args: [word(1), 1] },
          { fn: "futex_wait", args: [word(0), 0, -1n], keep: "r" },
        ],
        [
          { fn: "smp_store_mb", args: [word(0), 1] },
          { fn: "READ_ONCE", args: [word(1)], keep: "seen" },
          { fn: "futex_wake", args: [word(0), 1] },
        ],
      ],
      { outcome: outcomeOf(2, 1, 0) },
    );
    const all = [...explored(build, 2, { memory }).outcomes].map((one) => one.slice(0, 5)).sort();
    assert.equal(all, ["0 | 1", "1 | 0", "1 | 1"]);
  });
}

test("a time limit counts from when its thread came to the wait, run or remembered, reduced or not", () => {
  const build = scripts(
    (word) => [
      ...[0, 1].map((t) => [
        { fn: "xchg", args: [word(2), t] },
        { fn: "futex_wait", args: [word(0), 0, 5n], keep: "r" },
      ]),
      [
        { fn: "xchg", args: [word(2), 2] },
        { fn: "futex_wake", args: [word(0), 2] },
      ],
    ],
    { outcome: outcomeOf(2, 1, 0) },
  );
  const told = (remembers: boolean, more: Options = {}) => {
    const configuration = configurationFor(build, 3, { ticks: 2, liveness: false, ...more });
    const on = prepare(imageForAll(), configuration);
    on.remembers = remembers;
    const { counts, outcomes } = explore(on, configuration, never);
    return { counts, outcomes: [...outcomes].sort() };
  };
  assert.equal(told(true), told(false));
  const all = { reduction: false };
  assert.equal(told(true, all), told(false, all));
  assert.equal(told(true).outcomes, told(true, all).outcomes);
});

/** What a wait with a time limit returned, beside a thread that wakes it, and one that does not. */
function waitResults(ticks: number, wakes: boolean): string[] {
  const build = scripts(
    (word) => [
      [{ fn: "futex_wait", args: [word(0), 0, 5n], keep: "r" }],
      wakes
        ? [
            { fn: "xchg", args: [word(0), 1] },
            { fn: "futex_wake", args: [word(0), 1] },
          ]
        : [{ fn: "xchg", args: [word(1), 1] }],
    ],
    { outcome: outcomeOf(1, 1, 0) },
  );
  return [...explored(build, 2, { ticks }).outcomes].map((one) => one.slice(0, 1)).sort();
}

test("a time limit runs out when nobody else can go on, or whenever the clock may tick", () => {
  assert.equal(waitResults(0, true), ["0", "1"], "woken, or the word had changed");
  assert.equal(waitResults(0, false), ["2"], "timed out");
  assert.equal(waitResults(1, true), ["0", "1", "2"]);
});

test.run();
