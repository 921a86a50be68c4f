// SPDX-License-Identifier: GPL-2.0-only
/** Whatever happens to a CPU, the run ends with one error that says so, and nothing hangs. */
import type { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MachineError, PanicError, StallError } from "../../host/errors.ts";
import type { Machine } from "../../host/machine/machine.ts";
import { drainPool } from "../../host/machine/pool.ts";
import { rejects, withMachine } from "./with-machine.ts";

/** A call that sleeps on a word of its own, for good. */
function sleepForEver(machine: Machine, cpu: number, deadlineMs?: number): Promise<number> {
  const args = [machine.hostAlloc(4), 0, -1n];
  return machine.invoke(cpu, "futex_wait", deadlineMs ? { args, deadlineMs } : { args });
}

test("a call that passes its deadline fails with what every CPU does", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    const other = rejects(sleepForEver(machine, 0), /futex_wait on CPU 1, gate rwsem passed/);
    const error = await rejects(
      machine.invoke(1, "futex_wait", {
        args: [machine.hostAlloc(4), 0, -1n],
        deadlineMs: 100,
        gate: "rwsem",
      }),
      /^futex_wait on CPU 1, gate rwsem passed its deadline of 100 ms$/m,
    );
    assert.instance(error, StallError);
    assert.is((error as StallError).exitStatus, 3);
    assert.match(error.message, /^ {2}CPU 0: in futex_wait for \d+\.\d s/m);
    assert.match(error.message, /^ {2}CPU 1: in futex_wait for \d+\.\d s/m);
    await other;
    assert.is(machine.failed, error);
    await rejects(machine.call(0, "smp_processor_id"), /passed its deadline/);
  });
});

test("a stall names what a CPU waits for, where, for how long, and when it last did something", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    const lock = machine.hostAlloc(64);
    await machine.call(0, "mutex_init", lock);
    await machine.call(0, "mutex_lock", lock);
    const error = await rejects(
      machine.invoke(1, "mutex_lock", { args: [lock], deadlineMs: 300 }),
      /^mutex_lock on CPU 1 passed its deadline of 300 ms$/m,
    );
    const waits = new RegExp(
      `^ {2}CPU 1: in mutex_lock for 0\\.\\d s, TASK_PARKED, waits to lock mutex 0x${lock.toString(16)} ` +
        "for 0\\.\\d s, 0 operations, the last 0\\.\\d s ago$",
      "m",
    );
    assert.match(error.message, waits);
    assert.match(error.message, /^ {2}CPU 0: idle, TASK_RUNNING, 0 operations/m);
  });
});

test("a grace period that waits for a CPU is reported with the warning that names it", async () => {
  await withMachine({ cpus: 2, rcuStallMs: 50 }, async (machine) => {
    await machine.invoke(1, "cpu_enter", { bracket: false });
    const error = await rejects(
      machine.invoke(0, "synchronize_rcu", { deadlineMs: 300 }),
      /^ {2}CPU 0: in synchronize_rcu for .* waits for an RCU grace period, on cpu1 for /m,
    );
    assert.match(error.message, /^ {2}log, CPU 0: WARN_RCU_STALL \(0x1, /m);
  });
});

test("a panic names the CPU, the call, the gate, the bug's constant and the source line", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    const bug = machine.kernel.group("BUG_").keys().next().value ?? 1;
    const name = machine.kernel.nameOf("BUG_", bug);
    const error = await rejects(
      machine.invoke(1, "panic", { args: [bug, 0xa, 0xb], gate: "refcount" }),
      new RegExp(`^CPU 1 panicked in panic, gate refcount: ${name} \\(0xa, 0xb\\)$`, "m"),
    );
    assert.instance(error, PanicError);
    const { panic } = error as PanicError;
    assert.equal(
      [panic.cpu, panic.bug, panic.a, panic.b, panic.fn, panic.gate],
      [1, name, 0xa, 0xb, "panic", "refcount"],
    );
    assert.match(panic.stack[0] ?? "", /^panic \(assembly\/arch\/wasm\/bug\.ts:\d+\)$/);
  });
});

test("a trap that is none of the kernel's own has the engine's words", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    const error = await rejects(
      machine.call(0, "atomic_read", -4),
      /CPU 0 panicked in atomic_read/,
    );
    assert.instance(error, PanicError);
    assert.is((error as PanicError).panic.bug, null);
    assert.match(error.message, /out of bounds/);
  });
});

test("the memory of a failed machine can still be read", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    const { kernel } = machine;
    const stall = kernel.constant("WARN_RCU_STALL");
    await machine.call(0, "printk", kernel.constant("LEVEL_WARN"), stall, 1, 2);
    const error = await rejects(machine.call(0, "panic", 9998, 0, 0), /BUG_9998/);
    assert.match(error.message, /^ {2}log, CPU 0: WARN_RCU_STALL \(0x1, 0x2\)$/m);
    assert.is(machine.log().length, 1);
    assert.is(machine.events()["EV_IOCTL"], 0n);
  });
});

test("a worker that dies ends the calls of all CPUs with its number", async () => {
  await drainPool();
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  process.on("worker", collect);
  try {
    await withMachine({ cpus: 2 }, async (machine) => {
      const calls = [0, 1].map((cpu) =>
        rejects(sleepForEver(machine, cpu), /^CPU 1 died in futex_wait: its worker exited/),
      );
      await workers[1]?.terminate();
      for (const error of await Promise.all(calls)) assert.instance(error, MachineError);
    });
    await withMachine({ cpus: 2 }, async (machine) => {
      assert.is(await machine.call(1, "smp_processor_id"), 1);
    });
  } finally {
    process.off("worker", collect);
  }
});

test("closing a machine ends the calls in flight", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    const call = rejects(sleepForEver(machine, 0), /was closed/);
    await machine.close();
    await call;
  });
});

test("a call that nobody waits for may fail", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    void sleepForEver(machine, 0);
  });
});

test.run();
