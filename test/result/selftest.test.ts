// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ComparisonRow, Metric } from "../../host/result/compared.ts";
import type { AaRow } from "../../host/result/selftest.ts";
import { detectsPct, injectionOf, selfTestOf } from "../../host/result/selftest-summary.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { pairedRatio, type Ratio, wordFor } from "../../host/stats/ratio.ts";

const METRIC: Metric = {
  ...{ what: "pair", threads: 1, devices: "same", condition: null, oversubscribed: false },
};

function rowOf(ratio: Ratio, changes: Partial<AaRow> = {}): AaRow {
  return {
    ...{ metric: METRIC, a: "rwsem (again)", b: "rwsem", ...ratio, word: wordFor(ratio) },
    ...{ run: 1, times: { a: [], b: [] }, ...changes },
  };
}

const between = (low: number, high: number, pairs = 9): ComparisonRow =>
  rowOf({ ratio: { median: (low + high) / 2, low, high }, pairs });

test("a difference is seen where 4 of 5 comparisons find it, whichever side is the slower one", () => {
  // Of ten ends, eight are at 1.1: 1 / 0.5 and 2 are the others.
  const rows = [...Array(4).fill(between(1 / 1.1, 1.1)), between(0.5, 2)];
  assert.ok(Math.abs((detectsPct(rows) ?? 0) - 10) < 1e-9);
  const fewer = [...Array(3).fill(between(1 / 1.1, 1.1)), between(0.5, 2), between(0.5, 2)];
  assert.ok(Math.abs((detectsPct(fewer) ?? 0) - 100) < 1e-9);
});

test("comparisons that can never say a word see nothing", () => {
  assert.is(detectsPct([between(0.99, 1.01, 5)]), null);
  assert.is(detectsPct([between(-0.2, 1.01)]), null);
});

test("what is said to be seen is seen: the times of one side multiplied, and compared again", () => {
  const random = randomFrom(4);
  for (let run = 0; run < 40; run++) {
    const round = () => Array.from({ length: 11 }, () => 10 * (0.9 + 0.2 * random()));
    const [a, b] = [round(), round()];
    const row = rowOf(pairedRatio(a, b, run) as Ratio); // every round has both
    const word = (f: number) => {
      const scaled = a.map((ns) => ns * f);
      return wordFor(pairedRatio(scaled, b, run) as Ratio);
    };
    const from = 1 / row.ratio.low;
    assert.is(word(from * 1.0001), "slower");
    assert.is.not(word(from * 0.9999), "slower");
    assert.is(word(0.9999 / row.ratio.high), "faster");
    assert.is.not(word(1.0001 / row.ratio.high), "faster");
  }
});

test("alarms are counted by gate and setting, and in all", () => {
  const calm = { ratio: { median: 1.01, low: 0.9, high: 1.1 }, pairs: 9 };
  const alarm = { ratio: { median: 0.5, low: 0.4, high: 0.9 }, pairs: 9 };
  const two = { ...METRIC, threads: 2 };
  const rows = [
    ...[rowOf(calm), rowOf(alarm), rowOf(calm, { metric: two })],
    rowOf(calm, { b: "refcount" }),
  ];
  const { alarms, settings, runs } = selfTestOf(2, rows, null);
  assert.equal([runs, alarms.hits, alarms.of], [2, 1, 4]);
  assert.equal(
    settings.map(({ gate, metric, alarms }) => [gate, metric.threads, alarms.hits, alarms.of]),
    [
      ["rwsem", 1, 1, 2],
      ["rwsem", 2, 0, 1],
      ["refcount", 1, 0, 1],
    ],
  );
  assert.ok(Math.abs((settings[0]?.middlePct ?? 0) - 50.5) < 1e-9, "between 1 % and 100 %");
});

test("a comparison of too few rounds is no comparison that raised no alarm", () => {
  const few = rowOf({ ratio: { median: 1, low: 0.9, high: 1.1 }, pairs: 5 });
  const { alarms, undecided, detectsPct } = selfTestOf(1, [few, few], null);
  assert.equal([alarms.hits, alarms.of, alarms.low, alarms.high, undecided], [0, 0, 0, 1, 2]);
  assert.is(detectsPct, null);
});

test("a slowdown that was put in is found where the word is slower, and only there", () => {
  const comparisons = [between(1.02, 1.08), between(0.99, 1.05), between(0.9, 0.95)];
  const facts = { gate: "rwsem", serviceNs: 20_000, addedNs: 1_000, baseNs: [21_000, 20_000, 500] };
  const { expectedPct, measuredPct, found } = injectionOf(comparisons, facts);
  assert.is(expectedPct, 5);
  assert.ok(Math.abs(measuredPct - 2) < 1e-9);
  assert.equal([found.hits, found.of], [1, 3]);
});

test.run();
