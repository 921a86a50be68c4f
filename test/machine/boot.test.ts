// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../host/machine/machine.ts";

test("a machine calls the kernel's exports on the CPU that was asked for", async () => {
  const machine = await boot({ cpus: 2 });
  try {
    assert.is(await machine.call(0, "smp_processor_id"), 0);
    assert.is(await machine.call(1, "smp_processor_id"), 1);
    const units = await machine.callAll("this_cpu_ptr", () => [8]);
    const { kernel } = machine;
    const unit = (cpu: number) =>
      kernel.constant("PERCPU_BASE") + cpu * kernel.constant("PERCPU_STRIDE") + 8;
    assert.equal(units, [unit(0), unit(1)]);
  } finally {
    await machine.close();
  }
});

test.run();
