// SPDX-License-Identifier: GPL-2.0-only
/** Data races: before the first step and behind, beside threads that have no part in them, and told. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { counterExample } from "../../host/check/counterexample.ts";
import { isPossible, reproduce } from "../../host/check/ending.ts";
import type { Explored } from "../../host/check/explored.ts";
import type { Site } from "../../host/instrument/sites.ts";
import { DRAIN } from "../../host/machine/coroutine/choices.ts";
import { configurationFor, explored, scripts } from "./programs.ts";

function verdictOf({ found }: Explored): string {
  return found.kind === "violated" ? found.violation.property : found.kind;
}

/** Threads that each change word 1, or not, and then call `fn` on word 0. */
function meeting(fn: string, args: readonly number[], steps: boolean, threads = 2) {
  return scripts((word) =>
    Array.from({ length: threads }, () => [
      ...(steps ? [{ fn: "xchg", args: [word(1), 1] }] : []),
      { fn, args: [word(0), ...args] },
    ]),
  );
}

test("two plain accesses that nothing orders are a race, before the first step and behind", () => {
  for (const reduction of [true, false]) {
    for (const steps of [true, false]) {
      for (const threads of [2, 3]) {
        const run = explored(meeting("mutex_init", [], steps, threads), threads, { reduction });
        assert.is(verdictOf(run), "data race");
        const { found, on } = run;
        if (found.kind !== "violated") continue;
        assert.is(reproduce(on, found.actions, found.violation), found.actions.length);
      }
      const marked = explored(meeting("WRITE_ONCE", [1], steps), 2, { reduction });
      assert.is(verdictOf(marked), "exhausted");
    }
  }
});

test("a race is found by schedules at random too, and ends no search", () => {
  for (const search of ["random", "pct"] as const) {
    for (const steps of [true, false]) {
      const run = explored(meeting("mutex_init", [], steps), 2, { search, maxStates: 500 });
      assert.is(verdictOf(run), "data race");
      assert.ok(run.counts.transitions >= (steps ? 500 : 0));
    }
  }
  const race = meeting("mutex_init", [], true);
  const worse = scripts((word) => [[{ fn: "xchg", args: [word(2), 1], expect: [7] }]]);
  const both = explored((on) => {
    const threads = [...race(on).threads, ...worse(on).threads];
    return { threads, end: [] };
  }, 3);
  assert.is(verdictOf(both), "wrong result", "what is worse is the answer");
});

test("a race beside a thread that has no part in it is not forgotten", () => {
  const build = scripts((word) => [0, 0, 1].map((i) => [{ fn: "mutex_init", args: [word(i)] }]));
  assert.is(verdictOf(explored(build, 3)), "data race");
});

for (const memory of ["tso", "pso"] as const) {
  test(`what comes before a marked store races until others can see that store, ${memory}`, () => {
    const racing = [0, 4, 8, 12, 16, 20].filter((offset) => {
      const build = scripts((word) => [
        [
          { fn: "xchg", args: [word(2), 1] },
          { fn: "mutex_init", args: [word(0)] },
          { fn: "WRITE_ONCE", args: [word(1), 1] },
        ],
        [
          { fn: "xchg", args: [word(2), 1] },
          { fn: "READ_ONCE", args: [word(1)] },
          { fn: "READ_ONCE", args: [word(0) + offset] },
          { fn: "xchg", args: [word(2), 1] },
          { fn: "mutex_init", args: [word(0)] }, // so that each of its words is known to be shared
        ],
      ]);
      const { on } = explored(build, 2, { memory });
      on.restart();
      on.perform(0);
      const waiting = on.machine.buffer.waiting(0).length;
      /** Whether the other's look at the word races, once so many stores have drained. */
      const races = Array.from({ length: waiting + 1 }, (_, drained) => {
        on.restart();
        const actions = [0, ...Array<number>(drained).fill(DRAIN), 1, 1, 1];
        return actions.some((action) => {
          if (!isPossible(on, action)) return false;
          on.rebase();
          on.perform(action);
          return on.race !== null;
        });
      });
      assert.equal(races, [...Array<boolean>(waiting).fill(races[0] === true), false]);
      return races[0];
    });
    assert.ok(racing.length > 1, "each word that was stored to");
  });
}

for (const steps of [false, true]) {
  test(`a race ${steps ? "in the last step" : "before the first"} is told up to its access`, () => {
    const build = meeting("mutex_init", [], steps);
    const { found, on } = explored(build, 2);
    assert.is(found.kind, "violated");
    if (found.kind !== "violated") return;
    const configuration = configurationFor(build, 2);
    const { steps: told } = counterExample(on, configuration, found.actions, found.violation);
    const last = told.at(-1);
    assert.match(last?.note ?? "", /nothing orders it behind what t[01] did$/);
    const { sites, lines } = on.machine;
    const line = lines.of(sites[found.violation.site - 1] as Site)?.line;
    assert.ok(last?.at?.endsWith(`:${line}`), `${last?.at}: it is at line ${line}`);
    const other = told.filter(({ note }) => note?.includes("races with the last step"));
    assert.is(other.length, 1);
    assert.equal([other[0]?.object, other[0]?.at], [last?.object, last?.at]);
    assert.is.not(other[0]?.thread, last?.thread);
  });
}

test.run();
