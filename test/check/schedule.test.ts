// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isSame } from "../../host/check/ending.ts";
import { Names } from "../../host/check/names.ts";
import { formatSchedule, parseSchedule } from "../../host/check/schedule.ts";
import { encode, replaySchedule } from "../../host/check/steer.ts";
import { UsageError } from "../../host/errors.ts";
import { DRAIN } from "../../host/machine/coroutine/choices.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import type { MemoryModel } from "../../host/result/check.ts";
import { fresh, type SceneName, violated } from "./scenes.ts";

/** All forms of a segment. */
const ALL = "hp1-0123abcd:a,b2@down_read:cmpxchg.count+3,a@f:load.x,tick,b2/slot,b2/slot+2,tick,a";

function written(name: SceneName, memory: MemoryModel = "sc"): string {
  const { on, actions } = violated(name, memory);
  return encode(on, new Names(on), actions);
}

test("a schedule that was read is written as it was", () => {
  assert.is(formatSchedule(parseSchedule(ALL)), ALL);
  assert.is(formatSchedule(parseSchedule("hp1-0123abcd:")), "hp1-0123abcd:");
});

test("what cannot be read is a usage error that names the option and the value", () => {
  const bad = ["", "1,0,1", "hp2-0123abcd:a", "hp1-0123abcd:a,,b", "hp1-12:a"];
  bad.push(
    "hp1-0123abcd:a@f",
    "hp1-0123abcd:a@f:load",
    "hp1-0123abcd:a+2",
    "hp1-0123abcd:a@f:x.y+0",
  );
  for (const text of bad) {
    try {
      parseSchedule(text);
      assert.unreachable(text);
    } catch (error) {
      assert.instance(error, UsageError);
      assert.ok((error as Error).message.startsWith(`--replay ${text}`), text);
    }
  }
});

for (const [name, memory] of [
  ["busted", "sc"],
  ["shutdown", "sc"],
  ["rwsem", "sc"],
  ["readers", "sc"],
  ["rcu", "sc"],
  ["qsbr", "tso"],
  ["qsbr", "pso"],
] as [SceneName, MemoryModel][]) {
  test(`${name}, ${memory}: the schedule leads there again, explored or not`, () => {
    const text = written(name, memory);
    assert.match(text, /^[\w.,:+@/-]+$/, "no character that a shell looks at");
    const { on, violation, configuration, actions } = violated(name, memory);
    for (const machine of [on, fresh(configuration)]) {
      const replayed = replaySchedule(machine, text);
      assert.equal([replayed.fits, replayed.note], [true, null]);
      assert.ok(replayed.violation && isSame(replayed.violation, violation), text);
    }
    assert.equal(replaySchedule(on, text).actions, actions);
  });
}

test("a function that was renamed: it says where it stops, and is left there", () => {
  const { on, configuration } = violated("rwsem");
  const text = written("rwsem");
  const last = text.lastIndexOf("@");
  const renamed = `${text.slice(0, last)}@renamed${text.slice(text.indexOf(":", last))}`;
  const segment = renamed.slice(0, last).split(",").length;
  for (const machine of [on, fresh(configuration)]) {
    const { fits, note, actions, violation } = replaySchedule(machine, renamed);
    assert.not(fits);
    assert.ok(note?.startsWith(`segment ${segment} of `), note ?? "");
    assert.match(note ?? "", /"\w+@renamed:.*before it comes there$/);
    assert.is(violation, null);
    assert.ok(actions.length < violated("rwsem").actions.length);
  }
});

test("a schedule of another kernel is followed as far as it fits, and says so", () => {
  const { on, violation } = violated("rcu");
  const other = written("rcu").replace(/-[0-9a-f]{8}/, "-00000000");
  const fitting = replaySchedule(on, other);
  assert.ok(fitting.fits);
  assert.ok(fitting.violation && isSame(fitting.violation, violation));
  assert.match(
    fitting.note ?? "",
    /^made for kernel\.wasm 00000000, and this is [0-9a-f]{8}: it fits/,
  );
  const { fits, note } = replaySchedule(on, `${other},reader`);
  assert.not(fits);
  assert.match(note ?? "", /^made for .*: segment 4 of 4, "reader": not reached: use after free/);
});

test("threads that are not there, or cannot go on, are where it stops", () => {
  const { on } = violated("rwsem");
  const form = written("rwsem").slice(0, 13);
  const stranger = replaySchedule(on, `${form}writer,stranger`);
  assert.is(
    stranger.note,
    'segment 2 of 2, "stranger": no thread stranger; there are reader, writer',
  );
  const ended = replaySchedule(on, `${form}writer,writer`);
  assert.is(ended.note, 'segment 2 of 2, "writer": writer has ended');
  const late = replaySchedule(on, `${form}tick`);
  assert.is(late.note, 'segment 1 of 1, "tick": nothing waits for that');
});

/** Lets the thread go on until one of its stores waits. */
function untilStoreWaits(on: Interleaver, thread: number): number[] {
  const actions: number[] = [];
  on.restart();
  while (on.machine.buffer.waiting(thread).length === 0) {
    actions.push(thread);
    on.perform(thread);
  }
  return actions;
}

test("a store that drains is named by the field that it is to", () => {
  const { on, configuration } = violated("qsbr", "tso");
  const actions = [...untilStoreWaits(on, 0), DRAIN, 0];
  const text = encode(on, new Names(on), actions);
  assert.match(text, /,returner\/rcu_slot,returner/);
  assert.equal(replaySchedule(on, text).actions, actions);
  const again = replaySchedule(fresh(configuration), text);
  assert.equal([again.fits, again.note], [true, null]);
});

test("a schedule leaves out what follows by itself", () => {
  const { actions } = violated("shutdown");
  const text = written("shutdown");
  assert.ok(text.split(",").length < actions.length);
});

test.run();
