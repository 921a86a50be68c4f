// SPDX-License-Identifier: GPL-2.0-only
/** mutex: exclusion, waiting and the handoff. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bugOf, Local } from "../../support/local.ts";
import { HANDOFF, Mutex, PICKUP, WAITERS } from "../../support/mutex.ts";
import { wakeInVain } from "../../support/rwsem.ts";
import { onMachine } from "../../support/scenario.ts";
import { survives } from "../../support/torture.ts";

const LOAD = { type: "TORTURE_MUTEX_LOCK", rounds: 4, sections: 400 };

for (const cpus of [2, 4]) {
  test(`M1, O1, O2: ${cpus} CPUs that spin and sleep exclude one another`, async () => {
    await survives({ ...LOAD, cpus, seed: cpus, spinLimit: 50 }, "MUTEX_SLEEP");
  });
}

test("M1: CPUs that do little else than lock and unlock exclude one another", async () => {
  const load = { ...LOAD, sections: 3000, naps: false };
  await survives({ ...load, cpus: 2, seed: 6, spinLimit: 1000 });
});

test("M1, O2: CPUs that never spin exclude one another", async () => {
  await survives({ ...LOAD, cpus: 4, seed: 5, spinLimit: 0 }, "MUTEX_SLEEP");
});

test("M1: an unlock by anybody but the owner is a bug", () => {
  const unlock = (owner: (local: Local) => number) =>
    bugOf((local) => {
      const lock = new Mutex(local);
      lock.owner = owner(local);
      local.call("mutex_unlock", lock.at);
    });
  assert.is(
    unlock(() => 0),
    "BUG_MUTEX_UNLOCK_BY_NON_OWNER",
  );
  assert.is(
    unlock((local) => local.makeTask()),
    "BUG_MUTEX_UNLOCK_BY_NON_OWNER",
  );
  assert.is(
    unlock((local) => local.task),
    "nothing",
  );
});

test("M1: a trylock takes a free mutex only", () => {
  const local = new Local();
  const lock = new Mutex(local);
  assert.is(local.call("mutex_trylock", lock.at), 1);
  assert.is(lock.owner, local.task);
  const other = local.makeTask();
  lock.owner = other;
  assert.is(local.call("mutex_trylock", lock.at), 0);
  assert.is(lock.owner, other);
});

test("M2: WAITERS comes and goes with the list, under wait_lock", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    let thaw = on.freeze(lock.waitLock);
    const waiter = on.start(1, "mutex_lock", lock.at);
    await on.blockedOn(1, lock.waitLock);
    assert.equal([lock.owner, lock.first], [on.unit(0), 0]);
    thaw();
    await on.asleep(1, "WAIT_MUTEX");
    assert.is(lock.owner, on.unit(0) | WAITERS);
    assert.is.not(lock.first, 0);

    thaw = on.freeze(lock.waitLock);
    const unlock = on.start(0, "mutex_unlock", lock.at);
    await on.blockedOn(0, lock.waitLock);
    await on.call(2, "wake_up_process", on.unit(1));
    await on.blockedOn(1, lock.waitLock);
    assert.is(lock.owner, on.unit(1) | WAITERS, "it has the mutex, and is on the list still");
    thaw();
    await on.finish(unlock);
    await on.finish(waiter);
    assert.equal([lock.owner, lock.first], [on.unit(1), 0]);
  });
});

test("M3: an unlock without HANDOFF frees it, and whoever is quicker takes it", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const waiter = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    const thaw = on.freeze(lock.waitLock);
    const unlock = on.start(0, "mutex_unlock", lock.at);
    await on.blockedOn(0, lock.waitLock);
    assert.is(lock.owner, WAITERS, "free");
    assert.is(await on.call(2, "mutex_trylock", lock.at), 1);
    thaw();
    await on.finish(unlock);
    const wanted = on.unit(2) | WAITERS | HANDOFF;
    await on.shows("the owner word", lock.ownerWord, wanted); // M4: woken, and too late
    await on.asleep(1, "WAIT_MUTEX");
    await on.call(2, "mutex_unlock", lock.at);
    await on.finish(waiter);
    assert.is(lock.owner, on.unit(1), "M7: no flag is left");
  });
});

test("M4: a waiter that is not first does not ask for the handoff", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const first = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    const second = on.start(2, "mutex_lock", lock.at);
    await on.asleep(2, "WAIT_MUTEX");
    await wakeInVain(on, 2, 3);
    assert.is(lock.owner, on.unit(0) | WAITERS);
    await wakeInVain(on, 1, 3);
    assert.is(lock.owner, on.unit(0) | WAITERS | HANDOFF);
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(first);
    assert.is(lock.owner, on.unit(1) | WAITERS, "M7: one waiter is left, and its flag");
    await on.call(1, "mutex_unlock", lock.at);
    await on.finish(second);
    assert.is(lock.owner, on.unit(2));
  });
});

test("M5: with HANDOFF the first waiter is the owner before it runs", () => {
  const local = new Local();
  const lock = new Mutex(local);
  const heir = local.makeTask();
  lock.enqueue(local.alloc(16), heir);
  lock.owner = local.task | WAITERS | HANDOFF;
  local.call("mutex_unlock", lock.at);
  assert.is(lock.owner, heir | WAITERS | PICKUP);
  assert.not(local.isParked(heir));
  assert.is(local.call("mutex_trylock", lock.at), 0, "nobody else can take it");
  assert.is(lock.owner, heir | WAITERS | PICKUP);
});

test("M5: only the heir picks it up", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const lock = new Mutex(on);
    lock.owner = on.unit(1) | PICKUP;
    assert.is(await on.call(0, "mutex_trylock", lock.at), 0);
    assert.is(await on.call(1, "mutex_trylock", lock.at), 1);
    assert.is(lock.owner, on.unit(1));
  });
});

test("M5: no thief comes between an unlock with HANDOFF and the heir", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const waiter = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    await wakeInVain(on, 1, 2);
    const thaw = on.freeze(lock.waitLock);
    const unlock = on.start(0, "mutex_unlock", lock.at);
    await on.blockedOn(0, lock.waitLock);
    assert.is(lock.owner, on.unit(0) | WAITERS | HANDOFF, "not freed");
    assert.is(await on.call(2, "mutex_trylock", lock.at), 0);
    thaw();
    await on.finish(unlock);
    await on.finish(waiter);
    assert.is(lock.owner, on.unit(1));
  });
});

test("M7: the last waiter out leaves no flag", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const lock = new Mutex(on);
    await on.call(0, "mutex_lock", lock.at);
    const waiter = on.start(1, "mutex_lock", lock.at);
    await on.asleep(1, "WAIT_MUTEX");
    lock.owner = on.unit(0) | WAITERS | HANDOFF;
    await on.call(0, "mutex_unlock", lock.at);
    await on.finish(waiter);
    assert.is(lock.owner, on.unit(1));
    await on.call(1, "mutex_unlock", lock.at);
    assert.is(lock.owner, 0);
    assert.is(await on.call(0, "mutex_is_locked", lock.at), 0);
  });
});

test.run();
