// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { GATES, type GateName } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { BenchRecords, start } from "./bench-records.ts";

const REMOVALS = 20;
const [gate] = GATES as [GateName];
const OVER = 0xffff_ffff;

/** A job on one device: CPU 0 removes it, CPUs 1 to ncpus - 1 read it. */
async function jobFor(s: Stage, ncpus: number, removals = REMOVALS, contender = gate.id) {
  const job = new BenchRecords(s, { ncpus, contender, removals });
  const device = await s.call(0, "bench_device_create", contender);
  for (let cpu = 0; cpu < ncpus; cpu++) {
    job.setCpu(cpu, "DEVICE", device);
    job.setCpu(cpu, "SAME", cpu === 0 ? 0 : 1);
  }
  return { job, device };
}

for (const { name, id } of GATES) {
  staged(
    `${name}: every removal is sampled, and every reader's longest entry in it`,
    { cpus: 3 },
    async (s) => {
      const { job, device } = await jobFor(s, 3, REMOVALS, id);
      const runs = [0, 1, 2].map((cpu) => s.call(cpu, "bench_removal", job.job));
      assert.equal(await Promise.all(runs), [0, 0, 0]);
      assert.equal(
        [0, 1, 2].map((cpu) => job.samples(cpu).length),
        [REMOVALS, REMOVALS, REMOVALS],
      );
      assert.is(job.getCpu64(0, "OPS"), REMOVALS);
      for (const cpu of [1, 2]) {
        assert.ok(job.getCpu64(cpu, "OPS") > 0);
        assert.ok(job.getCpu64(cpu, "ELAPSED_NS") > 0);
      }
      await s.call(0, "bench_device_destroy", id, device);
    },
  );
}

staged("an idle device is removed without anybody's help", { cpus: 1 }, async (s) => {
  for (const { id } of GATES) {
    const { job } = await jobFor(s, 1, REMOVALS, id);
    assert.is(await s.call(0, "bench_removal", job.job), 0);
    assert.is(job.samples(0).length, REMOVALS);
  }
});

staged("a dry job removes nothing: the readers' undisturbed rate", { cpus: 2 }, async (s) => {
  const { job } = await jobFor(s, 2);
  job.set("DRY", 1);
  const runs = [0, 1].map((cpu) => s.call(cpu, "bench_removal", job.job));
  assert.equal(await Promise.all(runs), [0, 0]);
  assert.equal([job.samples(0), job.samples(1)], [[], []]);
  assert.is(job.getCpu64(0, "OPS"), REMOVALS);
  assert.ok(job.getCpu64(1, "OPS") > 0);
});

staged("readers of another device read on, and are not turned away", { cpus: 2 }, async (s) => {
  const { job } = await jobFor(s, 2);
  job.setCpu(1, "DEVICE", await s.call(0, "bench_device_create", gate.id));
  job.setCpu(1, "SAME", 0);
  const runs = [0, 1].map((cpu) => s.call(cpu, "bench_removal", job.job));
  assert.equal(await Promise.all(runs), [0, 0]);
  assert.is(job.samples(0).length, REMOVALS);
  assert.equal(job.samples(1), []);
});

staged(
  "V1: a removal waits until each reader got on since the device was opened",
  { cpus: 1 },
  async (s) => {
    const { job, device } = await jobFor(s, 3, 1);
    job.arrive("START"); // CPUs 1 and 2 are the test
    job.arrive("START");
    const run = start(s, 0, "bench_removal", job.job);
    await s.until("the device is open", () => job.get("EPOCH") === 1);
    const beat = (cpu: number) => job.setCpu(cpu, "HEARTBEAT", job.getCpu(cpu, "HEARTBEAT") + 1);
    let beats = 0;
    await s.until("CPU 1 got on and on", () => {
      beat(1);
      return ++beats === 30;
    });
    assert.ok(s.get(device + s.constant("DEVICE_SLOT")) !== 0, "it waits for CPU 2");
    // Which heartbeats it waits for it decides as it looks: beat until it is content.
    await s.until("it is removed", () => {
      beat(1);
      beat(2);
      return s.get(device + s.constant("DEVICE_SLOT")) === 0;
    });
    job.set("TURNED_AWAY", 2);
    assert.is(await run.result, 0);
  },
);

staged(
  "V2: the gate is destroyed only once every reader was turned away",
  { cpus: 1 },
  async (s) => {
    const contender = s.constant("GATE_PERCPU_REF"); // whose init() allocates
    const { job, device } = await jobFor(s, 2, 1, contender);
    const counters = s.get(await s.call(0, "device_gate", device));
    assert.is.not(counters, 0);
    job.arrive("START");
    const run = start(s, 0, "bench_removal", job.job);
    await s.until("it is removed", () => {
      job.setCpu(1, "HEARTBEAT", job.getCpu(1, "HEARTBEAT") + 1);
      return s.get(device + s.constant("DEVICE_SLOT")) === 0;
    });
    const events = () => s.machine.events()["EV_RCU_GP"] ?? 0n;
    const before = events();
    assert.ok(before > 0n, "the removal's grace period");
    assert.not.ok(run.done);
    assert.is(
      s.get(device + s.constant("DEVICE_SLOT")),
      0,
      "not open again: the reader may still look",
    );
    job.set("TURNED_AWAY", 1);
    assert.is(await run.result, 0);
    assert.is.not(s.get(device + s.constant("DEVICE_SLOT")), 0, "open again");
    assert.is(job.get("TURNED_AWAY"), 0);
  },
);

staged("V3, V4: a context that is not alive ends the job of all", { cpus: 3 }, async (s) => {
  const { job } = await jobFor(s, 3);
  const bad = await s.call(0, "bench_device_create", gate.id);
  s.set(s.get(bad + s.constant("DEVICE_SLOT")), 1);
  job.setCpu(2, "DEVICE", bad);
  const runs = [0, 1, 2].map((cpu) => s.call(cpu, "bench_removal", job.job));
  const eio = -s.constant("EIO");
  assert.equal(await Promise.all(runs), [eio, 0, eio]);
  assert.is(job.get("EPOCH"), OVER);
});

staged("V4: a stop ends the job of all", { cpus: 3 }, async (s) => {
  const { job } = await jobFor(s, 3, 1 << 30);
  const runs = [0, 1, 2].map((cpu) => s.call(cpu, "bench_removal", job.job));
  await s.until("it is at it", () => job.getCpu64(0, "OPS") > 3);
  s.machine.stop();
  assert.equal(await Promise.all(runs), [-s.constant("EINTR"), 0, 0]);
});

staged("V4: a reader that never comes ends it, too", { cpus: 2 }, async (s) => {
  const job = new BenchRecords(s, { ncpus: 3, contender: gate.id, deadlineMs: 5, removals: 1 });
  const device = await s.call(0, "bench_device_create", gate.id);
  for (const cpu of [0, 1]) job.setCpu(cpu, "DEVICE", device);
  const late = -s.constant("ETIMEDOUT");
  const runs = [0, 1].map((cpu) => s.call(cpu, "bench_removal", job.job));
  assert.equal(await Promise.all(runs), [late, late]);
});

staged("an unknown contender is -EINVAL", { cpus: 1 }, async (s) => {
  const job = new BenchRecords(s, { ncpus: 1, contender: 99, removals: 1 });
  assert.is(await s.call(0, "bench_removal", job.job), -s.constant("EINVAL"));
});

test.run();
