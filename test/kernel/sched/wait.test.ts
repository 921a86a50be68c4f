// SPDX-License-Identifier: GPL-2.0-only
/** Wait queues: who is queued where, and whom a wake-up reaches. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../drivers/local-machine.ts";
import { onMachine, type Scenario } from "../../support/scenario.ts";

const CPUS = 4;

/** A queue, and CPUs that have announced their sleep on it and go no further. */
class Bench extends LocalMachine {
  readonly wq = this.map.hostStart;

  constructor() {
    super(CPUS);
  }

  unit(cpu: number, offset = "PERCPU_WAIT_ENTRY"): number {
    const base = this.constant("PERCPU_BASE") + cpu * this.constant("PERCPU_STRIDE");
    return base + (offset === "" ? 0 : this.constant(offset));
  }

  /** CPU `cpu` queues and announces a sleep. */
  wait(cpu: number, exclusive = false): void {
    const entry = this.call(cpu, "init_wait");
    this.call(cpu, exclusive ? "prepare_to_wait_exclusive" : "prepare_to_wait", this.wq, entry);
  }

  /** CPUs in the queue, first to last. */
  get queue(): number[] {
    const cpus: number[] = [];
    const first = this.wq + this.constant("OFFSETOF_WAIT_QUEUE_HEAD_FIRST");
    for (let e = this.u32(first); e !== 0; e = this.u32(e)) {
      cpus.push((e - this.unit(0)) / this.constant("PERCPU_STRIDE"));
    }
    return cpus;
  }

  /** CPUs that have announced a sleep and were not woken. */
  get asleep(): number[] {
    const cpus = Array.from({ length: CPUS }, (_, cpu) => cpu);
    return cpus.filter((cpu) => this.field(this.unit(cpu, ""), "TASK_STRUCT_STATE") !== 0);
  }
}

test("W1: exclusive entries stand at the end, in order; the others at the front", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.wait(1, true);
  bench.wait(2);
  bench.wait(3, true);
  assert.equal(bench.queue, [2, 0, 1, 3]);
});

test("W1: an entry that is queued still keeps its place", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.wait(1);
  bench.call(0, "prepare_to_wait", bench.wq, bench.unit(0));
  assert.equal(bench.queue, [1, 0]);
});

test("W2: a wake-up ends with the first exclusive sleeper", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.wait(1, true);
  bench.wait(2, true);
  assert.is(bench.call(3, "wake_up", bench.wq), 2);
  assert.equal([bench.queue, bench.asleep], [[2], [2]]);
  assert.is(bench.call(3, "wake_up", bench.wq), 1);
  assert.is(bench.call(3, "wake_up", bench.wq), 0, "nobody is left");
});

test("W2: an exclusive waiter that is awake does not use the wake-up up", () => {
  const bench = new Bench();
  bench.wait(0, true);
  bench.wait(1, true);
  bench.wait(2, true);
  bench.call(0, "set_current_state", 0);
  assert.is(bench.call(3, "wake_up", bench.wq), 1);
  assert.equal([bench.queue, bench.asleep], [[0, 2], [2]]);
});

test("W2: wake_up_nr() counts exclusive sleepers", () => {
  const bench = new Bench();
  for (const cpu of [0, 1, 2]) bench.wait(cpu, true);
  assert.is(bench.call(3, "wake_up_nr", bench.wq, 2), 2);
  assert.equal(bench.queue, [2]);
});

test("W3: a wake-up takes a sleeper's entry off, and leaves that of a task that is awake", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.wait(1);
  bench.call(1, "set_current_state", 0);
  assert.is(bench.call(3, "wake_up_all", bench.wq), 1);
  assert.equal(bench.queue, [1]);
  bench.call(1, "finish_wait", bench.wq, bench.unit(1));
  assert.equal(bench.queue, []);
  assert.is(bench.call(3, "waitqueue_active", bench.wq), 0);
});

test("W3: an entry can be queued again once a wake-up took it off", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.call(3, "wake_up", bench.wq);
  bench.call(0, "prepare_to_wait", bench.wq, bench.unit(0));
  assert.equal([bench.queue, bench.asleep], [[0], [0]]);
  bench.call(0, "finish_wait", bench.wq, bench.unit(0));
  assert.equal([bench.queue, bench.asleep], [[], []]);
});

test("W4: wake_up_all() wakes every entry", () => {
  const bench = new Bench();
  bench.wait(0);
  bench.wait(1, true);
  bench.wait(2, true);
  assert.is(bench.call(3, "wake_up_all", bench.wq), 3);
  assert.equal([bench.queue, bench.asleep], [[], []]);
});

test("W5: a task's entry is in its CPU's unit", () => {
  const bench = new Bench();
  for (let cpu = 0; cpu < CPUS; cpu++) {
    assert.is(bench.call(cpu, "init_wait"), bench.unit(cpu));
  }
});

/** Has CPU 0 announce its sleep on a queue. @returns the queue, and how CPU 0 goes on */
async function prepared(on: Scenario): Promise<{ wq: number; sleep: () => Promise<void> }> {
  const wq = on.alloc(on.constant("SIZEOF_WAIT_QUEUE_HEAD"));
  const entry = await on.call(0, "init_wait");
  await on.call(0, "prepare_to_wait", wq, entry);
  const sleep = async () => {
    await on.finish(on.start(0, "schedule"));
    await on.call(0, "finish_wait", wq, entry);
  };
  return { wq, sleep };
}

test("O1: a wake-up behind prepare_to_wait() is seen by the sleep", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const { wq, sleep } = await prepared(on);
    assert.is(on.task(0).wait, "WAIT_QUEUE");
    assert.is(await on.call(1, "wake_up", wq), 1);
    await sleep();
    assert.equal(on.events(), {}, "it did not sleep at all");
  });
});

test("O1: a wake-up reaches a task that has gone to sleep", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const { wq, sleep } = await prepared(on);
    const slept = sleep();
    slept.catch(() => {});
    await on.asleep(0, "WAIT_QUEUE");
    assert.is(await on.call(1, "wake_up", wq), 1);
    await slept;
    assert.equal(on.events(), { SCHED_SLEEP: 1, SCHED_WAKE: 1 });
    assert.is(on.task(0).wait, "WAIT_NONE");
  });
});

test("O1: prepare_to_wait() and wake_up() take the queue's lock", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const wq = on.alloc(on.constant("SIZEOF_WAIT_QUEUE_HEAD"));
    const entry = await on.call(0, "init_wait");
    const thaw = on.freeze(wq);
    const prepare = on.start(0, "prepare_to_wait", wq, entry);
    await on.blockedOn(0, wq);
    const wake = on.start(1, "wake_up", wq);
    await on.blockedOn(1, wq);
    assert.is(on.task(0).state, "TASK_RUNNING", "the sleep is announced under the lock");
    thaw();
    await on.finish(prepare);
    const woken = await on.finish(wake);
    assert.is(on.task(0).state, woken === 1 ? "TASK_RUNNING" : "TASK_SLEEPING");
  });
});

test.run();
