// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CpuReport, JobRequest } from "../../host/bench/job.ts";
import { readersFor } from "../../host/bench/measure.ts";
import { RemovalBench } from "../../host/bench/removal-bench.ts";
import { lossPct, meanRate, medianLatency, type RemovalRound } from "../../host/bench/removals.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { BUSTED, FakeMachines, ignore, NEVER, PERCPU_REF, RWSEM, report } from "./fake-machines.ts";

const SEED = 5;
const REMOVALS = 3;

/** A CPU with these samples, and a rate of reads a second. */
const cpu = (samples: readonly number[], rate = 0): CpuReport => ({
  ...report(0),
  samples: Uint32Array.from(samples),
  ops: rate,
  elapsedNs: 1e9,
});

const isOnOther = ({ cpu: work, ncpus }: JobRequest) => ncpus > 1 && work(1).same === false;

/** Removals of 100, 200, 300 ns; readers at 1000 reads/s, at 900 on the device, at 990 on another. */
function job(request: JobRequest): CpuReport[] {
  const { dry, ncpus } = request;
  const rate = dry ? 1000 : isOnOther(request) ? 990 : 900;
  const reader = cpu(dry || isOnOther(request) ? [] : [0, 40, 50], rate);
  return [cpu(dry ? [] : [100, 200, 300]), ...Array.from({ length: ncpus - 1 }, () => reader)];
}

async function bench(readers: number, rounds: number, machines = new FakeMachines(job)) {
  const gates = [RWSEM, PERCPU_REF, BUSTED];
  const removals = new RemovalBench(machines, { gates, readers, removals: REMOVALS });
  const random = randomFrom(SEED);
  for (let i = 0; i < rounds; i++) await removals.round(random, ignore, NEVER);
  return { removals, machines };
}

test("each gate has a row for an idle device, and one for a device in use", async () => {
  const { removals } = await bench(1, 2);
  const rows = removals.rows(SEED);
  assert.equal(
    rows.map((r) => `${r.contender} ${r.condition} ${r.readers} ${r.entrantOutcome}`),
    [
      "rwsem idle 0 blocks",
      "rwsem busy 1 blocks",
      "percpu_ref idle 0 fails",
      "percpu_ref busy 1 fails",
      "busted idle 0 passes",
      "busted busy 1 passes",
    ],
  );
});

test("a row has the latencies of all rounds, and the median of each", async () => {
  const { removals } = await bench(0, 2);
  const [row] = removals.rows(SEED);
  assert.equal([row?.latency.n, row?.latency.p50, row?.latency.max], [6, 200, 300]);
  assert.equal(row?.samples, [200, 200]);
});

test("an idle row says nothing of readers", async () => {
  const { removals } = await bench(0, 1);
  for (const row of removals.rows(SEED)) {
    assert.equal([row.entrant, row.readersLossPct, row.othersEffectPct], [null, null, null]);
  }
});

test("a busy row has what entrants, readers and readers of another device felt", async () => {
  const { removals } = await bench(2, 2);
  const row = removals.rows(SEED).find(({ condition }) => condition === "busy");
  assert.equal([row?.entrant?.n, row?.entrant?.max], [2 * 2 * REMOVALS, 50]);
  assert.ok(Math.abs((row?.readersLossPct?.median ?? 0) - 10) < 1e-9);
  assert.ok(Math.abs((row?.othersEffectPct?.median ?? 0) + 1) < 1e-9);
  assert.is(row?.readersLossPct?.n, 2);
});

test("readers that got nothing done have no rate, and no loss is made up", async () => {
  const still = new FakeMachines((request) =>
    job(request).map((report) => ({ ...report, ops: 0, elapsedNs: 0 })),
  );
  const { removals } = await bench(1, 1, still);
  const row = removals.rows(SEED).find(({ condition }) => condition === "busy");
  assert.equal([row?.readersLossPct, row?.othersEffectPct], [null, null]);
  assert.is(row?.latency.n, REMOVALS);
});

test("devices are destroyed after each job", async () => {
  const { machines } = await bench(1, 1);
  const count = (fn: string) => machines.calls.filter((call) => call.startsWith(fn)).length;
  assert.is(count("bench_device_create"), 3 * (1 + 4) * 2);
  assert.is(count("bench_device_destroy"), count("bench_device_create"));
});

test("an abort drops the round in hand of its gate, and keeps the others", async () => {
  const stop = new AbortController();
  let jobs = 0;
  const machines = new FakeMachines((request) => {
    if (++jobs <= 7) return job(request);
    stop.abort();
    return null;
  });
  const removals = new RemovalBench(machines, { gates: [RWSEM, BUSTED], readers: 1, removals: 1 });
  const random = randomFrom(SEED);
  for (let i = 0; i < 3; i++) await removals.round(random, ignore, stop.signal);
  assert.is(jobs, 8);
  for (const row of removals.rows(SEED)) {
    assert.ok(row.samples.length >= 1);
    if (row.condition === "busy") assert.is(row.readersLossPct?.n, row.samples.length);
  }
});

test("rows with more threads than cores are marked", async () => {
  const cores = availableParallelism();
  const { removals } = await bench(cores, 1);
  for (const row of removals.rows(SEED)) {
    assert.is(row.oversubscribed, row.readers + 1 > cores, `${row.readers} readers`);
  }
});

test("there are as many readers as leave the remover a core, one at least", () => {
  assert.is(readersFor([1], 8), 0);
  assert.is(readersFor([1, 2], 8), 1);
  assert.is(readersFor([1, 4, 2], 8), 3);
  assert.is(readersFor([1, 2, 16], 8), 7);
  assert.is(readersFor([4], 2), 1);
  assert.is(readersFor([4], 1), 1);
});

const round = (readerRate: number | null, ...latencies: number[]): RemovalRound => ({
  latencies: Uint32Array.from(latencies),
  entrants: [],
  readerRate,
});

test("a loss is taken off the undisturbed rate, if there is one", () => {
  assert.is(lossPct(round(75), round(100)), 25);
  assert.is(lossPct(round(150), round(100)), -50);
  assert.is(lossPct(round(75), round(0)), null);
  assert.is(lossPct(round(null), round(100)), null);
  assert.is(lossPct(round(75), round(null)), null);
});

test("a round without a removal has no median", () => {
  assert.is(medianLatency(round(null)), null);
  assert.is(medianLatency(round(null, 3, 1, 2)), 2);
});

test("the mean rate is of those who read", () => {
  assert.is(meanRate([]), null);
  assert.is(meanRate([cpu([], 100), cpu([], 300)]), 200);
  assert.is(meanRate([cpu([], 100), { ...cpu([], 0), elapsedNs: 0 }]), 100);
});

test.run();
