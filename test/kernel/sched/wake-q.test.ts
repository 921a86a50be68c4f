// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../drivers/local-machine.ts";

const PARKED = 2; // TASK_PARKED

/** Two CPUs, and parked tasks that nobody runs. */
class Bench extends LocalMachine {
  #next = this.map.hostStart;

  makeTask(): number {
    const task = this.#next;
    this.#next += 128;
    this.setU32(task + this.constant("OFFSETOF_TASK_STRUCT_STATE"), PARKED);
    return task;
  }

  isParked(task: number): boolean {
    return this.field(task, "TASK_STRUCT_STATE") === PARKED;
  }

  link(task: number): number {
    return this.field(task, "TASK_STRUCT_WAKE_Q_NEXT");
  }
}

test("W1: a task is on one wake queue, and that one wakes it", () => {
  const bench = new Bench();
  const task = bench.makeTask();
  bench.call(0, "wake_q_add", task);
  bench.call(1, "wake_q_add", task);
  assert.is(bench.call(0, "wake_q_empty"), 0);
  assert.is(bench.call(1, "wake_q_empty"), 1, "the second one relies on the first");
  bench.call(1, "wake_up_q");
  assert.ok(bench.isParked(task));
  bench.call(0, "wake_up_q");
  assert.not(bench.isParked(task));
  assert.is(bench.events()["EV_SCHED_WAKE"], 1n);
});

test("W1: a task that was woken can be queued again, on any CPU", () => {
  const bench = new Bench();
  const task = bench.makeTask();
  bench.call(0, "wake_q_add", task);
  bench.call(0, "wake_q_add", task);
  bench.call(0, "wake_up_q");
  assert.is(bench.link(task), 0);
  bench.call(1, "wake_q_add", task);
  assert.is(bench.call(1, "wake_q_empty"), 0);
  bench.call(1, "wake_up_q");
  assert.is(bench.link(task), 0);
});

test("W2: waking empties the queue, and wakes all that were on it, first come first", () => {
  const bench = new Bench();
  const tasks = [bench.makeTask(), bench.makeTask(), bench.makeTask()];
  for (const task of tasks) bench.call(0, "wake_q_add", task);
  const last = 1;
  assert.equal(
    tasks.map((task) => bench.link(task)),
    [tasks[1], tasks[2], last],
  );
  bench.call(0, "wake_up_q");
  assert.is(bench.call(0, "wake_q_empty"), 1);
  assert.equal(
    tasks.map((task) => [bench.isParked(task), bench.link(task)]),
    tasks.map(() => [false, 0]),
  );
});

test("W2: waking from an empty queue wakes nobody", () => {
  const bench = new Bench();
  bench.call(0, "wake_up_q");
  assert.is(bench.events()["EV_SCHED_WAKE"], 0n);
});

test.run();
