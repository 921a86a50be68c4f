// SPDX-License-Identifier: GPL-2.0-only
import type { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { allowedCores, parseCores } from "../../host/machine/affinity.ts";
import { drainPool } from "../../host/machine/pool.ts";
import { rejects, withMachine } from "./with-machine.ts";

let started = 0;
const count = (_worker: Worker) => started++;

test.before.each(async () => {
  await drainPool();
  started = 0;
  process.on("worker", count);
});
test.after.each(() => {
  process.off("worker", count);
});

test("machines of one process take over the workers of those that closed", async () => {
  for (const cpus of [2, 1, 2]) {
    await withMachine({ cpus }, async (machine) => {
      assert.is((await machine.callAll("smp_processor_id")).length, cpus);
    });
  }
  assert.is(started, 2);
});

test("two machines at a time share no worker and no memory", async () => {
  await withMachine({ cpus: 1 }, async (one) => {
    await withMachine({ cpus: 1 }, async (other) => {
      assert.is(started, 2);
      const word = one.hostAlloc(4);
      await one.call(0, "atomic_set", word, 7);
      assert.is(await other.call(0, "atomic_read", word), 0);
    });
  });
});

test("a worker that trapped is never used again", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    await rejects(machine.call(0, "panic", 9998, 0, 0), /panicked/);
  });
  await withMachine({ cpus: 1 }, async (machine) => {
    assert.is(await machine.call(0, "smp_processor_id"), 0);
  });
  assert.is(started, 2);
});

test("parseCores reads a list as the kernel writes it", () => {
  assert.equal(parseCores("0"), [0]);
  assert.equal(parseCores("0-2,5,7-8"), [0, 1, 2, 5, 7, 8]);
});

test("pin binds CPUs to cores in turn, and the next machine's are free again", async () => {
  const cores = allowedCores();
  await withMachine({ cpus: 2, pin: true }, async (machine) => {
    const bound = machine.pinned.every((core) => core !== null);
    if (bound) assert.equal(machine.pinned, [cores?.[0], cores?.[1 % cores.length]]);
    else assert.equal(machine.pinned, [null, null], "all or none, where taskset is missing");
  });
  await withMachine({ cpus: 2 }, async (machine) => {
    assert.equal(machine.pinned, [null, null]);
  });
});

test.run();
