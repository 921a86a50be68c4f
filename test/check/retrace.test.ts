// SPDX-License-Identifier: GPL-2.0-only
/** A schedule told in other steps than it was run in: the same accesses, in the same order. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { prepare } from "../../host/check/configuration.ts";
import { reproduce, violationOf } from "../../host/check/ending.ts";
import { type Course, retrace } from "../../host/check/retrace.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import { Violation } from "../../host/machine/coroutine/violation.ts";
import { configurationFor, imageForAll, scripts } from "./programs.ts";

/** Runs turns, a thread each, up to the end or to a violation. */
function run(on: Interleaver, turns: readonly number[]): Course & { violation: Violation | null } {
  const [actions, accesses] = [[], []] as [number[], number[]];
  let violation = violationOf(() => on.restart());
  const begun = [...on.begun];
  for (const turn of turns) {
    if (violation !== null || !on.canRun(turn)) continue;
    actions.push(turn);
    violation = violationOf(() => on.perform(turn));
    accesses.push(on.machine.accounts.accesses);
  }
  return { actions, accesses, begun, violation };
}

/** Two that add to two words; the second finds the sum of both, which must be `wanted`. */
function adders(wanted: number): Interleaver {
  const build = scripts((word) => [
    [0, 1, 0, 1].map((i) => ({ fn: "atomic_add", args: [1, word(i)] })),
    [
      { fn: "atomic_add", args: [10, word(0)] },
      { fn: "atomic_read", args: [word(1)] },
      { fn: "atomic_read", args: [word(0)], expect: [wanted] },
    ],
  ]);
  return prepare(imageForAll(), configurationFor(build, 2));
}

test("a first run is one long step a thread; in the steps of a second one it is the same", () => {
  const on = adders(-1); // never
  const first = run(on, [1, 0, 1, 0, 1, 0, 1]);
  assert.is(first.violation?.property, "wrong result");
  const wanted = first.violation as Violation;
  assert.is(reproduce(on, first.actions, wanted), null, "its steps are others by now");
  const again = retrace(on, first, wanted);
  assert.ok(again !== null);
  assert.is(again?.violation.detail, wanted.detail, "the values were the same");
  assert.ok((again?.actions.length ?? 0) > first.actions.length);
  assert.is(reproduce(on, again?.actions ?? [], wanted), again?.actions.length);
});

test("what is told in its own steps stays as it is", () => {
  const on = adders(-1);
  for (let i = 0; i < 3; i++) run(on, [0, 1, 0, 1, 0, 1, 0, 1, 1]);
  const course = run(on, [0, 1, 0, 1, 0, 1, 0, 1, 1]);
  const again = retrace(on, course, course.violation as Violation);
  assert.equal(again?.actions, course.actions);
});

test("null where it comes to nothing of the kind", () => {
  const on = adders(12); // what is there when the first has ended
  const course = run(on, [0, 0, 0, 0, 0, 1, 1, 1, 1]);
  assert.is(course.violation, null);
  assert.is(retrace(on, course, new Violation("wrong result", "of another schedule")), null);
  const impossible = { ...course, actions: course.actions.map(() => 0) };
  assert.is(retrace(on, impossible, new Violation("wrong result", "of another")), null);
});

test("null where what it comes to is of another kind", () => {
  const on = adders(-1);
  const course = run(on, [0, 1, 0, 1, 0, 1, 0, 1, 1]);
  assert.is(course.violation?.property, "wrong result");
  assert.is(retrace(on, course, new Violation("deadlock", "of another schedule")), null);
});

test("long steps behind the first are made to their ends before another thread goes on", () => {
  const build = scripts((word) => [
    [0, 1, 2].map((i) => ({ fn: "xchg", args: [word(i), 1] })),
    [
      { fn: "xchg", args: [word(0), 2] },
      { fn: "xchg", args: [word(1), 2], expect: [0] },
      { fn: "xchg", args: [word(2), 2] },
    ],
  ]);
  const on = prepare(imageForAll(), configurationFor(build, 2));
  on.machine.tracked.knowledge.contend(on.machine.layout.map.hostStart >>> 2); // word 0 alone
  const course = run(on, [0, 1]);
  assert.equal(
    [course.actions, course.accesses],
    [
      [0, 1],
      [3, 2],
    ],
  );
  const wanted = course.violation as Violation;
  assert.is(wanted.property, "wrong result");
  assert.equal(retrace(on, course, wanted)?.actions, [0, 0, 1, 1]);
});

test("where nobody can go on in the end, that is what it comes to", () => {
  const build = scripts((word) => [
    [{ fn: "futex_wait", args: [word(0), 0, -1n] }],
    [{ fn: "xchg", args: [word(1), 1] }],
  ]);
  const on = prepare(imageForAll(), configurationFor(build, 2));
  const course = run(on, [1, 0]);
  const again = retrace(on, course, new Violation("deadlock", "of others"));
  assert.equal([again?.actions, again?.violation.property], [course.actions, "deadlock"]);
});

test("a race is told up to its access, by whoever makes it", () => {
  const build = scripts((word) =>
    [0, 1].map(() => [
      { fn: "xchg", args: [word(1), 1] },
      { fn: "mutex_init", args: [word(0)] },
      { fn: "xchg", args: [word(1), 2] },
    ]),
  );
  const on = prepare(imageForAll(), configurationFor(build, 2));
  for (let i = 0; i < 2; i++) run(on, [0, 1, 0, 1]); // what is contended
  const course = run(on, [0, 1]);
  const race = on.race as Violation;
  assert.is(race.property, "data race");
  const longer = { ...run(on, [0, 1, 0, 1]), begun: course.begun };
  const again = retrace(on, longer, race);
  assert.equal([again?.actions, again?.violation.property], [[0, 1], "data race"]);
});

test.run();
