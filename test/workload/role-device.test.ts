// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { GATES, type GateName } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { RoleRecords } from "./role-records.ts";

const [gate] = GATES as [GateName];
const records = (s: Stage, contender = gate.id) => new RoleRecords(s, { contender, cpus: [] });
const live = (s: Stage) => s.call(0, "slab_live", s.constant("SLAB_MISC"));

staged("L1: a slot in a state is claimed once", { cpus: 2 }, async (s) => {
  const job = records(s);
  const [empty, adding] = [s.constant("SLOT_EMPTY"), s.constant("SLOT_ADDING")];
  const claim = (cpu: number) => s.call(cpu, "slot_claim", job.slots, empty, adding);
  for (let i = 0; i < 20; i++) {
    s.set(job.field(0, "SLOT_STATE"), empty);
    const claims = await Promise.all([claim(0), claim(1)]);
    assert.is(claims[0] + claims[1], 1);
  }
  assert.is(s.get(job.field(0, "SLOT_STATE")), adding);
});

staged("L2: an instance is freed by whoever lets go of it last", { cpus: 2 }, async (s) => {
  const job = records(s);
  const before = await live(s);
  await job.open(1);
  assert.is(await live(s), before + 2, "the instance and its device");
  const instance = await s.call(1, "slot_open", job.slots);
  assert.is(instance, job.instance());
  await job.close(1);
  assert.is(job.instance(), 0);
  assert.is(await live(s), before + 2, "somebody has it open");
  await s.call(1, "instance_put", gate.id, instance);
  assert.is(await live(s), before);
});

staged(
  "L3: an empty slot cannot be opened, and a lock that is held is waited for",
  { cpus: 1 },
  async (s) => {
    const job = records(s);
    assert.is(await s.call(0, "slot_open", job.slots), 0);
    await job.open(1);
    const lock = job.slots + s.constant("OFFSETOF_ROLE_SLOT_LOCK");
    s.set(lock, 1);
    const opened = s.call(0, "slot_open", job.slots);
    await s.waits(0, "WAIT_SPINLOCK", lock);
    const refs = job.instance() + s.constant("OFFSETOF_ROLE_INSTANCE_REFS");
    assert.is(s.get(refs), 1);
    s.set(lock, 0);
    assert.is(await opened, job.instance());
    assert.is(s.get(refs), 2);
  },
);

staged(
  "L4: a device that cannot be made leaves its slot empty, and nothing allocated",
  { cpus: 1, memoryBytes: 16 << 20 },
  async (s) => {
    const job = records(s);
    while ((await s.call(0, "kmalloc", 8000, s.constant("SLAB_FILE"))) !== 0);
    const before = await live(s);
    assert.is(await job.open(1), -s.constant("ENOMEM"));
    assert.is(s.get(job.field(0, "SLOT_STATE")), s.constant("SLOT_EMPTY"));
    assert.is(job.instance(), 0);
    assert.is(await live(s), before);
  },
);

test.run();
