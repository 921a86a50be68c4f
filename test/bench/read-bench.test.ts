// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { secondOf } from "../../host/bench/contenders.ts";
import { ReadBench } from "../../host/bench/read-bench.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { pairedRatio } from "../../host/stats/ratio.ts";
import {
  ATOMIC,
  BUSTED,
  EMPTY,
  FakeMachines,
  ignore,
  NEVER,
  PERCPU_REF,
  QSBR,
  RWSEM,
  reports,
} from "./fake-machines.ts";

const SEED = 3;
const cores = availableParallelism();
const contenders = [EMPTY, ATOMIC, RWSEM];

function benchOn(machines: FakeMachines, threads: readonly number[] = [1]): ReadBench {
  const devices = ["same", "own"] as const;
  return new ReadBench(machines, { contenders, threads, devices, windowNs: 1e6 });
}

async function rounds(bench: ReadBench, n: number, signal = NEVER): Promise<void> {
  const random = randomFrom(SEED);
  for (let i = 0; i < n; i++) await bench.round(random, ignore, signal);
}

test("every contender is measured once a round in every setting; alone there is one setting", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const bench = benchOn(machines, [1, 2]);
  assert.is(bench.cells, contenders.length * 3);
  await rounds(bench, 2);
  const seen = machines.jobs.map(({ name, cpus, cpu }) => {
    const shared = cpus > 1 && cpu(0).device === cpu(1).device;
    return `${name} ${cpus} ${cpus === 1 || shared ? "same" : "own"}`;
  });
  assert.is(seen.length, 2 * bench.cells);
  assert.is(new Set(seen).size, bench.cells);
  const rows = bench.rows(SEED).map((r) => `${r.contender} ${r.threads} ${r.devices}`);
  assert.equal([...rows].sort(), [...new Set(seen)].sort());
});

test("the second of an A/A pair has devices and turns of its own, and a row", async () => {
  const second = secondOf([BUSTED, RWSEM, PERCPU_REF]);
  assert.equal([second.name, second.of, second.id], ["rwsem (again)", "rwsem", RWSEM.id]);
  const machines = new FakeMachines((request) => reports(request, 10));
  const options = { devices: ["same"] as const, windowNs: 1e6, threads: [1] };
  const bench = new ReadBench(machines, { ...options, contenders: [EMPTY, RWSEM, second] });
  await rounds(bench, 20);
  const jobs = machines.jobs.filter(({ contender }) => contender === RWSEM.id);
  const devices = (name: string) =>
    new Set(jobs.flatMap((job) => (job.name === name ? [job.cpu(0).device] : [])));
  const [ours, others] = [devices("rwsem"), devices("rwsem (again)")];
  assert.is(ours.size, others.size);
  assert.ok(ours.size > 1, "another one each round");
  assert.is(new Set([...ours, ...others]).size, 2 * ours.size);
  const firstOfRound = new Set(jobs.flatMap(({ name }, i) => (i % 2 === 0 ? [name] : [])));
  assert.is(firstOfRound.size, 2, "neither always comes first");
  assert.equal(
    bench.rows(SEED).map(({ contender, samples }) => [contender, samples.length]),
    [EMPTY, RWSEM, second].map(({ name }) => [name, 20]),
  );
});

test("a control is set beside itself only where there is nothing else", () => {
  assert.is(secondOf([PERCPU_REF, RWSEM]).of, "percpu_ref");
  assert.is(secondOf([QSBR, RWSEM]).of, "rwsem", "ioctls go through it too");
  assert.is(secondOf([BUSTED, QSBR]).of, "qsbr");
  assert.is(secondOf([BUSTED]).of, "busted");
});

test("the order is drawn anew each round, and again by the same seed", async () => {
  const order = async () => {
    const machines = new FakeMachines((request) => reports(request, 10));
    await rounds(benchOn(machines, [1, 2]), 3);
    return machines.jobs.map(({ name, cpus }) => `${name} ${cpus}`);
  };
  const first = await order();
  const inRound = (n: number) => first.slice(n * 9, n * 9 + 9).join();
  assert.is(new Set([0, 1, 2].map(inRound)).size, 3);
  assert.equal(await order(), first);
});

test("devices are made once for each contender and machine", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const bench = benchOn(machines, [1, 2]);
  await rounds(bench, 3);
  const made = machines.calls.filter((call) => call.startsWith("bench_device_create"));
  const sites = contenders.length * 2;
  assert.ok(made.length >= sites && made.length % sites === 0, `${made.length} of ${sites} sites`);
  await rounds(bench, 3);
  const more = machines.calls.filter((call) => call.startsWith("bench_device_create"));
  assert.is(more.length, made.length);
});

/** Times by contender and round. */
function scripted(times: Readonly<Record<string, readonly (number | null)[]>>): FakeMachines {
  const round: Record<string, number> = {};
  return new FakeMachines((request) => {
    const n = round[request.name] ?? 0;
    round[request.name] = n + 1;
    const ns = times[request.name]?.[n] ?? null;
    return ns === null ? reports(request, 1, 0) : reports(request, ns);
  });
}

test("a row is net of the empty loop of the same round", async () => {
  const machines = scripted({
    "empty loop": [1, 2, 3],
    "atomic pair": [5, 5, 5],
    rwsem: [11, 12, 13],
  });
  const bench = benchOn(machines);
  await rounds(bench, 3);
  const row = bench.rows(SEED).find(({ contender }) => contender === "rwsem");
  assert.equal(row?.samples, [11, 12, 13]);
  assert.is(row?.raw.median, 12);
  assert.equal([row?.net.median, row?.net.low, row?.net.high], [10, 10, 10]);
  assert.equal([row?.unit, row?.workload, row?.kind], ["ns/pair", "read", "gate"]);
});

test("a dropped window is null in its round, and rows still pair by round", async () => {
  const machines = scripted({
    "empty loop": [1, 1, null, 1],
    "atomic pair": [3, null, 3, 5],
    rwsem: [7, 9, 11, null],
  });
  const bench = benchOn(machines);
  await rounds(bench, 4);
  const [empty, atomic, rwsem] = bench.rows(SEED);
  assert.equal(empty?.samples, [1, 1, null, 1]);
  assert.equal(atomic?.samples, [3, null, 3, 5]);
  assert.equal(rwsem?.samples, [7, 9, 11, null]);
  assert.is(rwsem?.raw.n, 3);
  assert.is(rwsem?.net.n, 2, "of the rounds that have an empty loop as well");
  assert.is(pairedRatio(rwsem?.samples ?? [], atomic?.samples ?? [], SEED)?.pairs, 2);
  assert.equal(bench.notes(), []);
});

test("a cell without a figure has no row, and a note says so", async () => {
  const machines = scripted({ "empty loop": [1, 1], "atomic pair": [5, 5], rwsem: [null, null] });
  const bench = benchOn(machines);
  await rounds(bench, 2);
  assert.equal(
    bench.rows(SEED).map(({ contender }) => contender),
    ["empty loop", "atomic pair"],
  );
  assert.match(bench.notes()[0] ?? "", /^no figure for rwsem, 1 thread, same device: /);
});

test("without an empty loop in any round nothing can be said net of it", async () => {
  const machines = scripted({ "empty loop": [null], "atomic pair": [5], rwsem: [9] });
  const bench = benchOn(machines);
  await rounds(bench, 1);
  assert.equal(bench.rows(SEED), []);
  assert.is(bench.notes().length, 1);
});

test("an abort keeps what was measured, and the window in hand is dropped", async () => {
  const stop = new AbortController();
  let jobs = 0;
  const machines = new FakeMachines((request) => {
    if (++jobs < 5) return reports(request, 10);
    stop.abort();
    return null;
  });
  const bench = benchOn(machines);
  await rounds(bench, 4, stop.signal);
  assert.is(jobs, 5);
  const kept = bench.rows(SEED).reduce((sum, { samples }) => sum + samples.length, 0);
  assert.is(kept, 4);
});

test("rows with more threads than cores are marked", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const bench = benchOn(machines, [1, cores, cores + 1]);
  await rounds(bench, 1);
  for (const row of bench.rows(SEED)) assert.is(row.oversubscribed, row.threads > cores);
  assert.ok(bench.rows(SEED).some(({ oversubscribed }) => oversubscribed));
});

test("each measurement is announced", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const bench = benchOn(machines, [1, 2]);
  const labels: string[] = [];
  await bench.round(randomFrom(SEED), (label) => labels.push(label), NEVER);
  assert.is(labels.length, bench.cells);
  assert.ok(labels.includes("rwsem, 1 thread, same device"));
  assert.ok(labels.includes("rwsem, 2 threads, own device"));
});

test.run();
