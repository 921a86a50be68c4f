// SPDX-License-Identifier: GPL-2.0-only
/** rwsem: writers that spin instead of sleeping, and when they must not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NONSPINNABLE, newRwsem, READER, READER_OWNED, WAITERS, WL } from "../../support/rwsem.ts";
import { onMachine, SPIN_ON } from "../../support/scenario.ts";

test("R14: a writer spins while the owner runs, and then takes the lock without queueing", async () => {
  await onMachine({ cpus: 2, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.shows("osq", sem.osqWord, 2);
    await on.turns();
    assert.is(on.task(1).state, "TASK_RUNNING");
    assert.is(sem.count, WL, "nobody is queued");
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
    assert.is(sem.count, WL);
    assert.is(sem.osq, 0);
    assert.equal(on.events(), { RWSEM_OPT_LOCK: 1 });
  });
});

test("R14: only one writer spins on the lock, the next one behind it in the OSQ", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const spinner = on.start(1, "down_write", sem.at);
    await on.shows("osq", sem.osqWord, 2);
    const next = on.start(2, "down_write", sem.at);
    await on.shows("osq", sem.osqWord, 3);
    const node = on.unit(2, on.constant("PERCPU_OSQ_NODE"));
    assert.is(on.word(node + on.constant("OFFSETOF_OPTIMISTIC_SPIN_NODE_LOCKED")), 0);
    await on.call(0, "up_write", sem.at);
    await on.finish(spinner);
    await on.turns();
    assert.not(next.returned);
    await on.call(1, "up_write", sem.at);
    await on.finish(next);
    assert.equal(on.events(), { RWSEM_OPT_LOCK: 2 });
  });
});

test("R14: an owner that is asleep is not spun on", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    await on.call(0, "down_write", sem.at);
    const owner = on.start(0, "wait_for_completion", done);
    await on.asleep(0, "WAIT_COMPLETION");
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(on.events()["RWSEM_OPT_FAIL"], 1);
    await on.call(2, "complete", done);
    await on.finish(owner);
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R14: a spinner goes to sleep when the owner does", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.shows("osq", sem.osqWord, 2);
    const owner = on.start(0, "wait_for_completion", done);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.count, WL | WAITERS);
    assert.is(sem.osq, 0);
    await on.call(2, "complete", done);
    await on.finish(owner);
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R14: a spinner goes to sleep when a grace period waits for it", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.shows("osq", sem.osqWord, 2);
    await on.call(2, "synchronize_rcu");
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(on.events()["RWSEM_OPT_FAIL"], 1);
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R14: a spinner goes to sleep when its budget is used up", async () => {
  await onMachine({ cpus: 2, spinLimit: 10 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(on.task(0).state, "TASK_RUNNING", "the owner is not asleep");
    assert.is(on.events()["RWSEM_OPT_FAIL"], 1);
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R15: spinning on readers ends by itself, and sets NONSPINNABLE", async () => {
  await onMachine({ cpus: 2, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.owner, on.unit(0) | READER_OWNED | NONSPINNABLE);
    const { RWSEM_OPT_NOSPIN, RWSEM_OPT_FAIL } = on.events();
    assert.equal([RWSEM_OPT_NOSPIN, RWSEM_OPT_FAIL], [1, 1]);
    await on.call(0, "up_read", sem.at);
    await on.finish(writer);
  });
});

test("R15: NONSPINNABLE is not set while a writer owns the lock", async () => {
  await onMachine({ cpus: 2, spinLimit: 10 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.owner, on.unit(0));
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R16: no writer spins while NONSPINNABLE is set; the last reader clears it", async () => {
  await onMachine({ cpus: 4, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    await on.call(3, "down_read", sem.at);
    sem.owner = sem.owner | NONSPINNABLE;
    const first = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const second = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    assert.is(sem.queue, "W1 W2");
    const { RWSEM_OPT_NOSPIN, RWSEM_OPT_FAIL } = on.events();
    assert.equal([RWSEM_OPT_NOSPIN, RWSEM_OPT_FAIL], [undefined, 2], "nobody looked at the clock");
    await on.call(0, "up_read", sem.at);
    assert.is(sem.owner & NONSPINNABLE, NONSPINNABLE, "one reader is left");

    const thaw = on.freeze(sem.waitLock);
    const unlock = on.start(3, "up_read", sem.at);
    await on.until("NONSPINNABLE is gone", () => (sem.owner & NONSPINNABLE) === 0);
    assert.is(sem.count, WAITERS);
    thaw();
    await on.finish(unlock);
    await on.finish(first);
    await on.call(1, "up_write", sem.at);
    await on.finish(second);
  });
});

test("R16: NONSPINNABLE outlives the readers that join", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    sem.owner = sem.owner | NONSPINNABLE;
    await on.call(1, "down_read", sem.at);
    assert.is(sem.owner, on.unit(1) | READER_OWNED | NONSPINNABLE);
    assert.is(sem.count, 2 * READER);
    await on.call(0, "up_read", sem.at);
    await on.call(1, "up_read", sem.at);
  });
});

test.run();
