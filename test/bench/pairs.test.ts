// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CpuReport } from "../../host/bench/job.ts";
import { makeSite, measurePair, nsPerOp } from "../../host/bench/pairs.ts";
import type { Devices } from "../../host/result/asked.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { rejects } from "../machine/with-machine.ts";
import { FakeMachines, NEVER, RWSEM, report, reports } from "./fake-machines.ts";

const cores = availableParallelism();
const WINDOW = { round: 0, windowNs: 1e6, signal: NEVER };
const all = (one: CpuReport, n = cores) => Array.from({ length: n }, () => one);
const withSamples = (...ps: number[]): CpuReport => ({
  ...report(0),
  samples: Uint32Array.from(ps),
});

test("what a pair costs is the median chunk of each CPU, averaged over the CPUs", () => {
  const one = withSamples(4000, 1000, 2000, 3000, 9_999_000, 1000, 2000, 3000);
  assert.is(nsPerOp(all(one)), 2.5);
  if (cores < 2) return;
  const mixed = [report(10), ...all(report(20), cores - 1)];
  assert.is(nsPerOp(mixed), (10 + 20 * (cores - 1)) / cores);
});

test("a window in which some CPU has too few samples is dropped", () => {
  assert.is(nsPerOp(all(report(5, 8))), 5);
  assert.is(nsPerOp([report(5, 7), ...all(report(5), cores - 1)]), null);
  assert.is(nsPerOp(all(report(5, 0))), null);
});

test("long operations are in ns, and one sample of each CPU is enough", () => {
  const form = { perNs: 1, least: 1 };
  assert.is(nsPerOp(all(withSamples(1_500_000)), form), 1_500_000);
  assert.is(nsPerOp(all(withSamples()), form), null);
});

test("with more CPUs than cores it is the time on the clock", () => {
  const one = { ...report(1, 0), ops: 100, elapsedNs: 5000 };
  assert.is(nsPerOp(all(one, cores + 1)), 50);
  assert.is(nsPerOp([{ ...one, elapsedNs: 0 }, ...all(one)]), null, "a CPU that was stopped");
  assert.is(nsPerOp([{ ...one, ops: 0 }, ...all(one)]), null, "a CPU that did nothing");
});

test("CPUs share a device or have one each, and each round has other ones", async () => {
  const machines = new FakeMachines((request) => reports(request, 7));
  const job = await machines.of(cores);
  const site = await makeSite(job, RWSEM, randomFrom(1));
  const places = site.devices.length;
  assert.is(new Set(site.devices).size, places);
  const devicesOf = async (devices: Devices, round: number) => {
    assert.is(await measurePair(job, site, { ...WINDOW, devices, round }), 7);
    const { cpu } = machines.jobs.at(-1) as (typeof machines.jobs)[number];
    return Array.from({ length: cores }, (_, n) => cpu(n).device);
  };
  const shared = new Set<number>();
  for (let round = 0; round < places; round++) {
    const same = new Set(await devicesOf("same", round));
    assert.is(same.size, 1);
    for (const device of same) shared.add(device);
    assert.is(new Set(await devicesOf("own", round)).size, cores);
  }
  assert.is(shared.size, places, "as many rounds as there are devices have a fresh one each");
  assert.equal(await devicesOf("same", places), await devicesOf("same", 0), "then all over again");
});

test("two sites use their devices in orders of their own", async () => {
  const job = await new FakeMachines((request) => reports(request, 7)).of(1);
  const random = randomFrom(1);
  const ranks = async () => {
    const { devices } = await makeSite(job, RWSEM, random);
    const sorted = [...devices].sort((a, b) => a - b);
    return devices.map((device) => sorted.indexOf(device));
  };
  assert.not.equal(await ranks(), await ranks());
});

test("a window is longer where threads take turns on a core", async () => {
  const machines = new FakeMachines((request) => reports(request, 7));
  for (const cpus of [cores, cores + 1]) {
    const job = await machines.of(cpus);
    await measurePair(job, await makeSite(job, RWSEM, randomFrom(1)), {
      ...WINDOW,
      devices: "same",
    });
  }
  assert.equal(
    machines.jobs.map(({ windowNs }) => windowNs),
    [1e6, 4e6],
  );
});

test("a window that the signal ended is no figure", async () => {
  const job = await new FakeMachines(() => null).of(1);
  assert.is(
    await measurePair(job, await makeSite(job, RWSEM, randomFrom(1)), {
      ...WINDOW,
      devices: "same",
    }),
    undefined,
  );
});

test("memory that is short is said, with the contender", async () => {
  const job = await new FakeMachines(() => null, { bench_device_create: 0 }).of(1);
  await rejects(makeSite(job, RWSEM, randomFrom(1)), /^rwsem: no memory for a device$/);
});

test.run();
