// SPDX-License-Identifier: GPL-2.0-only
/** States, transitions and depth against what arithmetic, and models of their own, say. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Variant } from "../../host/check/scenario.ts";
import { count, yardstickModel } from "./model.ts";
import { explored, type Options, scripts, yardstick } from "./programs.ts";

const PLAIN: Options = { reduction: false, liveness: false };

/** [states, transitions, depth], of a search that ends. */
function countsOf(build: Variant["build"], threads: number, options: Options): number[] {
  const { found, counts } = explored(build, threads, options);
  assert.is(found.kind, "exhausted");
  return [counts.states, counts.transitions, counts.depth];
}

/** Threads that each add so many times to a word: to one that all share, or to one of their own. */
function adders(times: readonly number[], shared: boolean): Variant["build"] {
  return scripts((word) =>
    times.map((n, t) =>
      Array.from({ length: n }, () => ({ fn: "atomic_add", args: [1, word(shared ? 0 : t)] })),
    ),
  );
}

/** What n threads of k[i] steps each that never wait for one another come to. */
function closedForm(times: readonly number[]): number[] {
  const states = times.reduce((product, k) => product * (k + 1), 1);
  const transitions = times.reduce((sum, k) => sum + (states * k) / (k + 1), 0);
  return [states, transitions, times.reduce((sum, k) => sum + k, 0)];
}

for (const times of [[1], [5], [3, 3], [4, 2, 3], [2, 2, 2, 2]]) {
  const name = `${times.length} threads of ${times} steps`;
  test(`${name}: the product of their places`, () => {
    for (const shared of [true, false]) {
      assert.equal(countsOf(adders(times, shared), times.length, PLAIN), closedForm(times));
    }
  });

  test(`${name}: with reduction the same where all are noticed, one state where none is`, () => {
    const reduced: Options = { liveness: true };
    if (times.length > 1) {
      assert.equal(countsOf(adders(times, true), times.length, reduced), closedForm(times));
    }
    const [states] = countsOf(adders(times, false), times.length, reduced);
    assert.is(states, 1, "the threads end before they first stop");
  });
}

for (const [readers, sections] of [
  [1, 1],
  [1, 3],
  [2, 1],
  [2, 2],
  [3, 1],
  [3, 2],
] as const) {
  test(`the yardstick, ${readers} readers of ${sections} sections: as a model of its own`, () => {
    const { states, transitions, depth } = count(yardstickModel(readers, sections));
    const found = countsOf(yardstick(readers, sections), readers + 1, PLAIN);
    assert.equal(found, [states, transitions, depth]);
  });

  test(`the same with readers that are alike: states up to who is where`, () => {
    const { states, depth } = count(yardstickModel(readers, sections, true));
    const build = yardstick(readers, sections, true);
    const [found, , deep] = countsOf(build, readers + 1, PLAIN);
    assert.equal([found, deep], [states, depth]);
  });
}

test("the yardstick's figures are those that were counted elsewhere", () => {
  const { states, transitions } = count(yardstickModel(2, 1));
  assert.equal([states, transitions], [153, 363]);
  const larger = count(yardstickModel(3, 2));
  assert.equal([larger.states, larger.transitions], [4805, 16383]);
  const { found, counts } = explored(yardstick(4, 2), 5, PLAIN);
  assert.is(found.kind, "exhausted");
  assert.equal([counts.states, counts.transitions], [47_205, 202_160]);
});

test("depth first and breadth first meet the same states", () => {
  for (const [readers, sections] of [
    [1, 3],
    [2, 2],
  ] as const) {
    const of = (search: "bfs" | "dfs") =>
      countsOf(yardstick(readers, sections), readers + 1, { ...PLAIN, search }).slice(0, 2);
    assert.equal(of("dfs"), of("bfs"));
  }
});

test("steps that conflict with nothing to come are taken alone: fewer steps, the same end", () => {
  const [A, B, C] = [0, 1, 2];
  const adds = [
    [C, A, B, B, B],
    [B, A, C, C, C],
    [A, A],
  ];
  const build = scripts((word) =>
    adds.map((words) => words.map((i) => ({ fn: "atomic_add", args: [1, word(i)] }))),
  );
  const all = countsOf(build, 3, PLAIN);
  assert.equal(all, closedForm([5, 5, 2]));
  const some = countsOf(build, 3, { liveness: false });
  assert.ok((some[0] as number) <= (all[0] as number), `${some}, not ${all}`);
  assert.ok((some[1] as number) < (all[1] as number), `${some}, not ${all}`);
  assert.is(some[2], all[2], "the ends are as far away");
});

test.run();
