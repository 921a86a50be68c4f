// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DRIVER_GATES } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { BenchRecords, start } from "./bench-records.ts";

const SERVICE_NS = 200_000;

function driverOf(s: Stage, gate: number): number {
  return (s.constant("REV_PUT_DEVICE") << 8) | gate;
}

async function openFile(s: Stage, cpu: number, gate: number, serviceNs = 0) {
  const args = [driverOf(s, gate), BigInt(serviceNs)];
  const pdev = await s.machine.invoke(0, "cxl_plug", { args });
  const file = await s.call(cpu, "filp_open", await s.call(0, "cxl_plugged_minor", pdev));
  assert.ok(file > 0);
  return { pdev, file };
}

/** A job of QUERYs of one entry; CPU n on files[n]. */
function queries(s: Stage, gate: number, files: readonly number[], windowMs = 2): BenchRecords {
  const job = new BenchRecords(s, { ncpus: files.length, contender: driverOf(s, gate), windowMs });
  job.set("CMD", s.constant("CXL_MEM_QUERY_COMMANDS"));
  for (const [cpu, file] of files.entries()) {
    const arg = s.machine.userMemory(cpu);
    s.set(arg, 1);
    job.setCpu(cpu, "DEVICE", file);
    s.add64(job.cpu(cpu, "ARG"), BigInt(arg));
  }
  return job;
}

for (const { name, id } of DRIVER_GATES) {
  staged(`${name}: ioctls on an open file are measured, in ps`, { cpus: 1 }, async (s) => {
    const { file } = await openFile(s, 0, id);
    const job = queries(s, id, [file]);
    const before = s.event("EV_IOCTL");
    assert.is(await s.call(0, "bench_ioctl", job.job), 0);
    assert.ok(job.samples(0).length > 0);
    const counted = s.event("EV_IOCTL") - before;
    const ops = job.getCpu64(0, "OPS");
    assert.ok(ops > 0 && ops <= counted, `${ops} of ${counted}: those of the warm-up besides`);
    assert.is(s.event("EV_IOCTL_ERROR"), 0);
  });
}

staged(
  "a long ioctl is measured in ns, and is at least as long as the device takes",
  { cpus: 1 },
  async (s) => {
    const gate = DRIVER_GATES[0]?.id ?? 0;
    const { file } = await openFile(s, 0, gate, SERVICE_NS);
    const job = queries(s, gate, [file]);
    const arg = s.machine.userMemory(0);
    const at = (field: string) => arg + s.constant(`OFFSETOF_CXL_SEND_COMMAND_${field}`);
    s.set(arg, s.constant("CXL_MEM_COMMAND_ID_IDENTIFY"));
    s.set(at("OUT_SIZE"), 0x43);
    s.set(at("OUT_PAYLOAD"), arg + 256);
    job.set("CMD", s.constant("CXL_MEM_SEND_COMMAND"));
    job.set("IN_NS", 1);
    assert.is(await s.call(0, "bench_ioctl", job.job), 0);
    const samples = job.samples(0);
    assert.ok(samples.length > 0);
    assert.ok(samples.every((ns) => ns >= SERVICE_NS));
  },
);

staged(
  "I1: an ioctl that fails ends that CPU's part, and nobody waits for it",
  { cpus: 2 },
  async (s) => {
    const gate = DRIVER_GATES[0]?.id ?? 0;
    const sound = await openFile(s, 0, gate);
    const gone = await openFile(s, 1, gate);
    await s.call(0, "cxl_unplug", gone.pdev);
    const job = queries(s, gate, [sound.file, gone.file]);
    const runs = [0, 1].map((cpu) => s.call(cpu, "bench_ioctl", job.job));
    assert.equal(await Promise.all(runs), [0, -s.constant("ENXIO")]);
    assert.ok(job.getCpu64(0, "OPS") > 0);
  },
);

staged("I2: a stop ends the job, and what was cut off is no sample", { cpus: 1 }, async (s) => {
  const gate = DRIVER_GATES[0]?.id ?? 0;
  const { file } = await openFile(s, 0, gate);
  const job = queries(s, gate, [file], 60_000);
  const run = start(s, 0, "bench_ioctl", job.job);
  await s.until("it is in its window", () => job.getCpu(0, "NR_SAMPLES") > 0);
  s.machine.stop();
  assert.is(await run.result, 0);
  const chunk = 4 * job.getCpu(0, "BURSTS");
  assert.is(job.getCpu64(0, "OPS"), chunk * job.getCpu(0, "NR_SAMPLES"), "whole chunks alone");
});

staged("an unknown driver is -EINVAL", { cpus: 1 }, async (s) => {
  for (const contender of [99, 9 << 8]) {
    const job = new BenchRecords(s, {
      ncpus: 1,
      contender: (s.constant("REV_PUT_DEVICE") << 8) | contender,
    });
    assert.is(await s.call(0, "bench_ioctl", job.job), -s.constant("EINVAL"));
  }
});

test.run();
