// SPDX-License-Identifier: GPL-2.0-only
/** qrwlock and the ticket lock that is its queue, on real threads. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { onMachine, type Scenario } from "../../support/scenario.ts";
import { survives } from "../../support/torture.ts";

const LOCKED = 0xff;
const WAITING = 0x100;
const READER = 0x200;

/** A qrwlock as a test reads it from the shared memory. */
class Qrwlock {
  /** Addresses. */
  readonly at: number;
  readonly nextWord: number;
  readonly #ownerWord: number;
  readonly #on: Scenario;

  constructor(on: Scenario) {
    this.#on = on;
    this.at = on.alloc(on.constant("QRWLOCK_BYTES"));
    const queue = this.at + on.constant("QRWLOCK_WAIT_LOCK");
    this.nextWord = queue + on.constant("OFFSETOF_ARCH_SPINLOCK_NEXT");
    this.#ownerWord = queue + on.constant("OFFSETOF_ARCH_SPINLOCK_OWNER");
  }

  get cnts(): number {
    return this.#on.word(this.at);
  }

  set cnts(value: number) {
    this.#on.poke(this.at, value);
  }

  /** How many have, or wait for, the queue's lock. */
  get queued(): number {
    return this.#on.word(this.nextWord) - this.#on.word(this.#ownerWord);
  }

  /** CPU `cpu` begins to take the lock, and is the n-th to queue. */
  async enqueue(cpu: number, side: "read" | "write", n: number) {
    const call = this.#on.start(cpu, `queued_${side}_lock`, this.at);
    await this.#on.shows("the next ticket", this.nextWord, n);
    return call;
  }
}

/** By default nobody who spins ever pauses. */
const script = (cpus: number, run: (on: Scenario, lock: Qrwlock) => Promise<void>, spinLimit = 0) =>
  onMachine({ cpus, spinLimit }, (on) => run(on, new Qrwlock(on)));

for (const [type, rules] of [
  ["TORTURE_QRWLOCK", "W1, O1-O3"],
  ["TORTURE_TICKET_LOCK", "T1, O1"],
] as const) {
  for (const cpus of [2, 4]) {
    test(`${rules}: ${cpus} CPUs that spin exclude one another, ${type}`, async () => {
      const load = { type, rounds: 4, sections: 100, spinLimit: 50 };
      await survives({ ...load, cpus, seed: cpus });
    });
  }
}

test("W1, W2: the word says who is inside", async () => {
  await script(1, async (on, lock) => {
    for (const [fn, cnts] of [
      ["queued_read_lock", READER],
      ["queued_read_lock", 2 * READER],
      ["queued_read_unlock", READER],
      ["queued_read_unlock", 0],
      ["queued_write_lock", LOCKED],
      ["queued_write_unlock", 0],
    ] as const) {
      await on.call(0, fn, lock.at);
      assert.is(lock.cnts, cnts, fn);
    }
    assert.is(on.word(lock.nextWord), 0, "nobody queued");
  });
});

test("W6: a trylock that fails changes nothing", async () => {
  await script(1, async (on, lock) => {
    for (const [cnts, read, write] of [
      [LOCKED, 0, 0],
      [WAITING, 0, 0],
      [WAITING | READER, 0, 0],
      [LOCKED + READER, 0, 0],
      [READER, 1, 0],
      [0, 1, 1],
    ] as const) {
      for (const [fn, taken, by] of [
        ["queued_read_trylock", read, READER],
        ["queued_write_trylock", write, LOCKED],
      ] as const) {
        lock.cnts = cnts;
        assert.is(await on.call(0, fn, lock.at), taken, `${fn} of ${cnts}`);
        assert.is(lock.cnts, cnts + taken * by);
      }
    }
  });
});

test("W3: a reader behind a writer is in as soon as that is gone", async () => {
  await script(2, async (on, lock) => {
    await on.call(0, "queued_write_lock", lock.at);
    const reader = await lock.enqueue(1, "read", 1);
    await on.shows("the word", lock.at, LOCKED + READER);
    await on.turns();
    assert.not(reader.returned);
    await on.call(0, "queued_write_unlock", lock.at);
    await on.finish(reader);
    assert.equal([lock.cnts, lock.queued], [READER, 0]);
  });
});

test("W4, W5, T2: a writer that waits turns readers away, and the queue goes in order", async () => {
  await script(4, async (on, lock) => {
    await on.call(0, "queued_read_lock", lock.at);
    const writer = await lock.enqueue(1, "write", 1);
    await on.shows("the word", lock.at, READER | WAITING);
    const reader = await lock.enqueue(2, "read", 2);
    const last = await lock.enqueue(3, "write", 3);
    await on.until("the reader has backed out", () => lock.cnts === (READER | WAITING));
    assert.is(lock.queued, 3);
    await on.call(0, "queued_read_unlock", lock.at);
    await on.finish(writer);
    await on.shows("the word: the reader is first", lock.at, LOCKED + READER);
    assert.is(lock.queued, 2);
    await on.call(1, "queued_write_unlock", lock.at);
    await on.finish(reader);
    assert.not(last.returned);
    await on.shows("the word: the last one is first", lock.at, READER | WAITING);
    await on.call(2, "queued_read_unlock", lock.at);
    await on.finish(last);
    assert.equal([lock.cnts, lock.queued], [LOCKED, 0]);
  });
});

test("T1-T4: tickets are served in their order", async () => {
  await script(4, async (on) => {
    const lock = on.alloc(on.constant("SIZEOF_ARCH_SPINLOCK"));
    await on.call(0, "arch_spin_lock", lock);
    const waiters = [];
    for (const cpu of [2, 1, 3]) {
      waiters.push({ cpu, call: on.start(cpu, "arch_spin_lock", lock) });
      await on.shows("next", lock, waiters.length + 1);
    }
    let holder = 0;
    for (const [i, { cpu, call }] of waiters.entries()) {
      await on.turns(3);
      assert.ok(waiters.slice(i).every((one) => !one.call.returned));
      await on.call(holder, "arch_spin_unlock", lock);
      await on.finish(call);
      holder = cpu;
    }
    assert.is(await on.call(0, "arch_spin_is_locked", lock), 1);
    await on.call(holder, "arch_spin_unlock", lock);
    assert.is(await on.call(0, "arch_spin_is_locked", lock), 0);
  });
});

test("P1: a grace period does not wait for those who spin, first in the queue or behind", async () => {
  await script(4, async (on, lock) => {
    await on.call(0, "queued_write_lock", lock.at);
    const first = await lock.enqueue(1, "read", 1);
    const second = await lock.enqueue(2, "write", 2);
    await on.call(3, "synchronize_rcu");
    assert.not(first.returned || second.returned);
    await on.call(0, "queued_write_unlock", lock.at);
    await on.finish(first);
    await on.call(1, "queued_read_unlock", lock.at);
    await on.finish(second);
  });
});

test("P2, P3: who spins for long pauses, and then shows what it waits for", async () => {
  await script(
    3,
    async (on, lock) => {
      await on.call(0, "queued_write_lock", lock.at);
      const first = await lock.enqueue(1, "read", 1);
      const second = await lock.enqueue(2, "write", 2);
      for (const [cpu, wait] of [
        [1, "WAIT_QRWLOCK_READ"],
        [2, "WAIT_TICKET"],
      ] as const) {
        await on.until(`CPU ${cpu} shows ${wait}`, () => on.task(cpu).wait === wait);
        assert.is(on.task(cpu).state, "TASK_RUNNING", "it has not gone to sleep");
      }
      await on.call(0, "queued_write_unlock", lock.at);
      await on.finish(first);
      await on.until("the writer is first", () => on.task(2).wait === "WAIT_QRWLOCK_WRITE");
      await on.call(1, "queued_read_unlock", lock.at);
      await on.finish(second);
      assert.is(on.task(2).wait, "WAIT_NONE");
    },
    1,
  );
});

test.run();
