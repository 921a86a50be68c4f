// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { GATES, type GateName } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { start } from "./bench-records.ts";
import { type RoleCpuFields, RoleRecords } from "./role-records.ts";

const READER = { role: "READER" } as const;
const REMOVER = { role: "REMOVER" } as const;
const ADDER = { role: "ADDER" } as const;
const [gate] = GATES as [GateName];

const live = (s: Stage) => s.call(0, "slab_live", s.constant("SLAB_MISC"));
/** Runs a job without an end of its own until each CPU did `least` operations. @returns their codes */
async function untilDone(s: Stage, job: RoleRecords, least: readonly number[]): Promise<number[]> {
  const runs = least.map((_, cpu) => job.run(cpu));
  const done = (ops: number, cpu: number) => job.getCpu64(cpu, "OPS") >= ops;
  await s.until("each CPU got on", () => least.every(done));
  s.machine.stop();
  return Promise.all(runs);
}

const LONG = { windowMs: 1e6 };

const stateOf = (s: Stage, instance: number) =>
  instance + s.constant("OFFSETOF_ROLE_INSTANCE_STATE");

for (const { name, id } of GATES) {
  staged(
    `${name}: a reader, a remover and an adder have a score each, and leave nothing behind`,
    { cpus: 3 },
    async (s) => {
      const cpus = [READER, { ...REMOVER, pace: "RATE", paceNs: 200_000 }, ADDER] as const;
      const job = new RoleRecords(s, { contender: id, cpus, ...LONG });
      const before = await live(s);
      assert.is(await job.open(), 0);
      assert.equal(await untilDone(s, job, [100, 5, 4]), [0, 0, 0]);
      await job.close();
      assert.is(await live(s), before);
      const [removed, added] = [1, 2].map((cpu) => job.getCpu64(cpu, "OPS"));
      const missing = (removed ?? 0) - (added ?? 0);
      assert.ok(missing === 0 || missing === 1, `${added} of ${removed}`);
      assert.is(job.getCpu(1, "NR_CALM"), removed);
      assert.is(job.getCpu(2, "NR_CALM"), added);
    },
  );
}

staged("without an adder a remover adds what it has removed", { cpus: 2 }, async (s) => {
  const cpus = [REMOVER, { ...REMOVER, slot: 1 }];
  const job = new RoleRecords(s, { contender: gate.id, cpus, targets: 2, ...LONG });
  await job.open();
  assert.equal(await untilDone(s, job, [3, 3]), [0, 0]);
  assert.is.not(job.instance(0), 0);
  assert.is.not(job.instance(1), 0);
});

staged("with an adder that does not come a device is removed once", { cpus: 1 }, async (s) => {
  const job = new RoleRecords(s, { contender: gate.id, cpus: [REMOVER, ADDER] });
  await job.open();
  job.arrive("START");
  assert.is(await job.run(0), 0);
  assert.is(job.getCpu64(0, "OPS"), 1);
  assert.is(job.instance(), 0);
  assert.ok(job.getCpu64(0, "AWAY_NS") > 0);
});

staged("a dry job removes nothing and adds nothing", { cpus: 3 }, async (s) => {
  const job = new RoleRecords(s, { contender: gate.id, cpus: [READER, REMOVER, ADDER], ...LONG });
  job.set("DRY", 1);
  await job.open();
  const there = job.instance();
  assert.equal(await untilDone(s, job, [1000, 0, 0]), [0, 0, 0]);
  assert.is(job.instance(), there);
  assert.equal([job.getCpu64(1, "OPS"), job.getCpu64(2, "OPS")], [0, 0]);
});

staged("a reader of a slot that no remover goes through reads on", { cpus: 2 }, async (s) => {
  const job = new RoleRecords(s, {
    contender: gate.id,
    cpus: [{ ...READER, slot: 1 }, REMOVER],
    ...LONG,
  });
  await job.open(2);
  assert.equal(await untilDone(s, job, [1000, 3]), [0, 0]);
  assert.is(job.getCpu64(0, "REFUSED"), 0);
});

async function isSampled(s: Stage, cpu: RoleCpuFields): Promise<void> {
  for (const every of [1, 8, 64]) {
    const job = new RoleRecords(s, { contender: gate.id, cpus: [cpu], every });
    await job.open();
    assert.is(await job.run(0), 0);
    const entries = job.getCpu64(0, "OPS");
    const timed = job.getCpu(0, "NR_CALM");
    assert.ok(timed === Math.floor(entries / every) || timed === Math.ceil(entries / every));
    assert.is(job.getCpu(0, "NR_DURING"), 0);
  }
}

staged("R1: at a pace one entry in `every` is timed while nobody removes", { cpus: 1 }, (s) =>
  isSampled(s, { ...READER, pace: "THINK", paceNs: 1 }),
);

staged("R1, R6: in a flood, too", { cpus: 1 }, (s) => isSampled(s, READER));

staged("R1: while the device is being removed each entry is timed", { cpus: 1 }, async (s) => {
  const passes = s.constant("BASELINE_EMPTY_LOOP"); // whose entrants a removal does not stop
  const job = new RoleRecords(s, { contender: passes, cpus: [READER, REMOVER], every: 1 << 20 });
  await job.open();
  job.arrive("START");
  s.set(stateOf(s, job.instance()), s.constant("INSTANCE_DYING"));
  s.add64(
    job.instance() + s.constant("OFFSETOF_ROLE_INSTANCE_SINCE"),
    await s.machine.call64(0, "ktime_get"),
  );
  const run = start(s, 0, "bench_roles", job.job);
  await s.until("it goes on", () => job.getCpu64(0, "OPS") > 1000);
  job.arrive("REMOVED");
  assert.is(await run.result, 0);
  assert.is(job.getCpu(0, "NR_DURING"), job.getCpu64(0, "OPS"));
  assert.is(job.getCpu(0, "NR_CALM"), 0);
});

staged(
  "R1: of a reader of another device one entry in `every` is timed, removals or not",
  { cpus: 1 },
  async (s) => {
    const cpus = [{ ...READER, slot: 1 }, REMOVER];
    const job = new RoleRecords(s, { contender: gate.id, cpus, every: 16, capacity: 1 });
    await job.open(2);
    job.arrive("START");
    job.removing(1);
    const run = start(s, 0, "bench_roles", job.job);
    await s.until("it goes on", () => job.getCpu(0, "NR_DURING") > 10);
    assert.is(job.getCpu(0, "NR_CALM"), 0);
    job.removing(0);
    await s.until("it goes on in calm", () => job.getCpu(0, "NR_CALM") > 10);
    job.arrive("REMOVED");
    assert.is(await run.result, 0);
    const timed = job.getCpu(0, "NR_CALM") + job.getCpu(0, "NR_DURING");
    const entries = job.getCpu64(0, "OPS");
    assert.ok(Math.abs(timed - entries / 16) <= 1, `${timed} of ${entries}`);
  },
);

staged("R2: a reader goes on until the removers are through", { cpus: 1 }, async (s) => {
  const job = new RoleRecords(s, { contender: gate.id, cpus: [READER, REMOVER], windowMs: 1 });
  await job.open();
  job.arrive("START");
  const run = start(s, 0, "bench_roles", job.job);
  for (let looks = 0; looks < 5; looks++) {
    const seen = job.getCpu64(0, "OPS");
    await s.until("it goes on", () => job.getCpu64(0, "OPS") > seen + 100_000);
  }
  assert.not.ok(run.done);
  job.arrive("REMOVED");
  assert.is(await run.result, 0);
  assert.ok(job.getCpu64(0, "ELAPSED_NS") >= 1e6);
});

for (const [overdueNs, all] of [
  [0, true],
  [1e15, false],
] as const) {
  staged(`R3: removals of over ${overdueNs} ns are overdue`, { cpus: 1 }, async (s) => {
    const job = new RoleRecords(s, { contender: gate.id, cpus: [REMOVER], overdueNs });
    await job.open();
    assert.is(await job.run(0), 0);
    assert.is(job.getCpu(0, "OVERDUE"), all ? job.getCpu64(0, "OPS") : 0);
  });
}

staged("R3: the readers of a device whose removal is overdue keep out", { cpus: 1 }, async (s) => {
  const passes = s.constant("BASELINE_EMPTY_LOOP");
  const cpus = [READER, REMOVER];
  const job = new RoleRecords(s, { contender: passes, cpus, overdueNs: 1 });
  await job.open();
  job.arrive("START");
  const instance = job.instance();
  const refs = () => s.get(instance + s.constant("OFFSETOF_ROLE_INSTANCE_REFS"));
  const run = start(s, 0, "bench_roles", job.job);
  await s.until("it is inside", () => refs() === 2 && job.getCpu64(0, "OPS") > 100);
  s.set(job.field(0, "SLOT_INSTANCE"), 0); // a removal begins, long ago, and does not get in
  s.set(stateOf(s, instance), s.constant("INSTANCE_DYING"));
  await s.until("it keeps out", () => refs() === 1);
  const seen = job.getCpu64(0, "OPS");
  await s.until("it waits for another", () => job.getCpu64(0, "AWAY_NS") > 1000);
  assert.is(job.getCpu64(0, "OPS"), seen);
  job.arrive("REMOVED");
  assert.is(await run.result, 0);
});

staged("R4, R5: a context that is not alive ends the job of all", { cpus: 3 }, async (s) => {
  const cpus = [
    READER,
    { ...READER, slot: 1 },
    { ...REMOVER, pace: "THINK", paceNs: 1e15 },
  ] as const;
  const job = new RoleRecords(s, { contender: gate.id, cpus, windowMs: 1e6 });
  await job.open(2);
  const device = s.get(job.instance(1) + s.constant("OFFSETOF_ROLE_INSTANCE_DEVICE"));
  s.set(s.get(device + s.constant("DEVICE_SLOT")), 1);
  const codes = await Promise.all([0, 1, 2].map((cpu) => job.run(cpu)));
  assert.equal(codes, [0, -s.constant("EIO"), 0]);
});

staged("R5: a stop ends the job of all", { cpus: 3 }, async (s) => {
  const cpus = [READER, REMOVER, ADDER];
  const job = new RoleRecords(s, { contender: gate.id, cpus, windowMs: 1e6 });
  await job.open();
  const runs = [0, 1, 2].map((cpu) => job.run(cpu));
  await s.until("it is at it", () => job.getCpu64(2, "OPS") > 3);
  s.machine.stop();
  assert.equal(await Promise.all(runs), [0, 0, 0]);
});

staged("R5: a CPU that never comes ends it, too", { cpus: 2 }, async (s) => {
  const cpus = [READER, REMOVER, ADDER];
  const job = new RoleRecords(s, { contender: gate.id, cpus, deadlineMs: 5 });
  await job.open();
  const late = -s.constant("ETIMEDOUT");
  assert.equal(await Promise.all([job.run(0), job.run(1)]), [late, late]);
});

for (const body of ["SPIN", "SLEEP"] as const) {
  staged(`a removal waits for a body that is to ${body.toLowerCase()}`, { cpus: 2 }, async (s) => {
    const services = [2e6];
    for (const { id } of GATES) {
      const may = (await s.call(0, "gate_body", id)) === s.constant("BODY_MAY_SLEEP");
      if (body === "SLEEP" && !may) continue;
      const job = new RoleRecords(s, { contender: id, cpus: [READER, REMOVER], body, services });
      await job.open();
      assert.equal(await Promise.all([job.run(0), job.run(1)]), [0, 0]);
      const [ops, elapsed] = [job.getCpu64(0, "OPS"), job.getCpu64(0, "ELAPSED_NS")];
      assert.ok(ops * 2e6 <= elapsed, `${ops} bodies of 2 ms in ${elapsed} ns`);
      await job.close();
    }
  });
}

staged("an unknown contender is -EINVAL", { cpus: 1 }, async (s) => {
  const job = new RoleRecords(s, { contender: 9999, cpus: [READER] });
  assert.is(await job.run(0), -s.constant("EINVAL"));
});

test.run();
