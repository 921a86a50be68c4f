// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bugOf, Local } from "../../support/local.ts";
import { onMachine, SPIN_ON } from "../../support/scenario.ts";
import { survives } from "../../support/torture.ts";

const FREE = 0;
const LOCKED = 1;
const LOCKED_SLEEPERS = 2;

for (const cpus of [2, 4]) {
  test(`L1, O1: ${cpus} CPUs exclude one another`, async () => {
    const load = { type: "TORTURE_RAW_SPIN_LOCK", rounds: 3, sections: 2000 };
    await survives({ ...load, cpus, seed: cpus, spinLimit: 50 });
  });
}

test("L1: CPUs that do little else than lock and unlock exclude one another", async () => {
  const load = { type: "TORTURE_RAW_SPIN_LOCK", rounds: 8, sections: 20_000, naps: false };
  await survives({ ...load, cpus: 2, seed: 6, spinLimit: 1000 });
});

test("L1: CPUs that never spin exclude one another", async () => {
  const load = { type: "TORTURE_RAW_SPIN_LOCK", rounds: 3, sections: 1000 };
  await survives({ ...load, cpus: 4, seed: 5, spinLimit: 0 });
});

test("L1: a trylock takes a free lock and leaves a held one alone", () => {
  const local = new Local();
  const lock = local.alloc(4);
  assert.is(local.call("raw_spin_trylock", lock), 1);
  assert.is(local.word(lock), LOCKED);
  assert.is(local.call("raw_spin_trylock", lock), 0);
  assert.is(local.word(lock), LOCKED);
  local.call("raw_spin_unlock", lock);
  assert.is(local.word(lock), FREE);
});

for (const spinLimit of [0, 1000]) {
  test(`L2, L3: after ${spinLimit} looks a waiter sleeps, and leaves 2 when it takes over`, async () => {
    await onMachine({ cpus: 2, spinLimit }, async (on) => {
      const lock = on.alloc(4);
      await on.call(0, "raw_spin_lock", lock);
      assert.is(on.word(lock), LOCKED);
      const waiter = on.start(1, "raw_spin_lock", lock);
      await on.blockedOn(1, lock);
      await on.call(0, "raw_spin_unlock", lock);
      await on.finish(waiter);
      assert.is(on.word(lock), LOCKED_SLEEPERS);
      assert.is(on.task(1).wait, "WAIT_NONE");
      await on.call(1, "raw_spin_unlock", lock);
      assert.is(on.word(lock), FREE);
    });
  });
}

test("L2: a waiter with looks to spare does not sleep", async () => {
  await onMachine({ cpus: 2, spinLimit: SPIN_ON }, async (on) => {
    const lock = on.alloc(4);
    await on.call(0, "raw_spin_lock", lock);
    const waiter = on.start(1, "raw_spin_lock", lock);
    await on.turns();
    assert.equal([on.word(lock), on.task(1).wait], [LOCKED, "WAIT_NONE"]);
    await on.call(0, "raw_spin_unlock", lock);
    await on.finish(waiter);
    assert.is(on.word(lock), LOCKED);
  });
});

test("L4: an unlock wakes one sleeper, and the next unlock the next", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const lock = on.alloc(4);
    await on.call(0, "raw_spin_lock", lock);
    const waiters = [on.start(1, "raw_spin_lock", lock), on.start(2, "raw_spin_lock", lock)];
    await on.blockedOn(1, lock);
    await on.blockedOn(2, lock);
    await on.call(0, "raw_spin_unlock", lock);
    await on.until("one has it", () => waiters.some(({ returned }) => returned));
    await on.turns();
    const first = waiters.find(({ returned }) => returned);
    const second = waiters.find(({ returned }) => !returned);
    assert.ok(first && second, "and only one");
    assert.is(on.task(second.cpu).wait, "WAIT_SPINLOCK");
    await on.call(first.cpu, "raw_spin_unlock", lock);
    await on.finish(second);
  });
});

test("L4: a sleep for the lock puts back what its task waited for before", async () => {
  await onMachine({ cpus: 1 }, async (on) => {
    const lock = on.alloc(4);
    await on.call(0, "resume_wait", on.constant("WAIT_MAILBOX"), 0x1234, 1n);
    const thaw = on.freeze(lock);
    const waiter = on.start(0, "raw_spin_lock", lock);
    await on.blockedOn(0, lock);
    thaw();
    await on.finish(waiter);
    const { wait, object } = on.task(0);
    assert.equal([wait, object], ["WAIT_MAILBOX", 0x1234]);
  });
});

test("L5: unlocking a free lock is a bug", () => {
  assert.is(
    bugOf((local) => local.call("raw_spin_unlock", local.alloc(4))),
    "BUG_SPIN_UNLOCK_OF_A_FREE_LOCK",
  );
});

test.run();
