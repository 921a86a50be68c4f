// SPDX-License-Identifier: GPL-2.0-only
/** mutex: who spins instead of sleeping, and when they must not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HANDOFF, Mutex, WAITERS } from "../../support/mutex.ts";
import { wakeInVain } from "../../support/rwsem.ts";
import { onMachine, SPIN_ON } from "../../support/scenario.ts";

test("M6: tasks spin while the owner runs, one of them on the mutex", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const spinner = on.start(1, "mutex_lock", lock.at);
    await on.shows("osq", lock.osqWord, 2);
    const next = on.start(2, "mutex_lock", lock.at);
    await on.shows("osq", lock.osqWord, 3);
    assert.is(lock.owner, on.unit(0), "nobody is queued");
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(spinner);
    await on.turns();
    assert.not(next.returned);
    await on.call(1, "mutex_unlock", lock.at);
    await on.finish(next);
    assert.is(on.events()["MUTEX_SLEEP"], undefined);
    assert.is(lock.osq, 0);
  });
});

test("M6: an owner that is asleep is not spun on, nor one that falls asleep", async () => {
  await onMachine({ cpus: 4, spinLimit: SPIN_ON }, async (on) => {
    const lock = new Mutex(on);
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    await on.call(0, "mutex_lock", lock.at);
    const spinner = on.start(1, "mutex_lock", lock.at);
    await on.shows("osq", lock.osqWord, 2);
    const owner = on.start(0, "wait_for_completion", done);
    await on.asleep(1, "WAIT_MUTEX");
    assert.is(lock.osq, 0);
    const sleeper = on.start(2, "mutex_lock", lock.at);
    await on.asleep(2, "WAIT_MUTEX");
    assert.is(lock.owner, on.unit(0) | WAITERS);
    await on.call(3, "complete", done);
    await on.finish(owner);
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(spinner);
    await on.call(1, "mutex_unlock", lock.at);
    await on.finish(sleeper);
  });
});

test("M6: a spinner goes to sleep when a grace period waits for it", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const spinner = on.start(1, "mutex_lock", lock.at);
    await on.shows("osq", lock.osqWord, 2);
    await on.call(2, "synchronize_rcu");
    await on.asleep(1, "WAIT_MUTEX");
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(spinner);
  });
});

test("M6: a spinner goes to sleep when its budget is used up", async () => {
  await onMachine({ cpus: 2, spinLimit: 10 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const spinner = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    assert.is(on.task(0).state, "TASK_RUNNING", "the owner is not asleep");
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(spinner);
  });
});

test("M6: the first waiter spins without the OSQ, the second one not at all", async () => {
  await onMachine({ cpus: 4, spinLimit: SPIN_ON }, async (on) => {
    const lock = new Mutex(on);
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    await on.call(0, "mutex_lock", lock.at);
    const owner = on.start(0, "wait_for_completion", done);
    await on.asleep(0, "WAIT_COMPLETION");
    const first = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    const second = on.start(2, "mutex_lock", lock.at);
    await on.asleep(2, "WAIT_MUTEX");
    await wakeInVain(on, 1, 3);
    assert.is(lock.owner, on.unit(0) | WAITERS | HANDOFF);
    await on.call(3, "complete", done);
    await on.finish(owner);
    await wakeInVain(on, 2, 3);
    on.events();
    await on.call(3, "wake_up_process", on.unit(1));
    await on.until("it is awake", () => on.task(1).state === "TASK_SLEEPING");
    await on.turns();
    assert.is(on.task(1).state, "TASK_SLEEPING", "announced, and not slept");
    assert.is(lock.osq, 0);
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(first);
    assert.is(on.events()["MUTEX_SLEEP"], undefined);
    assert.is(lock.owner, on.unit(1) | WAITERS);
    await on.call(1, "mutex_unlock", lock.at);
    await on.finish(second);
  });
});

test.run();
