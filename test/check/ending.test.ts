// SPDX-License-Identifier: GPL-2.0-only
/** What a schedule ends in, and whether another ends in the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  endingOf,
  isIdle,
  isPossible,
  isSame,
  reproduce,
  violationOf,
} from "../../host/check/ending.ts";
import type { Variant } from "../../host/check/scenario.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import { Violation } from "../../host/machine/coroutine/violation.ts";
import { explored, onlooker, scripts, sharedWords } from "./programs.ts";

const wrong = (property: string, detail = "", site = 0) => new Violation(property, detail, 4, site);

/** A machine that knows what is contended, behind these actions from the start. */
function behind(build: Variant["build"], threads: number, actions: readonly number[]): Interleaver {
  const { on } = explored(build, threads, { reduction: false, liveness: false });
  on.restart();
  for (const action of actions) on.perform(action);
  return on;
}

const keysOf = ({ key1, key2 }: Interleaver) => `${key1} ${key2}`;

test("violations are the same by property and place; numbers in words may be others", () => {
  assert.ok(isSame(wrong("a", "x 0x1f of 3", 0), wrong("a", "x 0x2 of 77", 0)));
  assert.not(isSame(wrong("a", "x 1"), wrong("a", "y 1")));
  assert.not(isSame(wrong("a"), wrong("b")));
  assert.not(isSame(wrong("a", "x", 1), wrong("a", "x", 2)), "elsewhere");
  assert.ok(isSame(wrong("a", "x", 2), wrong("a", "y", 2)));
});

test("what only the end of the program shows is found, and the state is left as it was", () => {
  const ends = (wanted: number): Variant["build"] => {
    const threads = scripts((word) => [[{ fn: "xchg", args: [word(0), 1] }]]);
    return (on) => {
      const last = { fn: "xchg", args: [sharedWords(on)(0), 3], expect: [wanted] };
      const end = [{ fn: "litmus_init" }, last];
      return { ...threads(on), end };
    };
  };
  for (const [build, property] of [
    [ends(7), "wrong result"],
    [ends(1), undefined],
  ] as const) {
    const on = behind(build, 1, []);
    assert.is(endingOf(on), null, "it is not the end yet");
    const actions: number[] = [];
    while (isPossible(on, 0)) {
      on.rebase();
      on.perform(0);
      actions.push(0);
    }
    on.rebase();
    const words = on.machine.words.slice();
    assert.is(endingOf(on)?.property, property);
    assert.equal(on.machine.words, words);
    const wanted = wrong(property ?? "wrong result", endingOf(on)?.detail);
    assert.is(reproduce(on, actions, wanted), property === undefined ? null : actions.length);
    assert.is(reproduce(on, actions, wrong("wrong result", "of something else")), null);
  }
});

/** Waits for a word that nobody sets, beside one that adds to another so many times. */
const spinner =
  (adds: number): Variant["build"] =>
  (on) => {
    const record = on.call("yardstick_init");
    const { threads } = scripts((word) => [
      [
        { fn: "atomic_add", args: [0x100, record] },
        ...Array.from({ length: adds }, (_, i) => ({ fn: "xchg", args: [word(0), i + 1] })),
      ],
      [
        { fn: "xchg", args: [word(0), -1] },
        { fn: "yardstick_remover", args: [record] },
      ],
    ])(on);
    return { threads, end: [] };
  };

/** Lets the thread go on while that is possible and changes something. */
function exhaust(on: Interleaver, thread: number): number[] {
  const actions: number[] = [];
  for (let before = ""; before !== keysOf(on) && isPossible(on, thread); ) {
    before = keysOf(on);
    on.rebase();
    on.perform(thread);
    actions.push(thread);
  }
  return actions;
}

test("idle is where somebody can go on and nothing that can be done changes anything", () => {
  const on = behind(spinner(1), 2, []);
  assert.not(isIdle(on));
  const before = keysOf(on);
  assert.not(isIdle(on), "it was left as it was");
  assert.is(keysOf(on), before);
  const actions = exhaust(on, 0);
  assert.not(isIdle(on), "thread 1 has yet to come there");
  const looks = exhaust(on, 1);
  assert.ok(isIdle(on));
  assert.is(
    reproduce(on, [...actions, ...looks], wrong("livelock")),
    actions.length + looks.length,
  );
  assert.is(reproduce(on, actions, wrong("livelock")), null, "nothing repeats");
  assert.is(reproduce(on, [...actions, ...looks], wrong("deadlock")), null);
  assert.is(reproduce(on, [...actions, ...looks, 0], wrong("livelock")), null, "it has ended");
});

test("where all have ended, or the others look on for ever, is not idle", () => {
  const ended = behind(
    scripts((word) => [[{ fn: "xchg", args: [word(0), 1] }]]),
    1,
    [],
  );
  exhaust(ended, 0);
  assert.not(isIdle(ended));
  const looking = behind(onlooker, 2, []);
  exhaust(looking, 1);
  exhaust(looking, 0);
  assert.not(isIdle(looking));
});

test("nothing is idle until the last that changed something has done so, and then it is", () => {
  const build: Variant["build"] = (on) => {
    const look = { fn: "READ_ONCE", args: [sharedWords(on)(0)] };
    const wait = { fn: "futex_wait", args: [sharedWords(on)(0), 0, -1n] };
    const threads = [[wait], [look], [look]].map((calls, t) => {
      return { name: `t${t}`, calls, forever: t > 0 };
    });
    return { threads, end: [] };
  };
  const on = behind(build, 3, []);
  assert.not(isIdle(on));
  on.perform(0);
  assert.ok(isIdle(on));
  assert.is(reproduce(on, [0], wrong("livelock")), 1);
});

test("who sleeps cannot go on, whatever it would break then", () => {
  const sleeps = scripts((word) => [[{ fn: "futex_wait", args: [word(0), 0, -1n], expect: [0] }]]);
  const on = behind(sleeps, 1, [0]);
  const violation = violationOf(() => on.perform(0));
  assert.is(violation?.property, "wrong result");
  assert.is(reproduce(on, [0, 0], violation as Violation), null);
});

test("a cycle ends as a livelock where it comes back to a state, and not before", () => {
  const build: Variant["build"] = (on) => {
    const { threads } = scripts((word) => [
      [
        { fn: "atomic_add", args: [1, word(0)] },
        { fn: "atomic_add", args: [-1, word(0)] },
      ],
      [{ fn: "atomic_add", args: [2, word(0)] }],
    ])(on);
    return { threads: threads.map((one, t) => ({ ...one, forever: t === 0 })), end: [] };
  };
  const { on } = explored(build, 2, { liveness: false });
  assert.is(reproduce(on, [0, 0], wrong("livelock")), 2);
  assert.is(reproduce(on, [0], wrong("livelock")), null);
  assert.is(reproduce(on, [0, 0], wrong("starvation")), null);
});

test("a deadlock is one whoever sleeps; a race is at its own step, or before the first", () => {
  const sleeps = scripts((word) => [[{ fn: "futex_wait", args: [word(0), 0, -1n] }]]);
  const { on } = explored(sleeps, 1);
  assert.is(reproduce(on, [0], wrong("deadlock", "of others")), 1);
  assert.is(reproduce(on, [0], wrong("lost wake-up")), null);
  assert.is(reproduce(on, [1], wrong("deadlock")), null, "there is no thread 1");
  for (const steps of [0, 1]) {
    const run = explored(
      scripts((word) =>
        [0, 1].map(() => [
          ...Array.from({ length: steps }, () => ({ fn: "xchg", args: [word(1), 1] })),
          { fn: "mutex_init", args: [word(0)] },
          { fn: "xchg", args: [word(1), 2] },
          { fn: "xchg", args: [word(1), 3] },
        ]),
      ),
      2,
    );
    assert.ok(run.found.kind === "violated");
    const { violation } = run.found;
    assert.is(violation.property, "data race");
    assert.is(reproduce(run.on, [0, 1, 0, 1], violation), 2 * steps, "it is there by then");
  }
});

test.run();
