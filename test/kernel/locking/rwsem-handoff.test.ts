// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem: who may steal the lock from whoever is queued, and how the handoff ends that.
 *
 * Some scripts store the count themselves: the moment in which the last holder has let go, and has not
 * yet woken anybody.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HANDOFF, newRwsem, READER, WAITERS, WL, wakeInVain } from "../../support/rwsem.ts";
import { onMachine, SPIN_ON } from "../../support/scenario.ts";

test("R5: a reader that met neither writer nor HANDOFF passes a queued writer", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const thaw = on.freeze(sem.waitLock);
    const unlock = on.start(0, "up_write", sem.at);
    await on.blockedOn(0, sem.waitLock);
    const reader = on.start(2, "down_read", sem.at);
    await on.blockedOn(2, sem.waitLock);
    assert.is(sem.count, READER | WAITERS);
    assert.is(sem.owner, on.unit(2) | 1, "it owns the lock before it takes wait_lock");
    thaw();
    await on.finish(unlock);
    await on.finish(reader);
    assert.is(sem.queue, "W1");
    assert.is(on.events()["RWSEM_RLOCK_STEAL"], 1);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    await on.call(2, "up_read", sem.at);
    await on.finish(writer);
  });
});

test("R5: a reader that steals lets the queued readers join", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const queued = on.start(1, "down_read", sem.at);
    await on.asleep(1, "WAIT_RWSEM_READ");
    sem.owner = 0;
    sem.count = WAITERS;
    await on.call(2, "down_read", sem.at);
    await on.finish(queued);
    assert.is(sem.count, 2 * READER);
    const { RWSEM_RLOCK_STEAL, RWSEM_RLOCK, RWSEM_WAKE_READER } = on.events();
    assert.equal([RWSEM_RLOCK_STEAL, RWSEM_RLOCK, RWSEM_WAKE_READER], [1, 1, 1]);
  });
});

test("R11: a writer that spins steals a free lock from a queued one", async () => {
  await onMachine({ cpus: 3, spinLimit: 100 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    sem.owner = 0;
    sem.count = WAITERS;
    await on.call(2, "down_write", sem.at);
    assert.is(sem.count, WL | WAITERS);
    assert.is(sem.queue, "W1");
    assert.is(on.events()["RWSEM_OPT_LOCK"], 1);
    await on.call(2, "up_write", sem.at);
    await on.finish(writer);
  });
});

test("R11: so does a queued writer that is not first, if it happens to be awake", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const first = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const second = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    sem.owner = 0;
    sem.count = WAITERS;
    await on.call(3, "wake_up_process", on.unit(2));
    await on.finish(second);
    assert.is(sem.queue, "W1");
    await on.call(2, "up_write", sem.at);
    await on.finish(first);
  });
});

test("R12, R4: a writer past its time sets HANDOFF when woken in vain, under wait_lock", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    await wakeInVain(on, 1, 2);
    assert.is(sem.count, READER | WAITERS, "its time is not up");
    const [waiter = 0] = sem.waiters;
    sem.expire(waiter);
    const thaw = on.freeze(sem.waitLock);
    await on.call(2, "wake_up_process", on.unit(1));
    await on.blockedOn(1, sem.waitLock);
    assert.is(sem.count, READER | WAITERS);
    thaw();
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.count, READER | WAITERS | HANDOFF);
    assert.is(sem.field(waiter, "HANDOFF_SET"), 1);
    assert.is(on.events()["RWSEM_WLOCK_HANDOFF"], 1);
    await on.call(0, "up_read", sem.at);
    await on.finish(writer);
    assert.is(sem.count, WL, "R4: cleared by whom it was for");
  });
});

test("R12: a later writer past its time sets HANDOFF for the first one's sake", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const first = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const second = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    const [head = 0, tail = 0] = sem.waiters;
    sem.expire(tail);
    await wakeInVain(on, 2, 3);
    assert.is(sem.count, READER | WAITERS | HANDOFF);
    const marks = [head, tail].map((waiter) => sem.field(waiter, "HANDOFF_SET"));
    assert.equal(marks, [1, 0]);
    await on.call(0, "up_read", sem.at);
    await on.finish(first);
    await on.call(1, "up_write", sem.at);
    await on.finish(second);
  });
});

test("R12: HANDOFF keeps out readers, spinners, trylocks and later waiters", async () => {
  await onMachine({ cpus: 4, spinLimit: 100 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const first = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const second = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    sem.expire(sem.waiters[0] ?? 0);
    await wakeInVain(on, 1, 3);
    assert.is(sem.count, READER | WAITERS | HANDOFF);
    sem.count = WAITERS | HANDOFF;
    sem.owner = 0;
    assert.is(await on.call(3, "down_read_trylock", sem.at), 0);
    assert.is(await on.call(3, "down_write_trylock", sem.at), 0);
    await wakeInVain(on, 2, 3);
    assert.is(sem.count, WAITERS | HANDOFF, "the second waiter found it free, and left it");
    on.events();
    // The spinner gives up, queues, and wakes the first waiter, which nobody had done.
    const spinner = on.start(3, "down_write", sem.at);
    await on.finish(first);
    await on.asleep(3, "WAIT_RWSEM_WRITE");
    assert.is(sem.queue, "W2 W3");
    assert.is(sem.count, WL | WAITERS);
    const { RWSEM_OPT_LOCK, RWSEM_OPT_FAIL } = on.events();
    assert.equal([RWSEM_OPT_LOCK, RWSEM_OPT_FAIL], [undefined, 1]);
    await on.call(1, "up_write", sem.at);
    await on.finish(second);
    await on.call(2, "up_write", sem.at);
    await on.finish(spinner);
  });
});

test("R12: a reader does not steal from a writer with HANDOFF, but wakes it", async () => {
  await onMachine({ cpus: 3, rwsemWaitMs: 0 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.count, READER | WAITERS | HANDOFF);
    sem.count = WAITERS | HANDOFF;
    const reader = on.start(2, "down_read", sem.at);
    await on.finish(writer);
    await on.asleep(2, "WAIT_RWSEM_READ");
    assert.is(sem.count, WL | WAITERS);
    assert.is(on.events()["RWSEM_RLOCK_STEAL"], undefined);
    await on.call(1, "up_write", sem.at);
    await on.finish(reader);
  });
});

test("R12: a writer that HANDOFF was set for spins while the owner runs", async () => {
  await onMachine({ cpus: 3, spinLimit: SPIN_ON }, async (on) => {
    const sem = newRwsem(on);
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    await on.call(0, "down_write", sem.at);
    const owner = on.start(0, "wait_for_completion", done);
    await on.asleep(0, "WAIT_COMPLETION");
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    sem.expire(sem.waiters[0] ?? 0);
    await wakeInVain(on, 1, 2);
    assert.is(sem.count, WL | WAITERS | HANDOFF);
    await on.call(2, "complete", done);
    await on.finish(owner);
    on.events();
    await on.call(2, "wake_up_process", on.unit(1));
    await on.until("it is awake", () => on.task(1).state === "TASK_SLEEPING");
    await on.turns();
    assert.is(on.task(1).state, "TASK_SLEEPING", "announced, and not slept");
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
    assert.is(sem.count, WL);
    assert.is(on.events()["RWSEM_SLEEP_WRITER"], undefined);
  });
});

for (const expired of [false, true]) {
  const what = expired ? "sets HANDOFF" : "sets nothing before its time";
  test(`R12, R4: a first reader whose wake-up met a thief ${what}`, async () => {
    await onMachine({ cpus: 3, spinLimit: 100 }, async (on) => {
      const sem = newRwsem(on);
      await on.call(0, "down_write", sem.at);
      const reader = on.start(1, "down_read", sem.at);
      await on.asleep(1, "WAIT_RWSEM_READ");
      const [waiter = 0] = sem.waiters;
      if (expired) sem.expire(waiter);
      const thaw = on.freeze(sem.waitLock);
      const unlock = on.start(0, "up_write", sem.at);
      await on.blockedOn(0, sem.waitLock);
      await on.call(2, "down_write", sem.at);
      thaw();
      await on.finish(unlock);
      const handoff = expired ? HANDOFF : 0;
      assert.is(sem.count, WL | WAITERS | handoff);
      assert.is(sem.field(waiter, "HANDOFF_SET"), expired ? 1 : 0);
      const { RWSEM_RLOCK_HANDOFF, RWSEM_OPT_LOCK } = on.events();
      assert.equal([RWSEM_RLOCK_HANDOFF, RWSEM_OPT_LOCK], [expired ? 1 : undefined, 1]);
      await on.call(2, "up_write", sem.at);
      await on.finish(reader);
      assert.is(sem.count, READER, "R4: no HANDOFF is left");
    });
  });
}

test.run();
