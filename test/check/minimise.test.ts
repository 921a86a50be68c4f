// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reproduce } from "../../host/check/ending.ts";
import { minimise, switchesOf } from "../../host/check/minimise.ts";
import { DRAIN, TICK } from "../../host/machine/coroutine/choices.ts";
import { explored, scripts } from "./programs.ts";
import { type SceneName, violated } from "./scenes.ts";

test("a switch is when another thread goes on; ticks and drains are nobody's turn", () => {
  assert.is(switchesOf([]), 0);
  assert.is(switchesOf([0, 0, 0]), 0);
  assert.is(switchesOf([0, 1, 1, 0]), 2);
  assert.is(switchesOf([0, TICK, 0, DRAIN + 16, 0]), 0);
});

for (const name of ["busted", "shutdown", "rwsem", "readers", "rcu"] as SceneName[]) {
  test(`${name}: no more steps, no more switches, and it still ends so`, () => {
    const { on, actions, violation } = violated(name);
    const least = minimise(on, actions, violation);
    assert.ok(least.length <= actions.length);
    assert.ok(switchesOf(least) <= switchesOf(actions));
    assert.is(reproduce(on, least, violation), least.length);
    assert.equal(minimise(on, actions, violation), least, "another run comes to the same");
  });
}

test("a thread that breaks something by itself needs no other: their steps are left out", () => {
  const { on, actions, violation } = violated("shutdown");
  const client = 0;
  const longer = [client, ...actions.filter((action) => action !== client)];
  const least = minimise(on, longer, violation);
  assert.is(switchesOf(longer), 1);
  assert.is(switchesOf(least), 0);
  assert.ok(least.length < longer.length);
});

/** What is made of a schedule in which thread 1 finds that thread 0 has changed word 0. */
function leastOf(actions: readonly number[]): number[] {
  const build = scripts((word) => [
    [0, 1, 2].map((i) => ({ fn: "xchg", args: [word(i), 1] })),
    [
      { fn: "xchg", args: [word(1), 2] },
      { fn: "xchg", args: [word(2), 2] },
      { fn: "xchg", args: [word(0), 2], expect: [0] },
    ],
  ]);
  const { on, found } = explored(build, 2, { reduction: false });
  assert.ok(found.kind === "violated");
  assert.is(reproduce(on, actions, found.violation), actions.length);
  return minimise(on, actions, found.violation);
}

test("switches go first, then steps; a run may join others in two parts", () => {
  assert.equal(leastOf([0, 1, 1, 1]), [0, 1, 1, 1], "there is no better");
  assert.equal(leastOf([1, 0, 1, 1]), [0, 1, 1, 1], "as many steps, and a switch less");
  assert.equal(leastOf([0, 0, 0, 1, 1, 1]), [0, 1, 1, 1], "as many switches, and fewer steps");
  assert.equal(leastOf([1, 0, 1, 0, 0, 1]), [0, 1, 1, 1]);
});

test("actions that end otherwise are given back as they are", () => {
  const { on, violation } = violated("rwsem");
  assert.equal(minimise(on, [0, 1, 0], violation), [0, 1, 0]);
  assert.equal(minimise(on, [TICK], violation), [TICK]);
});

test.run();
