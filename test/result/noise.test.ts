// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EMPTY_LOOP } from "../../host/result/comparison.ts";
import { distancePct, noiseFloor } from "../../host/result/noise.ts";
import type { PairRow } from "../../host/result/result.ts";
import { summarize } from "../../host/stats/summary.ts";

const NAMES = { first: "rwsem", second: "rwsem (again)" };
const FIRST = [10, 11, 12, 13, 14, 15, 16, 17];

function row(contender: string, samples: readonly number[], threads = 1): PairRow {
  const summary = summarize(samples, "ns/pair", 1);
  return {
    ...{ contender, kind: contender === EMPTY_LOOP ? "baseline" : "gate", workload: "read" },
    ...{ threads, devices: "same", oversubscribed: threads > 2, unit: "ns/pair" },
    ...{ raw: summary, net: summary, samples },
  } as PairRow;
}

/** A setting in which the second contender takes `factor` times the first one's time. */
function setting(threads: number, factor: number): PairRow[] {
  return [
    row(NAMES.first, FIRST, threads),
    row(
      NAMES.second,
      FIRST.map((ns) => ns * factor),
      threads,
    ),
  ];
}

test("the floor is how far the two were apart, in the middle and at most", () => {
  const pairs = [...setting(1, 1), ...setting(2, 1.02), ...setting(3, 0.5), ...setting(4, 3)];
  const floor = noiseFloor(pairs, [], NAMES, 1);
  assert.equal(
    floor?.comparisons.map(({ a, b }) => [a, b]),
    FIRST.slice(0, 4).map(() => [NAMES.second, NAMES.first]),
  );
  assert.ok(Math.abs((floor?.mostPct ?? 0) - 2) < 1e-9, "3 and 4 threads have no core each");
  assert.is(floor?.alarms, 3);
  const few = noiseFloor(setting(4, 3), [], NAMES, 1);
  assert.ok(Math.abs((few?.mostPct ?? 0) - 200) < 1e-9, "there is nothing better");
});

test("a contender that takes half the time is as far off as one that takes twice", () => {
  assert.is(distancePct(0.5), 100);
  assert.is(distancePct(2), 100);
  assert.is(distancePct(1), 0);
});

test("the two are compared as any two gates are: net of the empty loop, round by round", () => {
  const nine = FIRST.map(() => 9);
  const pairs = [...setting(1, 1), row(EMPTY_LOOP, nine)];
  const doubled = pairs.map((r) =>
    r.contender === NAMES.second ? { ...r, samples: FIRST.map((ns) => 9 + 2 * (ns - 9)) } : r,
  );
  const [found] = noiseFloor(doubled, [], NAMES, 1)?.comparisons ?? [];
  assert.equal(found?.ratio, { median: 2, low: 2, high: 2 });
  assert.is(found?.word, "slower");
});

test("the other gates are left out, and the second contender's rows are kept", () => {
  const pairs = [...setting(1, 1), row("refcount", FIRST)];
  const floor = noiseFloor(pairs, [], NAMES, 1);
  assert.is(floor?.comparisons.length, 1);
  assert.equal(floor?.pairs, [pairs[1]]);
});

test("without rounds of both there is no floor, and of less than no time no distance", () => {
  assert.is(noiseFloor([row(NAMES.first, FIRST)], [], NAMES, 1), null);
  const nine = FIRST.map(() => 9);
  const less = FIRST.map(() => 8);
  const pairs = [row(NAMES.first, FIRST), row(NAMES.second, less), row(EMPTY_LOOP, nine)];
  const floor = noiseFloor(pairs, [], NAMES, 1);
  assert.ok((floor?.comparisons[0]?.ratio.median ?? 0) < 0);
  assert.equal([floor?.middlePct, floor?.mostPct], [null, null]);
});

test.run();
