// SPDX-License-Identifier: GPL-2.0-only
/** A seat between a reader and a remover that sleeps for it. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";

const CPUS = { cpus: 2, spinLimit: 0 };
const [REMOVER, READER] = [0, 1] as const;
const [HERE, ELSEWHERE] = [0x1240, 0x5680] as const;

/** A seat that says HERE, and a remover that sleeps until it does not. */
async function slept(s: Stage): Promise<{ seat: number; removal: Promise<number> }> {
  const seat = s.alloc(s.constant("SEAT_BYTES"));
  assert.is(await s.call(READER, "seat_say", seat, HERE), 0, "nobody sleeps");
  const removal = s.call(REMOVER, "seat_await_change", seat, HERE);
  await s.waits(REMOVER, "WAIT_GATE", seat);
  await s.until("it sleeps", () => s.machine.tasks()[REMOVER]?.state === "TASK_PARKED");
  return { seat, removal };
}

staged("T1: whoever says something else is told who sleeps, once", CPUS, async (s) => {
  const { seat, removal } = await slept(s);
  const task = s.percpu(0, REMOVER);
  assert.is(await s.call(READER, "seat_say", seat, ELSEWHERE), task);
  assert.is(await s.call(READER, "seat_say", seat, 0), 0);
  await s.call(READER, "seat_wake", task);
  await removal;
});

staged("T1: nobody is nobody to wake", CPUS, async (s) => {
  const wakes = s.event("EV_SCHED_WAKE");
  await s.call(READER, "seat_wake", 0);
  assert.is(s.event("EV_SCHED_WAKE"), wakes);
});

staged("T2: saying it again does not hold up who slept for it", CPUS, async (s) => {
  const { seat, removal } = await slept(s);
  const task = await s.call(READER, "seat_say", seat, 0);
  assert.is(await s.call(READER, "seat_say", seat, HERE), 0);
  await s.call(READER, "seat_wake", task);
  await removal;
  assert.is(await s.call(REMOVER, "seat_says", seat), HERE);
});

staged("T2: a seat that says something else is not slept for", CPUS, async (s) => {
  const seat = s.alloc(s.constant("SEAT_BYTES"));
  await s.call(READER, "seat_say", seat, ELSEWHERE);
  await s.call(REMOVER, "seat_await_change", seat, HERE);
  assert.is(s.get(seat), ELSEWHERE);
  assert.is(s.get(seat + 4), 0, "no mark is left");
});

staged("T2: a wake-up for nothing is slept through", CPUS, async (s) => {
  const { seat, removal } = await slept(s);
  let over = false;
  const end = removal.then(() => {
    over = true;
  });
  const sleeps = s.event("EV_SCHED_SLEEP");
  await s.call(READER, "seat_wake", s.percpu(0, REMOVER));
  await s.until("it sleeps again", () => s.event("EV_SCHED_SLEEP") > sleeps);
  assert.not.ok(over);
  await s.call(READER, "seat_wake", await s.call(READER, "seat_say", seat, 0));
  await end;
});

test.run();
