// SPDX-License-Identifier: GPL-2.0-only
/** ldsem on real threads: who gets the lock, who waits, and whose time is up. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { onMachine, type Scenario } from "../../support/scenario.ts";
import { survives } from "../../support/torture.ts";
import { FOR_EVER, Ldsem, READ, WAIT, WRITE } from "./ldsem.ts";

/** Long enough that it only ends by itself where a test waits for that. */
const LATE = 3_600_000_000_000n;
const SOON = 20_000_000n;

type Side = "read" | "write";

const script = (cpus: number, run: (on: Scenario, sem: Ldsem) => Promise<void>) =>
  onMachine({ cpus }, (on) => run(on, new Ldsem(on)));
const down = (on: Scenario, cpu: number, sem: Ldsem, side: Side, limit = FOR_EVER) =>
  on.call(cpu, `ldsem_down_${side}`, sem.at, limit);
const up = (on: Scenario, cpu: number, sem: Ldsem, side: Side) =>
  on.call(cpu, `ldsem_up_${side}`, sem.at);

/** Starts a wait, and returns once it sleeps. */
async function queued(on: Scenario, cpu: number, sem: Ldsem, side: Side, limit = FOR_EVER) {
  const call = on.start(cpu, `ldsem_down_${side}`, sem.at, limit);
  await on.asleep(cpu, `WAIT_LDSEM_${side.toUpperCase()}`);
  return call;
}

const LOAD = { type: "TORTURE_LDSEM_LOCK", rounds: 4, sections: 300 };

for (const cpus of [2, 4]) {
  test(`L1, O1, O2: ${cpus} CPUs that sleep exclude one another`, async () => {
    await survives({ ...LOAD, cpus, seed: cpus, spinLimit: 50 }, "LDSEM_SLEEP");
  });
}

test("L1: CPUs that do little else than lock and unlock exclude one another", async () => {
  const load = { ...LOAD, sections: 2000, naps: false };
  await survives({ ...load, cpus: 2, seed: 6, spinLimit: 1000 });
});

test("L1, L2: the count says who is inside", async () => {
  await script(2, async (on, sem) => {
    assert.is(await down(on, 0, sem, "read"), 1);
    assert.is(await down(on, 1, sem, "read"), 1);
    assert.is(sem.count, 2 * READ);
    await up(on, 0, sem, "read");
    await up(on, 1, sem, "read");
    assert.is(await down(on, 0, sem, "write"), 1);
    assert.is(sem.count, WRITE);
    await up(on, 0, sem, "write");
    assert.is(sem.count, 0);
    assert.equal(on.events(), {});
  });
});

test("L10: a trylock that fails changes nothing", async () => {
  await script(1, async (on, sem) => {
    const tries = async () => [
      await on.call(0, "ldsem_down_read_trylock", sem.at),
      await on.call(0, "ldsem_down_write_trylock", sem.at),
    ];
    for (const [count, expected] of [
      [WRITE, [0, 0]],
      [WRITE + WAIT, [0, 0]],
      [READ + WAIT, [0, 0]],
    ] as const) {
      sem.count = count;
      assert.equal(await tries(), expected, `${count}`);
      assert.is(sem.count, count);
    }
    sem.count = READ;
    assert.equal(await tries(), [1, 0]);
    assert.is(sem.count, 2 * READ);
    sem.count = 0;
    assert.is(await on.call(0, "ldsem_down_write_trylock", sem.at), 1);
    assert.is(sem.count, WRITE);
  });
});

test("L4, L5, L6: readers wait behind a writer that waits, and it goes first", async () => {
  await script(4, async (on, sem) => {
    await down(on, 0, sem, "read");
    const writer = await queued(on, 1, sem, "write");
    assert.is(sem.count, READ + WAIT);
    const reader = await queued(on, 2, sem, "read");
    assert.is(sem.count, READ + 2 * WAIT);
    assert.equal([sem.queues, sem.waitReaders], ["R 2 W 1", 1]);
    const second = await queued(on, 3, sem, "write");
    assert.is(sem.queues, "R 2 W 1 3");
    await up(on, 0, sem, "read");
    await on.finish(writer);
    assert.is(sem.count, WRITE + 2 * WAIT);
    await up(on, 1, sem, "write");
    await on.finish(second);
    assert.not(reader.returned, "writers first, first come first");
    await up(on, 3, sem, "write");
    await on.finish(reader);
    assert.equal([sem.count, sem.waitReaders, sem.queues], [READ, 0, "R  W "]);
  });
});

test("L7: a writer that leaves grants all readers that wait the lock", async () => {
  await script(3, async (on, sem) => {
    await down(on, 0, sem, "write");
    const readers = [await queued(on, 1, sem, "read"), await queued(on, 2, sem, "read")];
    await up(on, 0, sem, "write");
    assert.is(sem.count, 2 * READ, "before any of them has run");
    for (const reader of readers) assert.is(await on.finish(reader), 1);
  });
});

for (const side of ["read", "write"] as const) {
  test(`L3: a ${side}r for whom the lock comes free as it is about to queue has it`, async () => {
    await script(2, async (on, sem) => {
      await down(on, 0, sem, "write");
      const thaw = on.freeze(sem.waitLock);
      const late = on.start(1, `ldsem_down_${side}`, sem.at, FOR_EVER);
      await on.blockedOn(1, sem.waitLock);
      const unlock = on.start(0, "ldsem_up_write", sem.at);
      // A writer's bias that is in looks as if somebody waited.
      if (side === "write") await on.blockedOn(0, sem.waitLock);
      else await on.finish(unlock);
      thaw();
      await on.finish(late);
      await on.finish(unlock);
      assert.is(sem.count, side === "read" ? READ : WRITE);
      assert.is(on.events()["LDSEM_SLEEP"], undefined);
    });
  });
}

test("L3: who takes its bias out makes up for the wake-up that it kept others from", async () => {
  await script(3, async (on, sem) => {
    await down(on, 0, sem, "read");
    const writer = await queued(on, 1, sem, "write");
    const thaw = on.freeze(sem.waitLock);
    const reader = on.start(2, "ldsem_down_read", sem.at, FOR_EVER);
    await on.blockedOn(2, sem.waitLock);
    await up(on, 0, sem, "read");
    assert.is(sem.count, READ + WAIT, "the reader that tries counts as active");
    assert.is(on.task(1).state, "TASK_PARKED");
    thaw();
    await on.finish(writer);
    await up(on, 1, sem, "write");
    await on.finish(reader);
  });
});

for (const [side, left] of [
  ["read", WRITE],
  ["write", WRITE],
] as const) {
  test(`L8: a ${side}r whose time is up goes, and leaves nothing`, async () => {
    await script(2, async (on, sem) => {
      await down(on, 0, sem, "write");
      assert.is(await down(on, 1, sem, side, SOON), 0);
      assert.equal([sem.count, sem.waitReaders, sem.queues], [left, 0, "R  W "]);
      assert.is(await down(on, 1, sem, side, 0n), 0, "no time at all");
      assert.equal([sem.count, sem.waitReaders, sem.queues], [left, 0, "R  W "]);
      await up(on, 0, sem, "write");
      assert.is(await down(on, 1, sem, side, 0n), 1, "nor needed");
      await up(on, 1, sem, side);
      assert.is(sem.count, 0);
    });
  });
}

test("L8: a reader that is granted the lock as its time is up has it", async () => {
  await script(2, async (on, sem) => {
    await down(on, 0, sem, "write");
    const reader = await queued(on, 1, sem, "read", SOON);
    const thaw = on.freeze(sem.waitLock);
    const unlock = on.start(0, "ldsem_up_write", sem.at);
    await on.blockedOn(0, sem.waitLock);
    await on.blockedOn(1, sem.waitLock);
    thaw(); // first come first: CPU 0 slept on it before CPU 1
    await on.finish(unlock);
    assert.is(await on.finish(reader), 1);
    assert.is(sem.count, READ);
  });
});

test("L8: a limit that does not run out is no different from none", async () => {
  await script(3, async (on, sem) => {
    await down(on, 0, sem, "write");
    const writer = await queued(on, 1, sem, "write", LATE);
    const reader = await queued(on, 2, sem, "read", LATE);
    await up(on, 0, sem, "write");
    assert.is(await on.finish(writer), 1);
    await up(on, 1, sem, "write");
    assert.is(await on.finish(reader), 1);
  });
});

test("L9: the last writer whose time is up lets in the readers that waited for it", async () => {
  await script(4, async (on, sem) => {
    await down(on, 0, sem, "read");
    const writer = await queued(on, 1, sem, "write", SOON * 50n);
    const readers = [await queued(on, 2, sem, "read"), await queued(on, 3, sem, "read")];
    assert.is(await on.finish(writer), 0);
    for (const reader of readers) assert.is(await on.finish(reader), 1);
    assert.is(sem.count, 3 * READ);
  });
});

test("L9: while another writer waits they sleep on", async () => {
  await script(4, async (on, sem) => {
    await down(on, 0, sem, "read");
    const timed = await queued(on, 1, sem, "write", SOON * 50n);
    const writer = await queued(on, 2, sem, "write");
    const reader = await queued(on, 3, sem, "read");
    assert.is(await on.finish(timed), 0);
    assert.equal([sem.count, sem.queues], [READ + 2 * WAIT, "R 3 W 2"]);
    await up(on, 0, sem, "read");
    await on.finish(writer);
    await up(on, 2, sem, "write");
    await on.finish(reader);
  });
});

test.run();
