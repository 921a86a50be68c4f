// SPDX-License-Identifier: GPL-2.0-only
/** rwsem: queueing, granting and waking, interleaving by interleaving. Nobody spins here. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { newRwsem, READER, WAITERS, WL, wakeInVain } from "../../support/rwsem.ts";
import { onMachine } from "../../support/scenario.ts";

test("R1: one writer or several readers hold it, and the others wait", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    await on.call(1, "down_read", sem.at);
    assert.is(sem.count, 2 * READER);
    const writer = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    await on.call(0, "up_read", sem.at);
    assert.is(on.task(2).state, "TASK_PARKED");
    await on.call(1, "up_read", sem.at);
    await on.finish(writer);
    assert.is(sem.count, WL);
    assert.is(sem.owner, on.unit(2));
    const reader = on.start(0, "down_read", sem.at);
    const second = on.start(1, "down_write", sem.at);
    await on.asleep(0, "WAIT_RWSEM_READ");
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    await on.call(2, "up_write", sem.at);
    await on.until("one of the two has it", () => reader.returned !== second.returned);
    await on.call(reader.returned ? 0 : 1, reader.returned ? "up_read" : "up_write", sem.at);
    await on.finish(reader);
    await on.finish(second);
  });
});

test("R2: a reader adds its bias first, looks after, and takes it out as it queues", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const thaw = on.freeze(sem.waitLock);
    const reader = on.start(1, "down_read", sem.at);
    await on.blockedOn(1, sem.waitLock);
    assert.is(sem.count, READER | WL, "R1: a bias beside WRITER_LOCKED");
    thaw();
    await on.asleep(1, "WAIT_RWSEM_READ");
    assert.is(sem.count, WAITERS | WL);
    await on.call(0, "up_write", sem.at);
    await on.finish(reader);
    assert.is(sem.count, READER);
    assert.equal(on.events(), {
      RWSEM_SLEEP_READER: 1,
      RWSEM_WAKE_READER: 1,
      RWSEM_RLOCK: 1,
      SCHED_SLEEP: 1,
      SCHED_WAKE: 1,
    });
  });
});

test("R3: WAITERS is set and cleared with the list, under wait_lock", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    let thaw = on.freeze(sem.waitLock);
    const waiter = on.start(1, "down_write", sem.at);
    await on.blockedOn(1, sem.waitLock);
    assert.is(sem.count, WL);
    assert.is(sem.queue, "");
    thaw();
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    assert.is(sem.count, WL | WAITERS);
    assert.is(sem.queue, "W1");

    thaw = on.freeze(sem.waitLock);
    const unlock = on.start(0, "up_write", sem.at);
    await on.blockedOn(0, sem.waitLock);
    assert.is(sem.count, WAITERS);
    assert.is(sem.queue, "W1");
    thaw();
    await on.finish(unlock);
    await on.finish(waiter);
    assert.is(sem.count, WL);
    assert.is(sem.queue, "");
  });
});

test("R3: WAITERS stays while one of two waiters is left", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const first = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const second = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    assert.is(sem.queue, "W1 W2");
    await on.call(0, "up_write", sem.at);
    await on.finish(first);
    assert.is(sem.count, WL | WAITERS);
    assert.is(sem.queue, "W2");
    await on.call(1, "up_write", sem.at);
    await on.finish(second);
    assert.is(sem.count, WL);
  });
});

test("R6: a reader queues behind a writer while others read", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const reader = on.start(2, "down_read", sem.at);
    await on.asleep(2, "WAIT_RWSEM_READ");
    assert.is(sem.count, READER | WAITERS);
    assert.is(sem.queue, "W1 R2");
    assert.is(on.events()["RWSEM_WAKE_WRITER"], undefined, "R9: READERS wakes no writer");
    await on.call(0, "up_read", sem.at);
    await on.finish(writer);
    assert.is(on.task(2).state, "TASK_PARKED");
    await on.call(1, "up_write", sem.at);
    await on.finish(reader);
    assert.is(on.events()["RWSEM_RLOCK_STEAL"], undefined);
  });
});

test("R7: a reader about to queue has the lock once the writer has left an empty list", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const thaw = on.freeze(sem.waitLock);
    const reader = on.start(1, "down_read", sem.at);
    await on.blockedOn(1, sem.waitLock);
    await on.call(0, "up_write", sem.at);
    assert.is(sem.count, READER);
    thaw();
    await on.finish(reader);
    assert.is(sem.count, READER);
    assert.equal(on.events(), { RWSEM_RLOCK_FAST: 1 });
  });
});

test("R8: queued readers own the lock by their waker's hand", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const readers = [on.start(1, "down_read", sem.at), on.start(2, "down_read", sem.at)];
    await on.asleep(1, "WAIT_RWSEM_READ");
    await on.asleep(2, "WAIT_RWSEM_READ");
    assert.is(sem.count, WL | WAITERS);
    await on.call(0, "up_write", sem.at);
    assert.is(sem.count, 2 * READER, "both biases are in when up_write() returns");
    for (const reader of readers) await on.finish(reader);
    const { RWSEM_RLOCK, RWSEM_WAKE_READER } = on.events();
    assert.equal([RWSEM_RLOCK, RWSEM_WAKE_READER], [2, 2]);
  });
});

test("R9: all queued readers get in together, past the writer among them", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const first = on.start(1, "down_read", sem.at);
    await on.asleep(1, "WAIT_RWSEM_READ");
    const writer = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    const last = on.start(3, "down_read", sem.at);
    await on.asleep(3, "WAIT_RWSEM_READ");
    assert.is(sem.queue, "R1 W2 R3");
    await on.call(0, "up_write", sem.at);
    await on.finish(first);
    await on.finish(last);
    assert.is(sem.count, (2 * READER) | WAITERS);
    assert.is(sem.queue, "W2");
    await on.call(1, "up_read", sem.at);
    assert.is(on.events()["RWSEM_WAKE_WRITER"], undefined, "R13: not the last reader");
    await on.call(3, "up_read", sem.at);
    await on.finish(writer);
    assert.is(on.events()["RWSEM_WAKE_WRITER"], 1);
  });
});

test("R10: a woken writer stays first until it has taken the lock itself", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    await wakeInVain(on, 1, 2);
    assert.is(sem.queue, "W1");
    assert.is(sem.count, WL | WAITERS);
    await on.call(0, "up_write", sem.at);
    await on.finish(writer);
    assert.is(sem.owner, on.unit(1));
    const { RWSEM_WAKE_WRITER, RWSEM_WLOCK } = on.events();
    assert.equal([RWSEM_WAKE_WRITER, RWSEM_WLOCK], [1, 1]);
  });
});

test("R13: the last reader out wakes whoever is first, and the others do not", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_read", sem.at);
    await on.call(1, "down_read", sem.at);
    const writer = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    await on.call(0, "up_read", sem.at);
    assert.is(sem.count, READER | WAITERS);
    assert.is(on.events()["RWSEM_WAKE_WRITER"], undefined);
    await on.call(1, "up_read", sem.at);
    await on.finish(writer);
    assert.is(on.events()["RWSEM_WAKE_WRITER"], 1);
  });
});

test("R18: downgrading lets the queued readers join, and no writer in between", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const reader = on.start(1, "down_read", sem.at);
    await on.asleep(1, "WAIT_RWSEM_READ");
    const writer = on.start(2, "down_write", sem.at);
    await on.asleep(2, "WAIT_RWSEM_WRITE");
    const thaw = on.freeze(sem.waitLock);
    const downgrade = on.start(0, "downgrade_write", sem.at);
    await on.blockedOn(0, sem.waitLock);
    assert.is(sem.count, READER | WAITERS, "writer to reader in one step");
    assert.is(sem.owner, on.unit(0) | 1);
    assert.is(await on.call(3, "down_write_trylock", sem.at), 0);
    thaw();
    await on.finish(downgrade);
    await on.finish(reader);
    assert.is(sem.count, (2 * READER) | WAITERS);
    assert.is(sem.queue, "W2");
    await on.call(0, "up_read", sem.at);
    await on.call(1, "up_read", sem.at);
    await on.finish(writer);
  });
});

test("R9: a downgrade wakes no writer that is first, nor the readers behind it", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sem = newRwsem(on);
    await on.call(0, "down_write", sem.at);
    const writer = on.start(1, "down_write", sem.at);
    await on.asleep(1, "WAIT_RWSEM_WRITE");
    const reader = on.start(2, "down_read", sem.at);
    await on.asleep(2, "WAIT_RWSEM_READ");
    await on.call(0, "downgrade_write", sem.at);
    assert.is(sem.count, READER | WAITERS);
    assert.is(sem.queue, "W1 R2");
    const { RWSEM_WAKE_WRITER, RWSEM_WAKE_READER } = on.events();
    assert.equal([RWSEM_WAKE_WRITER, RWSEM_WAKE_READER], [undefined, undefined]);
    await on.call(0, "up_read", sem.at);
    await on.finish(writer);
    await on.call(1, "up_write", sem.at);
    await on.finish(reader);
  });
});

test.run();
