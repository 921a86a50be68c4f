// SPDX-License-Identifier: GPL-2.0-only
/** Programs that a fair scheduler may keep going round, and such as look like it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Variant } from "../../host/check/scenario.ts";
import { explored, onlooker, readersForever, scripts, sharedWords, yardstick } from "./programs.ts";

/** Has the writer do something else first: so that no cycle goes through the start. */
function afterwards(build: Variant["build"]): Variant["build"] {
  return (on) => {
    const { threads, ...more } = build(on);
    const first = { fn: "xchg", args: [sharedWords(on)(3), 1] };
    return {
      ...more,
      threads: threads.map((one) => (one.forever ? one : { ...one, calls: [first, ...one.calls] })),
    };
  };
}

for (const readers of [1, 2]) {
  test(`${readers} readers that come for ever starve a writer that only tries`, () => {
    const build = afterwards(readersForever(readers, true));
    const { on, found } = explored(build, readers + 1, { reduction: false });
    assert.is(found.kind, "violated");
    if (found.kind !== "violated") return;
    assert.is(found.violation.property, "starvation");
    on.restart();
    const keys = found.actions.map((action) => {
      const before = `${on.key1} ${on.key2}`;
      on.rebase();
      on.perform(action);
      return before;
    });
    assert.ok((found.cycleFrom ?? 0) > 0);
    assert.is(keys[found.cycleFrom ?? 0], `${on.key1} ${on.key2}`, "it comes back there");
    const cycle = found.actions.slice(found.cycleFrom ?? 0);
    const all = Array.from({ length: readers + 1 }, (_, t) => t);
    assert.equal([...new Set(cycle)].sort(), all, "all of them go on in it");
  });
}

test("readers that come for ever elsewhere keep nobody out", () => {
  assert.is(explored(readersForever(2, false), 3).found.kind, "exhausted");
});

test("readers that come so many times keep the remover waiting, and not for ever", () => {
  assert.is(explored(yardstick(2, 2), 3).found.kind, "exhausted");
});

test("who looks on for ever, when all others have ended, is no livelock", () => {
  for (const liveness of [true, false]) {
    assert.is(explored(onlooker, 2, { liveness }).found.kind, "exhausted");
  }
});

test("a spinner that nobody answers is a livelock", () => {
  const build: Variant["build"] = (on) => {
    const record = on.call("yardstick_init");
    const threads = scripts(() => [
      [
        { fn: "atomic_add", args: [0x100, record] },
        { fn: "atomic_read", args: [record] },
      ],
      [{ fn: "yardstick_remover", args: [record] }],
    ])(on).threads;
    return { threads, end: [] };
  };
  const { found } = explored(build, 2);
  assert.is(found.kind === "violated" && found.violation.property, "livelock");
});

test.run();
