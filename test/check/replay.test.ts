// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Replay } from "../../host/check/replay.ts";
import { replaySchedule } from "../../host/check/steer.ts";
import { type SceneName, violated } from "./scenes.ts";

function replayOf(name: SceneName): Replay {
  const { on, actions } = violated(name);
  return new Replay(on, actions);
}

test("forwards to the end, where what was broken is", () => {
  const replay = replayOf("rcu");
  assert.equal([replay.position, replay.current, replay.isAtEnd], [0, [], false]);
  while (replay.forward());
  assert.is(replay.violation?.property, "use after free");
  assert.ok(replay.isAtEnd);
  assert.is(replay.position, violated("rcu").actions.length);
  assert.is(replay.current.at(-1)?.fn, "mortal_look");
  assert.not(replay.forward());
});

test("back from anywhere is where it was before", () => {
  const replay = replayOf("rwsem");
  const seen: string[] = [];
  const look = () => JSON.stringify([replay.steps, replay.current, replay.locks, replay.sleepers]);
  do seen.push(look());
  while (replay.forward());
  while (replay.back()) assert.is(look(), seen[replay.position]);
  assert.is(replay.position, 0);
});

test("the next switch is where another thread goes on", () => {
  const replay = replayOf("rwsem");
  const turns: (string | undefined)[] = [];
  while (!replay.isAtEnd) {
    const before = replay.position;
    replay.nextSwitch();
    const steps = replay.steps.slice(-replay.current.length);
    turns.push(replay.threads[steps.at(-1)?.thread ?? -1]);
    assert.ok(replay.position > before);
  }
  assert.is(turns.length, replay.switches + 1);
  for (const [i, turn] of turns.entries()) if (i > 0) assert.is.not(turn, turns[i - 1]);
});

test("who sleeps, and what locks hold, is told as of the position", () => {
  const replay = replayOf("rwsem");
  assert.equal([replay.sleepers, replay.locks], [[], []]);
  replay.toEnd();
  assert.is(replay.sleepers.length, 1);
  assert.ok(replay.locks.includes("check_rwsem#1.sem.count = 0x2: waiters"));
});

test("where all threads have ended, the end of the program is the last step", () => {
  const { on } = violated("rwsem");
  const { actions } = replaySchedule(on, "hp1-00000000:writer,reader");
  const replay = new Replay(on, actions);
  replay.toEnd();
  assert.equal([replay.position, replay.violation], [actions.length + 1, null]);
  assert.is(replay.threads[replay.current.at(-1)?.thread ?? -1], "end");
  assert.match(replay.current[0]?.note ?? "", /^all threads have ended/);
  replay.back();
  assert.is(replay.current.at(-1)?.thread, 0);
  replay.forward();
  assert.ok(replay.isAtEnd);
});

test.run();
