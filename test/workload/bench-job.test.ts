// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { staged } from "../kernel/rcu/stage.ts";
import { BenchRecords } from "./bench-records.ts";

const ONE_CPU = { cpus: 1 };
const U32_MAX = 0xffff_ffff;

staged("J1: samples up to the capacity are kept as they come", ONE_CPU, async (s) => {
  const job = new BenchRecords(s, { ncpus: 1, contender: 0, capacity: 8 });
  for (let i = 0; i < 8; i++) await add(job, 100 + i);
  assert.equal(job.samples(0), [100, 101, 102, 103, 104, 105, 106, 107]);
});

staged(
  "J1: of more samples than there is room for, late ones are kept as early ones are",
  ONE_CPU,
  async (s) => {
    const [capacity, taken] = [64, 640];
    const job = new BenchRecords(s, { ncpus: 1, contender: 0, capacity });
    for (let i = 0; i < taken; i++) await add(job, i);
    const kept = job.samples(0);
    assert.is(job.getCpu(0, "NR_SAMPLES"), taken);
    assert.is(kept.length, capacity);
    assert.is(new Set(kept).size, capacity, "no sample twice");
    // The generator is seeded: this is no matter of chance. Half of the samples are of the second half.
    const late = kept.filter((i) => i >= taken / 2).length;
    assert.ok(late > capacity / 4 && late < (3 * capacity) / 4, `${late} of ${capacity}`);
  },
);

staged("J2: a sample that does not fit is the largest that does", ONE_CPU, async (s) => {
  const job = new BenchRecords(s, { ncpus: 1, contender: 0 });
  await add(job, U32_MAX);
  await add(job, 2 ** 40);
  await add(job, 0);
  assert.equal(job.samples(0), [U32_MAX, U32_MAX, 0]);
});

async function add(job: BenchRecords, value: number): Promise<void> {
  const args = [job.job, job.cpu(0), BigInt(value)];
  await job.stage.machine.invoke(0, "add_sample", { args });
}

staged(
  "B1: the peers ran if each had two heartbeats since it was noted",
  { cpus: 1 },
  async (s) => {
    const job = new BenchRecords(s, { ncpus: 3, contender: 0 });
    const ran = async () => (await s.call(0, "peers_ran", job.job, job.cpu(0))) === 1;
    const beat = (cpu: number, n: number) =>
      job.setCpu(cpu, "HEARTBEAT", (job.getCpu(cpu, "HEARTBEAT") + n) % 2 ** 32);
    job.setCpu(1, "HEARTBEAT", U32_MAX); // and it may wrap
    await s.call(0, "note_peers", job.job, job.cpu(0));
    assert.is(await ran(), false);
    beat(1, 2);
    assert.is(await ran(), false, "CPU 2 did not");
    beat(2, 1);
    assert.is(await ran(), false, "one may be the end of what it did before");
    beat(2, 1);
    assert.is(await ran(), true);
    beat(0, 5);
    await s.call(0, "note_peers", job.job, job.cpu(0));
    assert.is(await ran(), false, "what was before does not count");
  },
);

staged("B1: a CPU alone has no peers to wait for", { cpus: 1 }, async (s) => {
  const job = new BenchRecords(s, { ncpus: 1, contender: 0 });
  await s.call(0, "note_peers", job.job, job.cpu(0));
  assert.is(await s.call(0, "peers_ran", job.job, job.cpu(0)), 1);
});

staged("B5: a chunk is fitted to its length, by a factor of 4 at most", { cpus: 1 }, async (s) => {
  const fitted = (n: number, tookNs: number, chunkNs: number) =>
    s.machine.invoke(0, "fitted", { args: [n, BigInt(tookNs), BigInt(chunkNs)] });
  assert.is(await fitted(100, 29_999, 30_000), 100);
  assert.is(await fitted(100, 14_999, 30_000), 200);
  assert.is(await fitted(100, 59_999, 30_000), 50);
  assert.is(await fitted(100, 10, 30_000), 400, "a chunk that was far too short");
  assert.is(await fitted(100, 4_000_000, 30_000), 25, "a chunk that was interrupted");
  assert.is(await fitted(100, 0, 30_000), 400, "a clock that did not move");
  assert.is(await fitted(1, 2 ** 40, 30_000), 1, "never none");
  assert.is(await fitted(1 << 20, 0, 30_000), 1 << 20, "nor without end");
});

staged(
  "B5: a chunk fits when the factor did not hold it, or it has come to an end",
  { cpus: 1 },
  async (s) => {
    const fits = (n: number, tookNs: number, made: number) =>
      s.machine.invoke(0, "fits", { args: [n, BigInt(tookNs), 30_000n, made] });
    assert.is(await fits(100, 7_500, 400), 1);
    assert.is(await fits(100, 120_000, 25), 1);
    assert.is(await fits(100, 7_499, 400), 0, "more would");
    assert.is(await fits(100, 120_001, 25), 0, "fewer would");
    assert.is(await fits(1, 4_000_000, 1), 1, "there are no fewer");
    assert.is(await fits(1 << 20, 10, 1 << 20), 1, "nor more");
  },
);

test.run();
