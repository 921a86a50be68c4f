// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { breakEvens, compareGates, EMPTY_LOOP, netRounds } from "../../host/result/comparison.ts";
import type { PairRow } from "../../host/result/result.ts";
import { summarize } from "../../host/stats/summary.ts";

function row(contender: string, samples: number[], changes: Partial<PairRow> = {}): PairRow {
  const summary = summarize(samples, "ns/pair", 1);
  return {
    ...{ contender, kind: "gate", workload: "read", threads: 1, devices: "same" },
    ...{ oversubscribed: false, unit: "ns/pair", raw: summary, net: summary, samples },
    ...changes,
  };
}

const ROUNDS = [1, 2, 3, 4, 5, 6, 7];
const empty = row(
  EMPTY_LOOP,
  ROUNDS.map(() => 1),
  { kind: "baseline" },
);
const rwsem = row(
  "rwsem",
  ROUNDS.map((x) => 1 + x),
);
const twice = row(
  "refcount",
  ROUNDS.map((x) => 1 + 2 * x),
);

test("gates are compared net of the empty loop of the same round", () => {
  const [found, ...more] = compareGates([rwsem, twice, empty], [], "rwsem", 1);
  assert.equal(more, []);
  assert.is(found?.a, "refcount");
  assert.is(found?.b, "rwsem");
  assert.equal(found?.ratio, { median: 2, low: 2, high: 2 });
  assert.is(found?.word, "slower");
  assert.is(found?.pairs, 7);
});

test("without an empty loop the raw rounds are compared", () => {
  assert.equal(netRounds(rwsem, [rwsem]), rwsem.samples);
});

test("rows of different settings are never compared", () => {
  const elsewhere = [
    { ...twice, threads: 2 },
    { ...twice, devices: "own" as const },
    { ...twice, workload: "ioctl" as const },
  ];
  assert.equal(compareGates([rwsem, ...elsewhere, empty], [], "rwsem", 1), []);
});

test("baselines are no gates, and a reference that was not measured compares with nothing", () => {
  assert.equal(compareGates([rwsem, empty], [], "rwsem", 1), []);
  assert.equal(compareGates([rwsem, twice, empty], [], "percpu_ref", 1), []);
});

test("the break-even is a hundred times the gate's cost, and never below nothing", () => {
  const net = (median: number) => ({ net: { median, low: median, high: median, n: 7, unit: "" } });
  const rows = [
    row("rwsem", ROUNDS, net(10)),
    row("busted", ROUNDS, net(-0.01)),
    row("refcount", ROUNDS, { ...net(10), oversubscribed: true }),
    row("percpu_ref", ROUNDS, { ...net(10), workload: "ioctl" }),
  ];
  const found = breakEvens(rows).map(({ gate, ioctlNs }) => [gate, ioctlNs]);
  assert.equal(found, [
    ["rwsem", 1000],
    ["busted", 0],
  ]);
});

test.run();
