// SPDX-License-Identifier: GPL-2.0-only
/** The queue of spinners. Where a step must be caught half-way, the test plays one of the CPUs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { onMachine, type Scenario, SPIN_ON } from "../../support/scenario.ts";
import { survives } from "../../support/torture.ts";

type Field = "NEXT" | "PREV" | "LOCKED" | "CPU";

/** A queue, and the nodes of the CPUs. */
class Osq {
  readonly at: number;
  readonly #on: Scenario;

  constructor(on: Scenario) {
    this.#on = on;
    this.at = on.alloc(4);
  }

  get tail(): number {
    return this.#on.word(this.at);
  }

  node(cpu: number): number {
    return this.#on.unit(cpu, this.#on.constant("PERCPU_OSQ_NODE"));
  }

  address(cpu: number, field: Field): number {
    return this.node(cpu) + this.#on.constant(`OFFSETOF_OPTIMISTIC_SPIN_NODE_${field}`);
  }

  get(cpu: number, field: Field): number {
    return this.#on.word(this.address(cpu, field));
  }

  set(cpu: number, field: Field, value: number): void {
    this.#on.poke(this.address(cpu, field), value);
  }

  /** What osq_lock() does first on CPU `cpu`: it is in the queue, and not linked. */
  exchangeTail(cpu: number): void {
    for (const field of ["NEXT", "PREV", "LOCKED"] as const) this.set(cpu, field, 0);
    this.set(cpu, "CPU", cpu + 1);
    this.#on.poke(this.at, cpu + 1);
  }

  /** Until CPU `cpu` is the last in the queue and linked behind `prev`. */
  async queued(cpu: number, prev: number): Promise<void> {
    await this.#on.shows("tail", this.at, cpu + 1);
    await this.#on.shows("prev.next", this.address(prev, "NEXT"), this.node(cpu));
  }
}

for (const cpus of [2, 4]) {
  test(`Q1, O1, O2: ${cpus} CPUs exclude one another`, async () => {
    const load = { type: "TORTURE_OSQ_LOCK", rounds: 3, sections: 500 };
    await survives({ ...load, cpus, seed: cpus, spinLimit: 100 });
  });
}

test("Q4, O3: CPUs that leave at every turn leave the queue whole", async () => {
  const load = { type: "TORTURE_OSQ_LOCK", rounds: 3, sections: 400 };
  await survives({ ...load, cpus: 4, seed: 5, spinLimit: 1 });
});

test("Q1: the lock goes from CPU to CPU in the order of their exchange", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    assert.is(await on.call(0, "osq_lock", osq.at), 1);
    assert.is(osq.tail, 1);
    const second = on.start(1, "osq_lock", osq.at);
    await osq.queued(1, 0);
    const third = on.start(2, "osq_lock", osq.at);
    await osq.queued(2, 1);
    await on.call(0, "osq_unlock", osq.at);
    assert.is(await on.finish(second), 1);
    assert.is(osq.get(2, "LOCKED"), 0);
    await on.call(1, "osq_unlock", osq.at);
    assert.is(await on.finish(third), 1);
    await on.call(2, "osq_unlock", osq.at);
    assert.is(osq.tail, 0);
    assert.is(await on.call(1, "osq_is_locked", osq.at), 0);
  });
});

test("Q2: a CPU waits for its own node, and not for the tail", async () => {
  await onMachine({ cpus: 2, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    await on.call(0, "osq_lock", osq.at);
    const waiter = on.start(1, "osq_lock", osq.at);
    await osq.queued(1, 0);
    on.poke(osq.at, 0);
    await on.turns();
    assert.not(waiter.returned);
    on.poke(osq.at, 2);
    osq.set(1, "LOCKED", 1);
    assert.is(await on.finish(waiter), 1);
  });
});

test("Q3: a CPU leaves when its budget is used up", async () => {
  await onMachine({ cpus: 2, spinLimit: 1 }, async (on) => {
    const osq = new Osq(on);
    await on.call(0, "osq_lock", osq.at);
    assert.is(await on.call(1, "osq_lock", osq.at), 0);
    assert.is(osq.tail, 1, "as if it had never come");
    assert.is(osq.get(0, "NEXT"), 0);
    await on.call(0, "osq_unlock", osq.at);
    assert.is(await on.call(1, "osq_lock", osq.at), 1);
  });
});

test("Q3, Q4: a CPU in the middle leaves for a grace period, and links its neighbours", async () => {
  await onMachine({ cpus: 4, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    await on.call(0, "osq_lock", osq.at);
    const leaver = on.start(1, "osq_lock", osq.at);
    await osq.queued(1, 0);
    // Offline for RCU: no grace period waits for it.
    const stayer = on.invoke(2, "osq_lock", { args: [osq.at], bracket: false });
    await osq.queued(2, 1);
    await on.call(3, "synchronize_rcu");
    assert.is(await on.finish(leaver), 0);
    assert.is(osq.get(0, "NEXT"), osq.node(2));
    assert.is(osq.get(2, "PREV"), osq.node(0));
    assert.not(stayer.returned);
    await on.call(0, "osq_unlock", osq.at);
    assert.is(await on.finish(stayer), 1);
    assert.is(osq.tail, 3);
  });
});

test("Q4: a CPU that finds itself handed the lock as it leaves stays", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    osq.exchangeTail(0); // the test is CPU 0, and the holder
    const leaver = on.start(1, "osq_lock", osq.at);
    await osq.queued(1, 0);
    osq.set(0, "NEXT", 0); // it unlocks, and has just taken the link to CPU 1
    const gp = on.start(2, "synchronize_rcu");
    await on.turns();
    assert.not(leaver.returned, "step A can neither cut the link nor find the lock handed over");
    osq.set(1, "LOCKED", 1);
    assert.is(await on.finish(leaver), 1);
    await on.finish(gp);
    assert.is(osq.tail, 2);
  });
});

test("Q4, Q5: a CPU that leaves waits for the one that has not linked itself yet", async () => {
  await onMachine({ cpus: 4, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    await on.call(0, "osq_lock", osq.at);
    const leaver = on.start(1, "osq_lock", osq.at);
    await osq.queued(1, 0);
    osq.exchangeTail(2); // the test is CPU 2
    const gp = on.start(3, "synchronize_rcu");
    await on.shows("the holder's next", osq.address(0, "NEXT"), 0); // step A
    await on.turns();
    assert.not(leaver.returned);
    osq.set(2, "PREV", osq.node(1));
    osq.set(1, "NEXT", osq.node(2));
    assert.is(await on.finish(leaver), 0);
    await on.finish(gp);
    assert.is(osq.get(1, "NEXT"), 0, "step B took the link");
    assert.is(osq.get(2, "PREV"), osq.node(0));
    assert.is(osq.get(0, "NEXT"), osq.node(2));
    assert.is(osq.tail, 3);
    await on.call(0, "osq_unlock", osq.at);
    assert.is(osq.get(2, "LOCKED"), 1);
  });
});

test("Q5: an unlock waits for a CPU that has not linked itself yet", async () => {
  await onMachine({ cpus: 2, spinLimit: SPIN_ON }, async (on) => {
    const osq = new Osq(on);
    await on.call(0, "osq_lock", osq.at);
    osq.exchangeTail(1); // the test is CPU 1
    const unlock = on.start(0, "osq_unlock", osq.at);
    await on.turns();
    assert.not(unlock.returned);
    osq.set(1, "PREV", osq.node(0));
    osq.set(0, "NEXT", osq.node(1));
    await on.finish(unlock);
    assert.is(osq.get(1, "LOCKED"), 1);
    assert.is(osq.tail, 2);
  });
});

test.run();
