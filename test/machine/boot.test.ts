// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/errors.ts";
import { boot, type MachineOptions } from "../../host/machine/machine.ts";
import { rejects, withMachine } from "./with-machine.ts";

test("a machine calls the kernel's exports on the CPU that was asked for", async () => {
  await withMachine({ cpus: 2 }, async (machine) => {
    assert.is(await machine.call(0, "smp_processor_id"), 0);
    assert.is(await machine.call(1, "smp_processor_id"), 1);
    const units = await machine.callAll("this_cpu_ptr", () => [8]);
    const { kernel } = machine;
    const unit = (cpu: number) =>
      kernel.constant("PERCPU_BASE") + cpu * kernel.constant("PERCPU_STRIDE") + 8;
    assert.equal(units, [unit(0), unit(1)]);
  });
});

test("a machine may have more CPUs than there are cores", async () => {
  const cpus = availableParallelism() + 3;
  await withMachine({ cpus }, async (machine) => {
    const numbers = await machine.callAll("smp_processor_id");
    assert.equal(numbers, [...Array(cpus).keys()]);
  });
});

test("callAll calls every CPU once, and refuses while one is busy", async () => {
  await withMachine({ cpus: 3 }, async (machine) => {
    const word = machine.hostAlloc(4);
    const sums = await machine.callAll("atomic_add_return", (cpu) => [10 ** cpu, word]);
    assert.is(Math.max(...sums), 111);
    const busy = machine.call(2, "futex_wait", machine.hostAlloc(4), 0, 20_000_000n);
    await rejects(
      machine.callAll("smp_processor_id"),
      /callAll\(smp_processor_id\): CPU 2 is not idle/,
    );
    await busy;
  });
});

test("calls of one CPU are made one at a time, in order", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    const word = machine.hostAlloc(4);
    const sums = await Promise.all(
      [1, 10, 100].map((i) => machine.call(0, "atomic_add_return", i, word)),
    );
    assert.equal(sums, [1, 11, 111]);
  });
});

test("a 64-bit result comes from call64, and only from there", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    assert.ok((await machine.call64(0, "ktime_get")) > 0n);
    await rejects(machine.call(0, "ktime_get"), /ktime_get returns 64 bits/);
  });
});

test("a call that cannot be made is refused, and the machine goes on", async () => {
  await withMachine({ cpus: 1 }, async (machine) => {
    await rejects(machine.call(0, "down_raed"), /exports no function down_raed/);
    await rejects(machine.call(1, "smp_processor_id"), /cpu: 1 is not between 0 and 0/);
    await rejects(machine.invoke(0, "smp_mb", { deadlineMs: 2 ** 31 }), /deadlineMs: 2147483648/);
    await rejects(machine.call(0, "atomic64_add_return", 1, 0x1000), /atomic64_add_return: /);
    assert.is(await machine.call(0, "smp_processor_id"), 0);
  });
});

test("a machine that is closed takes no calls", async () => {
  const machine = await boot({ cpus: 1 });
  await machine.close();
  await rejects(machine.call(0, "smp_processor_id"), /closed/);
  await machine.close();
});

const senseless: [string, MachineOptions, RegExp][] = [
  ["no CPU", { cpus: 0 }, /cpus: 0 is not between 1 and 64/],
  ["half a CPU", { cpus: 1.5 }, /cpus: 1.5/],
  ["too many CPUs", { cpus: 65 }, /cpus: 65/],
  ["too little memory", { cpus: 2, memoryBytes: 1 << 20 }, /memoryBytes: 1048576 is too small/],
  ["too much memory", { cpus: 2, memoryBytes: 2 ** 32 }, /is more than the kernel's/],
  ["no number", { cpus: 2, memoryBytes: Number.NaN }, /memoryBytes: NaN/],
  ["a negative seed", { cpus: 2, seed: -1 }, /seed: -1 is not a whole number/],
  ["half a millisecond", { cpus: 2, rcuStallMs: 0.5 }, /rcuStallMs: 0\.5 is not/],
  ["a deadline for ever", { cpus: 2, deadlineMs: Number.POSITIVE_INFINITY }, /deadlineMs: Inf/],
  ["another tier", { cpus: 2, tier: "fast" as "baseline" }, /tier: "fast" is none of/],
];
for (const [what, options, message] of senseless) {
  test(`boot refuses ${what} by name`, async () => {
    const error = await rejects(boot(options), message);
    assert.instance(error, UsageError);
  });
}

test.run();
