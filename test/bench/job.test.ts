// SPDX-License-Identifier: GPL-2.0-only
/** Jobs on a real machine. How busy the computer is decides what is dropped: no test counts on a figure. */
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { baselines, type Contender, gateContender } from "../../host/bench/contenders.ts";
import { IoctlBench } from "../../host/bench/ioctl-bench.ts";
import { BenchJob, type CpuReport, type Job, type JobRequest } from "../../host/bench/job.ts";
import { makeDevice, makeSite, measurePair } from "../../host/bench/pairs.ts";
import { measureRemoval } from "../../host/bench/removals.ts";
import { MachineError } from "../../host/errors.ts";
import { isDriverGate } from "../../host/machine/driver.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { gatesOf } from "../gates/guests.ts";
import { rejects, withMachine } from "../machine/with-machine.ts";
import { ignore, NEVER } from "./fake-machines.ts";

/** Long enough to have its samples on a busy computer, where a CPU waits milliseconds for its turn. */
const WINDOW_NS = 20e6;
const WINDOW = { round: 0, windowNs: WINDOW_NS, signal: NEVER };
const abi = kernelImage("default").abi;
const gates: Contender[] = gatesOf(abi).map(({ name, id }) => ({ name, id, kind: "gate" }));
const driven = gates.filter(({ name }) => isDriverGate(abi, name));
const [gate] = gates as [Contender];

function withJob(cpus: number, body: (job: BenchJob) => Promise<void>): Promise<void> {
  return withMachine({ cpus }, (machine) => body(new BenchJob(machine)));
}

async function readRequest(job: Job, windowNs = WINDOW_NS): Promise<JobRequest> {
  const device = await makeDevice(job, gate);
  const { cpus: ncpus } = job.machine;
  const work = { fn: "bench_read", contender: gate.id, ncpus, cpu: () => ({ device }) } as const;
  return { ...work, windowNs, name: gate.name };
}

test("every contender can be measured alone", () =>
  withJob(1, async (job) => {
    for (const contender of [...baselines(abi), ...gates]) {
      const site = await makeSite(job, contender, randomFrom(1));
      const ns = await measurePair(job, site, { ...WINDOW, devices: "same" });
      assert.ok(typeof ns === "number" && ns > 0, `${contender.name}: ${ns}`);
    }
  }));

test("every contender can be measured by more CPUs than there are cores", () =>
  withJob(availableParallelism() + 1, async (job) => {
    for (const contender of [...baselines(abi), ...gates]) {
      const site = await makeSite(job, contender, randomFrom(1));
      for (const devices of ["same", "own"] as const) {
        const ns = await measurePair(job, site, { ...WINDOW, devices });
        assert.ok(typeof ns === "number" && ns > 0, `${contender.name}, ${devices}: ${ns}`);
      }
    }
  }));

test("a report holds what a CPU did, and no more samples than fit", () =>
  withJob(1, async (job) => {
    const [report] = (await job.run(await readRequest(job))) as [CpuReport];
    assert.ok(report.samples.length > 0 && report.samples.length <= 4096);
    assert.ok(report.ops > 0 && report.elapsedNs >= WINDOW_NS);
    assert.is(report.dropped, 0);
    const [again] = (await job.run(await readRequest(job))) as [CpuReport];
    assert.is.not(again.samples, report.samples, "a copy, which the next job leaves alone");
  }));

test("a job ends with its signal, and the next one is whole", () =>
  withJob(2, async (job) => {
    const stop = new AbortController();
    const endless = { ...(await readRequest(job, 3_600e9)), signal: stop.signal };
    const run = job.run(endless);
    setTimeout(() => stop.abort(), 20);
    assert.is(await run, null);
    assert.is(await job.run(endless), null, "nor is one begun");
    assert.is((await job.run(await readRequest(job)))?.length, 2);
    assert.is(job.machine.failed, null);
  }));

test("an error names the contender, the CPU that caused it, and the errno", () =>
  withJob(2, async (job) => {
    const sound = await makeDevice(job, gate);
    const bad = await makeDevice(job, gate);
    const view = new DataView(job.machine.memory.buffer);
    const slot = bad + abi.constant("DEVICE_SLOT");
    view.setUint32(view.getUint32(slot, true), 1, true); // its context is not alive
    const request = await readRequest(job);
    const cpu = (n: number) => ({ device: n === 1 ? bad : sound, same: n === 1 });
    const read = rejects(job.run({ ...request, cpu }), /^bench_read\(rwsem\): CPU 1 returned EIO$/);
    assert.instance(await read, MachineError);
    const removal = { ...request, fn: "bench_removal" as const, removals: 5, cpu };
    await rejects(job.run(removal), /^bench_removal\(rwsem\): CPU \d returned EIO$/);
    await rejects(job.run({ ...request, contender: 99 }), /CPU 0 returned EINVAL$/);
  }));

test("every gate is removed, idle and in use", async () => {
  for (const cpus of [1, 2]) {
    await withJob(cpus, async (job) => {
      for (const { name } of gates) {
        const contender = await gateContender(job.machine, name);
        const request = { contender, removals: 5, signal: NEVER };
        for (const readers of ["same", "other"] as const) {
          const round = await measureRemoval(job, { ...request, readers });
          assert.is(round?.latencies.length, 5, name);
          const each = readers === "same" ? 5 : 0;
          assert.equal(
            round?.entrants.map((e) => e.length),
            cpus > 1 ? [each] : [],
          );
          assert.is(round?.readerRate === null, cpus === 1);
        }
        const dry = await measureRemoval(job, { ...request, readers: "same", dry: true });
        assert.is(dry?.latencies.length, 0);
      }
    });
  }
});

test("a removal that the signal ends is no round", () =>
  withJob(2, async (job) => {
    const stop = new AbortController();
    const contender = await gateContender(job.machine, "refcount");
    const request = { contender, removals: 1 << 30, readers: "same", signal: stop.signal } as const;
    const round = measureRemoval(job, request);
    setTimeout(() => stop.abort(), 20);
    assert.is(await round, null);
    assert.is(job.machine.failed, null);
  }));

for (const serviceNs of [0, 100_000]) {
  test(`ioctls of a device that takes ${serviceNs} ns are measured`, () =>
    withJob(1, async (job) => {
      const machines = { of: async () => job };
      const options = {
        contenders: driven,
        threads: [1],
        devices: ["same", "own"],
        windowNs: WINDOW_NS,
      } as const;
      const bench = new IoctlBench(machines, { ...options, serviceNs });
      await bench.round(randomFrom(1), ignore, NEVER);
      const rows = bench.rows(1);
      assert.equal(
        rows.map((row) => row.contender),
        driven.map(({ name }) => name),
      );
      for (const row of rows) {
        assert.equal([row.workload, row.unit, row.devices], ["ioctl", "ns/ioctl", "same"]);
        assert.ok(row.raw.median > serviceNs, `${row.contender}: ${row.raw.median}`);
        assert.equal(row.net, row.raw, "there is nothing to take off");
      }
      assert.equal(bench.notes(), []);
      assert.is(job.machine.events()["EV_IOCTL_ERROR"], 0n);
    }));
}

test.run();
