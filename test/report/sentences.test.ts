// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sentencesOf } from "../../host/report/sentences.ts";
import type { ComparisonRow, Metric, Result } from "../../host/result/result.ts";
import { wordFor } from "../../host/stats/ratio.ts";
import { sampleResult } from "./sample-result.ts";

const PAIR: Metric = {
  ...{ what: "pair", threads: 2, devices: "same", condition: null, oversubscribed: false },
};

function compared(a: string, low: number, high: number, metric = PAIR): ComparisonRow {
  const ratio = { median: (low + high) / 2, low, high };
  return { metric, a, b: "rwsem", ratio, pairs: 9, word: wordFor({ ratio, pairs: 9 }) };
}

function resultWith(changes: Partial<Result>): Result {
  const none = { pairs: [], removals: [], storms: [], comparisons: [], breakEvens: [] };
  return { ...sampleResult(), ...none, ...changes };
}

test("what is faster is said with how much and its interval, turned over to speeds", () => {
  const [first = ""] = sentencesOf(
    resultWith({ comparisons: [compared("percpu_ref", 0.02, 0.03)] }),
  );
  assert.is(
    first,
    "On one shared device, 2 threads, percpu_ref is 40.0 times as fast as rwsem for an enter/exit pair (95 % interval 33.3 to 50.0).",
  );
});

test("an interval with 1 in it is no difference seen, and never none", () => {
  const [first = ""] = sentencesOf(resultWith({ comparisons: [compared("refcount", 0.9, 1.2)] }));
  assert.is(
    first,
    "On one shared device, 2 threads, no difference was seen between refcount and rwsem for an enter/exit pair (95 % interval 0.900 to 1.20, 9 rounds).",
  );
});

test("where all are slower, the least slow is named as slow", () => {
  const comparisons = [compared("refcount", 1.9, 2.1), compared("rwsem_per_device", 1.1, 1.3)];
  const [first = ""] = sentencesOf(resultWith({ comparisons }));
  assert.match(first, "rwsem_per_device is 1.20 times as slow as rwsem");
});

test("a ratio whose interval reaches zero gets no figure that it cannot bear", () => {
  const [first = ""] = sentencesOf(
    resultWith({ comparisons: [compared("percpu_ref", -0.01, 0.03)] }),
  );
  assert.match(first, "many times as fast as rwsem");
  assert.match(first, "95 % interval of the ratio of times -0.0100 to 0.0300");
});

test("neither the control nor a gate that failed its storm is recommended", () => {
  const comparisons = [
    compared("busted", 0.001, 0.002),
    compared("percpu_ref", 0.01, 0.02),
    compared("refcount", 0.5, 0.6),
  ];
  const storms = sampleResult().storms.map((storm) =>
    storm.gate === "percpu_ref" ? { ...storm, held: false } : storm,
  );
  const sentences = sentencesOf(resultWith({ comparisons, storms }));
  assert.match(sentences[0] ?? "", "refcount is 1.82 times as fast");
  assert.is(
    sentences.at(-1),
    "In the removal storms put_device+percpu_ref did not hold, and the control put_device+busted was caught.",
  );
});

test("rows of more threads than cores do not decide what is said", () => {
  const crowded = { ...PAIR, threads: 64, oversubscribed: true };
  const comparisons = [compared("refcount", 3, 4, crowded), compared("refcount", 0.5, 0.6)];
  const [first = ""] = sentencesOf(resultWith({ comparisons }));
  assert.match(first, "2 threads, refcount is 1.82 times as fast");
});

test("a control that was not caught takes the others' verdicts back", () => {
  const storms = sampleResult().storms.map((storm) => ({ ...storm, held: true }));
  assert.equal(sentencesOf(resultWith({ storms })), [
    "In the removal storms all 4 drivers held, and the control put_device+busted was not caught, so that says little.",
  ]);
});

test('of too few rounds not even "no difference" is said', () => {
  const few = { ...compared("refcount", 0.3, 0.4), pairs: 3, word: "no difference seen" as const };
  assert.equal(sentencesOf(resultWith({ comparisons: [few] })), [
    "3 rounds are too few to tell refcount from rwsem.",
  ]);
});

test("nothing measured, nothing said", () => {
  assert.equal(sentencesOf(resultWith({})), []);
});

test.run();
