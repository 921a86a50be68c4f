// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { GATES } from "../gates/guests.ts";
import { staged } from "../kernel/rcu/stage.ts";

/** Which of 64 lines of a page an address is on: bits 6 to 11. */
const line = (address: number) => (address >>> 6) & 63;

const CPUS = 8;

staged(
  "D1: no two words that the timed loop touches have the same place in a page",
  { cpus: CPUS },
  async (s) => {
    const shared = [s.constant("RCU_GP_SEQ"), s.constant("CXL_MEMDEV_RWSEM")];
    for (let cpu = 0; cpu < CPUS; cpu++) {
      for (const name of ["PERCPU_RCU_SLOT", "PERCPU_WORD"]) {
        shared.push(s.percpu(s.constant(name), cpu));
      }
    }
    const fixed = new Set(shared.map(line));
    for (let i = 0; i < 20; i++) {
      await s.call(0, "kmalloc", 64 + 200 * i, s.constant("SLAB_MISC")); // somewhere else each time
      const device = await s.call(0, "bench_device_create", GATES[i % GATES.length]?.id ?? 0);
      const gate = await s.call(0, "device_gate", device);
      const slot = await s.call(0, "device_slot", device);
      const own = [slot, gate, s.get(slot)].map(line);
      assert.is(new Set(own).size, own.length);
      assert.equal(
        own.filter((l) => fixed.has(l)),
        [],
      );
    }
  },
);

staged(
  "D2: a device that cannot be made leaves nothing allocated",
  { cpus: 1, memoryBytes: 16 << 20 },
  async (s) => {
    const gate = s.constant("GATE_PERCPU_REF");
    const used = async () => [
      await s.call(0, "slab_live", s.constant("SLAB_MISC")),
      await s.call(0, "slab_live", s.constant("SLAB_PERCPU_REF")),
      await s.call(0, "percpu_used"),
    ];
    while ((await s.call(0, "alloc_percpu", 1024)) !== 0);
    while ((await s.call(0, "alloc_percpu", 8)) !== 0);
    const before = await used();
    assert.is(await s.call(0, "bench_device_create", gate), 0, "no counter");
    assert.equal(await used(), before);
    while ((await s.call(0, "kmalloc", 8000, s.constant("SLAB_FILE"))) !== 0);
    assert.is(await s.call(0, "bench_device_create", s.constant("GATE_RWSEM")), 0, "no memory");
    assert.equal(await used(), before);
  },
);

test.run();
