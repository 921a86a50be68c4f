// SPDX-License-Identifier: GPL-2.0-only
/** Who goes on next in a schedule that is drawn by priorities. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Priorities } from "../../host/check/schedulers.ts";
import { TICK } from "../../host/machine/coroutine/choices.ts";
import { randomFrom } from "../../host/stats/random.ts";

const WALKS = 200;
const STEPS = 60;

/** What is chosen in `WALKS` schedules, all of `actions` being possible at each step. */
function schedules(actions: readonly number[], threads: number): number[][] {
  const scheduler = new Priorities(randomFrom(3), threads);
  return Array.from({ length: WALKS }, () => {
    scheduler.begin();
    return Array.from({ length: STEPS }, (_, step) =>
      scheduler.choose(actions, actions.length, step),
    );
  });
}

const switches = (schedule: readonly number[]) =>
  schedule.filter((thread, i) => i > 0 && thread !== schedule[i - 1]).length;

test("a thread goes on until it falls behind all others, which happens twice at most", () => {
  const counts = schedules([0, 1, 2], 3).map(switches);
  assert.equal([...new Set(counts)].sort(), [0, 1, 2]);
});

test("beside the clock it does so as often", () => {
  const twice = (actions: readonly number[]) => {
    const threads = schedules(actions, 3).map((schedule) => schedule.filter((one) => one < TICK));
    return threads.filter((schedule) => switches(schedule) === 2).length / WALKS;
  };
  const [without, beside] = [twice([0, 1, 2]), twice([0, 1, 2, TICK])];
  assert.ok(without > 0.75, `${without}`); // some fall behind at the very end, or two at one step
  assert.ok(Math.abs(beside - without) < 0.1, `${beside} for ${without}`);
});

test("any thread may be the first", () => {
  const first = new Set(schedules([0, 1, 2], 3).map(([thread]) => thread));
  assert.equal([...first].sort(), [0, 1, 2]);
});

test("the clock goes on in a tenth of the steps, and when no thread can", () => {
  const all = schedules([0, 1, TICK], 2).flat();
  const ticks = all.filter((action) => action === TICK).length / all.length;
  assert.ok(ticks > 0.08 && ticks < 0.12, `${ticks}`);
  assert.ok(schedules([TICK], 2).every((schedule) => schedule.every((one) => one === TICK)));
});

test.run();
