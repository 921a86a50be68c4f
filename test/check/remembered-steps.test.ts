// SPDX-License-Identifier: GPL-2.0-only
/** That steps which are done again by what is remembered of them are those that would have been run. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Configuration, explore, prepare } from "../../host/check/configuration.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import { configurationFor, imageForAll, never, scripts, yardstick } from "./programs.ts";
import { configurationOf, fresh, type SceneName } from "./scenes.ts";

/** All that a search tells, but for how much memory it took. */
function told(on: Interleaver, configuration: Configuration, remembers: boolean) {
  on.remembers = remembers;
  const { found, counts, outcomes, leftOut, other } = explore(on, configuration, never);
  const end =
    found.kind === "violated" ? [found.violation.property, found.actions.join()] : [found.kind];
  return { end, ...counts, outcomes: [...outcomes], leftOut, other };
}

const WAYS: readonly Partial<Configuration>[] = [
  {},
  { memory: "tso" },
  { memory: "pso" },
  { search: "dfs" },
  { liveness: false },
  { reduction: false },
  { preemptions: 2 },
];

/** Sleepers, and who wakes them. */
const sleepers = scripts((word) => [
  [{ fn: "futex_wait", args: [word(0), 0, -1n] }],
  [{ fn: "futex_wait", args: [word(0), 0, -1n] }],
  [
    { fn: "atomic_set", args: [word(0), 1] },
    { fn: "futex_wake", args: [word(0), 1] },
    { fn: "futex_wake", args: [word(0), 1] },
  ],
]);

/** Plain accesses to one word that nothing orders, beside a thread that has no part in them. */
const racers = scripts((word) =>
  [0, 0, 2].map((i) => [
    { fn: "xchg", args: [word(1), 1] },
    { fn: "mutex_init", args: [word(i)] },
    { fn: "xchg", args: [word(1), 2] },
  ]),
);

for (const way of WAYS) {
  const name = JSON.stringify(way);
  for (const [what, build, threads] of [
    ["the yardstick", yardstick(2, 2), 3],
    ["sleepers", sleepers, 3],
    ["racers", racers, 3],
  ] as const) {
    test(`${what}, ${name}: the same states and steps`, () => {
      const configuration = configurationFor(build, threads, way);
      const of = (remembers: boolean) =>
        told(prepare(imageForAll(), configuration), configuration, remembers);
      assert.equal(of(true), of(false));
    });
  }
  for (const scene of ["rcu", "rwsem", "qsbr", "shutdown"] as SceneName[]) {
    test(`${scene}, ${name}: the same, and the same schedule of what is broken`, () => {
      const configuration = { ...configurationOf(scene), ...way };
      const of = (remembers: boolean) => told(fresh(configuration), configuration, remembers);
      assert.equal(of(true), of(false));
    });
  }
}

test("where an action leads is foreseen once it was done from there, and as it then was", () => {
  const configuration = configurationFor(yardstick(2, 1), 3, { reduction: false });
  const on = prepare(imageForAll(), configuration);
  explore(on, { ...configuration, maxStates: 1 }, never); // which words are contended
  on.restart();
  const before = [on.key1, on.key2];
  on.perform(0);
  const behind = [on.key1, on.key2];
  on.takeBack();
  assert.is(on.foresee(0), true);
  assert.equal([on.key1, on.key2], before, "nothing is done");
  assert.equal([on.nextKey1, on.nextKey2], behind);
  on.machine.observer = { access: () => {}, event: () => {} };
  assert.is(on.foresee(0), false, "who observes sees every access");
});

test("a race is found behind a step that was done again", () => {
  const configuration = configurationFor(racers, 3);
  const on = prepare(imageForAll(), configuration);
  explore(on, { ...configuration, maxStates: 1 }, never); // which words are contended
  for (let time = 0; time < 2; time++) {
    on.restart();
    on.perform(0);
  }
  on.perform(1);
  assert.is(on.race?.property, "data race");
});

test.run();
