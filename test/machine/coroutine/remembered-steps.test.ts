// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RememberedSteps } from "../../../host/machine/coroutine/remembered-steps.ts";
import { BITS, partsFor } from "./parts.ts";

const SITE = 4;
const MEBIBYTE = 2 ** 20;

/** Steps of thread 0, by the number of its region before them. */
function remembering() {
  const parts = partsFor(2);
  const { tracked, accounts, queues, word } = parts;
  const steps = new RememberedSteps(tracked, accounts, queues);
  /** Makes a step, unless it is remembered. */
  const step = (from: number, act: () => void): "remembered" | "run" | "run, and remembered" => {
    tracked.begin();
    accounts.begin();
    queues.begin();
    if (steps.find(0, from, word) !== 0) return "remembered";
    act();
    tracked.settle();
    if (!steps.canRemember) return "run";
    steps.remember(from, from + 1, 0, 0);
    return "run, and remembered";
  };
  const twice = (from: number, act: () => void) => [step(from, act), step(from, act)];
  const load = (count: number) => () => {
    for (let i = 0; i < count; i++) accounts.access(0, (word + i) * 4, BITS.load, SITE);
  };
  /** A step of thread 1 that accesses the word at `at`, as the last that it has made. */
  const other = (kind: "load" | "store", at: number) => {
    tracked.begin();
    accounts.begin();
    accounts.access(1, (word + at) * 4, BITS[kind], SITE);
    accounts.keep(1);
  };
  return { ...parts, steps, step, twice, load, other };
}

const REMEMBERED = ["run, and remembered", "remembered"];
const RUN = ["run", "run"];

test("a step is run once, unless its words are not what they were", () => {
  const { twice, load, words, word } = remembering();
  assert.equal(twice(1, load(3)), REMEMBERED);
  assert.equal(twice(2, load(3)), REMEMBERED, "of another region");
  words[word + 2] = 7;
  assert.equal(twice(1, load(3)), REMEMBERED, "with another word");
});

test("a step that looked into a queue, raced, or is of too many words is run each time", () => {
  const { twice, load, steps, queues, tracked, other, word } = remembering();
  assert.equal(
    twice(1, () => queues.wakeFirst(word * 4)),
    RUN,
  );
  assert.equal(twice(2, load(257)), RUN);
  assert.equal(twice(3, load(256)), REMEMBERED);
  tracked.knowledge.contend(word);
  steps.refresh();
  other("store", 0);
  assert.equal(twice(4, load(1)), RUN);
});

test("a step that is remembered is run where it may race, and not remembered twice", () => {
  const { step, twice, load, steps, tracked, other, word } = remembering();
  tracked.knowledge.contend(word);
  steps.refresh();
  assert.equal(twice(1, load(1)), REMEMBERED);
  for (const kind of ["load", "store"] as const) {
    other(kind, 0);
    assert.equal(twice(1, load(1)), RUN);
  }
  other("store", 1);
  assert.is(step(1, load(1)), "remembered", "it has nothing to do with that word");
});

test("a step that finds more to be contended is not remembered, and what was before is forgotten", () => {
  const { step, twice, load, steps, other } = remembering();
  assert.equal(twice(1, load(1)), REMEMBERED);
  other("store", 2);
  assert.is(step(2, load(3)), "run");
  steps.refresh();
  other("store", 9); // what it did at word 2 is ordered
  assert.equal(twice(1, load(1)), REMEMBERED);
  assert.equal(twice(2, load(3)), REMEMBERED);
});

test("many steps are all remembered, and when they would take too much memory only the last", () => {
  const { step, load, steps } = remembering();
  const make = (count: number) => Array.from({ length: count }, (_, i) => step(i, load(250)));
  assert.equal(new Set(make(1_000)), new Set(["run, and remembered"]));
  assert.equal(new Set(make(1_000)), new Set(["remembered"]));
  assert.is(make(2_500).at(-1), "run, and remembered");
  const { bytes } = steps;
  assert.ok(bytes < 5 * MEBIBYTE, `${bytes}`);
  assert.is(step(2_499, load(250)), "remembered");
  for (let i = 0; i < 4; i++) assert.is(make(2_500)[0], "run, and remembered");
  assert.is(steps.bytes, bytes);
});

test.run();
