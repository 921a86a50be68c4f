// SPDX-License-Identifier: GPL-2.0-only
/** What does nothing wrong is not reported, and computes what it computed. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Machine, MachineOptions } from "../../host/machine/machine.ts";
import { withMachine } from "../machine/with-machine.ts";
import { LocalCpus } from "../mm/local-cpus.ts";
import { describe, image, plainImage, reportsOf } from "./fixture.ts";

const sanitized = (quarantine: number): Partial<MachineOptions> => ({
  image,
  shadow: true,
  kasanQuarantineBytes: quarantine,
});

function assertClean(machine: Machine): void {
  const reports = reportsOf(machine);
  assert.is(reports.length, 0, `reported of correct code:\n${describe(reports)}`);
  assert.is(machine.events()["EV_VIOLATION"], 0n);
}

for (const quarantine of [0, 1 << 14, 1 << 20]) {
  test(`three CPUs that allocate and free cleanly, quarantine ${quarantine}`, async () => {
    await withMachine({ cpus: 3, ...sanitized(quarantine) }, async (machine) => {
      const depth = 40;
      const rows = [0, 1, 2].map(() => machine.hostAlloc(depth * 8));
      const storm = (cpu: number) => [rows[cpu] ?? 0, depth, 5_000, cpu + 1];
      assert.equal(await machine.callAll("test_storm", storm), [0, 0, 0]);
      const nr = 61;
      const slots = machine.hostAlloc(nr * 4);
      const exchange = (cpu: number) => [slots, nr, 10_000, cpu * 7919 + 1];
      assert.equal(await machine.callAll("test_exchange", exchange), [0, 0, 0]);
      assertClean(machine);
      assert.is(await machine.call(0, "slab_live", machine.kernel.constant("SLAB_FILE")), 0);
    });
  });
}

test("devices that come and go under two gates, with files open", async () => {
  await withMachine({ cpus: 2, ...sanitized(1 << 18) }, async (machine) => {
    const { kernel } = machine;
    for (const gate of ["GATE_RWSEM", "GATE_PERCPU_REF"]) {
      const driver = (kernel.constant("REV_PUT_DEVICE") << 8) | kernel.constant(gate);
      for (let round = 0; round < 5; round++) {
        const device = await machine.call(0, "sys_probe", driver);
        assert.ok(device > 0);
        const fd = await machine.call(1, "sys_open", await machine.call(0, "sys_minor", device));
        await machine.call(1, "sys_ioctl", fd, 0x8008ce01 | 0, BigInt(machine.userMemory(1)));
        await machine.call(0, "sys_remove", device);
        await machine.call(1, "sys_ioctl", fd, 0x8008ce01 | 0, BigInt(machine.userMemory(1)));
        await machine.call(1, "sys_close", fd);
      }
    }
    assertClean(machine);
  });
});

test("the sanitized module computes what the plain one does", () => {
  const kernels = [
    new LocalCpus({ image: plainImage }),
    new LocalCpus({ image, shadow: true, quarantine: 1 << 16 }),
  ];
  for (const n of [1, 7, 8, 64, 100, 1000, 4096]) {
    const [plain, other] = kernels.map((kernel) => kernel.call64(0, "test_good_accesses", n));
    assert.is(other, plain, `${n} bytes`);
  }
  const calls: ((host: number) => [string, ...number[]])[] = [
    () => ["prandom_seed", 42],
    () => ["prandom_u32"],
    () => ["prandom_below", 1000],
    () => ["cxl_mem_find_command", 0x4000],
    (host) => ["fastpath_mutex", host, 1000],
    (host) => ["fastpath_rwsem_read", host + 256, 1000],
    (host) => ["fastpath_kmalloc", host, 1000],
    (host) => ["futex_canary", host + 512, 77],
    () => ["alloc_percpu", 24],
    () => ["percpu_used"],
  ];
  for (const call of calls) {
    const [plain, other] = kernels.map((kernel) => kernel.call64(0, ...call(kernel.map.hostStart)));
    assert.is(other, plain, call(0)[0]);
  }
});

test("memory.atomic.wait keeps the locals around it, in the sanitized module too", async () => {
  // boot() runs futex_canary() on each CPU and refuses the machine if it fails.
  await withMachine({ cpus: 1, ...sanitized(0) }, async (machine) => {
    const at = machine.hostAlloc(4);
    assert.is(await machine.call(0, "futex_canary", at, 1234), 7 * 1234 + 0x5eed);
    assertClean(machine);
  });
});

test.run();
