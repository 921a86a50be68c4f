// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalKernel } from "../drivers/cxl/kernel.ts";
import { GATES } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { BenchRecords, start } from "./bench-records.ts";

const [gate] = GATES as [(typeof GATES)[number]];
const LONG_MS = 60_000; // a window that only a stop ends

async function jobFor(s: Stage, ncpus: number, windowMs = 2, contender = gate.id) {
  const job = new BenchRecords(s, { ncpus, contender, windowMs });
  const device = await s.call(0, "bench_device_create", contender);
  for (let cpu = 0; cpu < ncpus; cpu++) job.setCpu(cpu, "DEVICE", device);
  return { job, device };
}

for (const { name, id } of GATES) {
  staged(
    `${name}: a CPU alone is measured: samples, operations, and the time they took`,
    { cpus: 1 },
    async (s) => {
      const { job } = await jobFor(s, 1, 2, id);
      assert.is(await s.call(0, "bench_read", job.job), 0);
      const samples = job.samples(0);
      assert.ok(samples.length > 0);
      assert.ok(samples.every((ps) => ps > 0));
      assert.is(job.getCpu(0, "DROPPED"), 0, "there is no peer");
      assert.ok(job.getCpu64(0, "OPS") >= samples.length);
      assert.ok(job.getCpu64(0, "ELAPSED_NS") >= 2e6);
    },
  );
}

staged(
  "B1: chunks during which a peer does not run are dropped, and count as operations",
  { cpus: 1 },
  async (s) => {
    const { job } = await jobFor(s, 2);
    job.arrive("START"); // CPU 1 is there, and never does anything
    job.arrive("WARM");
    job.arrive("DONE");
    assert.is(await s.call(0, "bench_read", job.job), 0);
    assert.equal(job.samples(0), []);
    assert.ok(job.getCpu(0, "DROPPED") > 0);
    assert.ok(job.getCpu64(0, "OPS") > 0);
    assert.ok(job.getCpu64(0, "ELAPSED_NS") > 0);
  },
);

staged(
  "B2: a CPU whose window is over keeps the load up until all are done",
  { cpus: 1 },
  async (s) => {
    const { job } = await jobFor(s, 2);
    job.arrive("START");
    job.arrive("WARM");
    const run = start(s, 0, "bench_read", job.job);
    await s.until("its window is over", () => s.get(job.meeting("DONE")) === 1);
    const beats = job.getCpu(0, "HEARTBEAT");
    await s.until("it goes on", () => job.getCpu(0, "HEARTBEAT") > beats + 100);
    assert.not.ok(run.done);
    job.arrive("DONE");
    assert.is(await run.result, 0);
  },
);

/** A job of CPU 0 alone, on a kernel of one thread. */
function localJob(kernel: LocalKernel, phases: { warmupNs: bigint; windowNs: bigint }) {
  const records = kernel.map.hostStart;
  const [cpus, meetings, samples] = [records + 1024, records + 2048, records + 4096];
  const at = (field: string) => records + kernel.constant(`OFFSETOF_BENCH_JOB_${field}`);
  const u32 = (field: string, value: number) => kernel.view.setUint32(at(field), value, true);
  const u64 = (field: string, value: bigint) => kernel.view.setBigUint64(at(field), value, true);
  const cpu = (field: string) => cpus + kernel.constant(`OFFSETOF_BENCH_CPU_${field}`);
  u32("CONTENDER", gate.id);
  u32("NCPUS", 1);
  u32("CPUS", cpus);
  u32("CAPACITY", 1024);
  u32("MEETINGS", meetings);
  u64("WARMUP_NS", phases.warmupNs);
  u64("WINDOW_NS", phases.windowNs);
  u64("DEADLINE_NS", 1_000_000_000n);
  kernel.view.setUint32(cpu("SAMPLES"), samples, true);
  const device = kernel.call("bench_device_create", gate.id);
  kernel.view.setUint32(cpu("DEVICE"), device, true);
  const get = (field: string) => kernel.view.getUint32(cpu(field), true);
  const ops = () => Number(kernel.view.getBigUint64(cpu("OPS"), true));
  return { get, ops, run: () => kernel.call("bench_read", records) };
}

test("B3: the clock stands around chunks, never in them", () => {
  const kernel = new LocalKernel();
  const job = localJob(kernel, { warmupNs: 0n, windowNs: 5_000_000n });
  const before = kernel.clockReads;
  assert.is(job.run(), 0);
  const reads = kernel.clockReads - before;
  const chunks = job.get("NR_SAMPLES");
  assert.ok(chunks > 0);
  assert.ok(job.ops() / chunks >= 32, "a chunk is four bursts at least");
  const outside = 2 * 64 + 40; // clock_cost(), the ends of the phases, the chunks of the warm-up
  assert.ok(reads <= 2 * chunks + outside, `${reads} readings for ${chunks} chunks`);
});

test("B5: a warm-up that was one interruption goes on until a chunk fits", () => {
  const kernel = new LocalKernel();
  const job = localJob(kernel, { warmupNs: 1_500_000n, windowNs: 1_000_000n });
  // A burst takes 10 ns; and behind the first chunk of the warm-up the CPU is away.
  const firstBursts = 8;
  let now = 1_000n;
  let seen = 0;
  kernel.clock = () => {
    const bursts = job.get("BURSTS");
    if (bursts === firstBursts && ++seen === 2) now += 5_000_000n;
    now += BigInt(40 * Math.max(bursts, 1));
    return now;
  };
  assert.is(job.run(), 0);
  assert.ok(seen >= 2, "it was away");
  const chunkNs = 40 * job.get("BURSTS");
  assert.ok(chunkNs > 7_500 && chunkNs < 120_000, `${chunkNs} ns`);
});

staged("B4: a window holds up no grace period, whatever the contender", { cpus: 2 }, async (s) => {
  const ids = [...GATES.map(({ id }) => id), s.constant("BASELINE_PLAIN_COUNTER_PAIR")];
  for (const id of ids) {
    const { job } = await jobFor(s, 1, LONG_MS, id);
    const run = start(s, 0, "bench_read", job.job);
    await s.until("it is in its window", () => s.get(job.meeting("WARM")) === 1);
    await s.call(1, "synchronize_rcu");
    assert.not.ok(run.done);
    s.machine.stop();
    assert.is(await run.result, 0, "and a stop ends it");
  }
});

staged("B5: chunks are fitted as long as somebody is not warm", { cpus: 1 }, async (s) => {
  const { job } = await jobFor(s, 2);
  job.arrive("START");
  const run = start(s, 0, "bench_read", job.job);
  await s.until("it is warm", () => s.get(job.meeting("WARM")) === 1);
  job.setCpu(0, "BURSTS", 1); // as an interruption may leave it
  await s.until("it is fitted again", () => job.getCpu(0, "BURSTS") > 4);
  job.arrive("WARM");
  job.arrive("DONE");
  assert.is(await run.result, 0);
});

staged(
  "a context that is not alive ends one CPU's part, and nobody waits for it",
  { cpus: 2 },
  async (s) => {
    const { job } = await jobFor(s, 2);
    const bad = await s.call(0, "bench_device_create", gate.id);
    s.set(s.get(bad + s.constant("DEVICE_SLOT")), 1);
    job.setCpu(1, "DEVICE", bad);
    const runs = [0, 1].map((cpu) => s.call(cpu, "bench_read", job.job));
    assert.equal(await Promise.all(runs), [0, -s.constant("EIO")]);
  },
);

staged(
  "an unknown contender is -EINVAL, a CPU that never comes -ETIMEDOUT",
  { cpus: 1 },
  async (s) => {
    const unknown = new BenchRecords(s, { ncpus: 1, contender: 99 });
    assert.is(await s.call(0, "bench_read", unknown.job), -s.constant("EINVAL"));
    const alone = new BenchRecords(s, { ncpus: 2, contender: gate.id, deadlineMs: 5 });
    alone.setCpu(0, "DEVICE", await s.call(0, "bench_device_create", gate.id));
    assert.is(await s.call(0, "bench_read", alone.job), -s.constant("ETIMEDOUT"));
  },
);

test.run();
