// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { RoleRecords } from "./role-records.ts";

const U32_MAX = 0xffff_ffff;
const CPUS = [{ role: "READER" }] as const;
type Which = "CALM" | "DURING";

function records(s: Stage, capacity: number): RoleRecords {
  return new RoleRecords(s, { contender: 0, cpus: CPUS, capacity });
}

async function add(job: RoleRecords, which: Which, ns: number): Promise<void> {
  const from = 5_000_000_000n;
  const args = [job.cpu(0), job.stage.constant(`ROLE_${which}`), from, from + BigInt(ns)];
  await job.stage.machine.invoke(0, "role_sample", { args });
}

for (const which of ["CALM", "DURING"] as const) {
  staged(
    `K1: of more samples than there is room for each has the same chance: ${which}`,
    { cpus: 1 },
    async (s) => {
      const [capacity, taken] = [64, 640];
      const job = records(s, capacity);
      for (let i = 1; i <= taken; i++) await add(job, which, i === 7 ? 1e6 : i);
      const kept = job.samples(0, which);
      assert.is(job.getCpu(0, `NR_${which}`), taken);
      assert.is(new Set(kept).size, capacity, "no sample twice");
      const late = kept.filter((ns) => ns >= taken / 2).length; // seeded: no matter of chance
      assert.ok(late > capacity / 4 && late < (3 * capacity) / 4, `${late} of ${capacity}`);
      assert.is(job.getCpu64(0, `LONGEST_${which}`), 1e6);
      const other = which === "CALM" ? "DURING" : "CALM";
      assert.equal([job.getCpu(0, `NR_${other}`), job.getCpu64(0, `LONGEST_${other}`)], [0, 0]);
    },
  );
}

staged("K2: a sample that does not fit is the largest that does", { cpus: 1 }, async (s) => {
  const job = records(s, 8);
  await add(job, "CALM", U32_MAX);
  await add(job, "CALM", 2 ** 40);
  assert.equal(job.samples(0, "CALM"), [U32_MAX, U32_MAX]);
  assert.is(job.getCpu64(0, "LONGEST_CALM"), 2 ** 40);
});

staged("K3: the clock's cost is taken off, down to 0", { cpus: 1 }, async (s) => {
  const job = records(s, 8);
  job.setCpu(0, "CLOCK_NS", 40);
  for (const ns of [41, 40, 39]) await add(job, "DURING", ns);
  assert.equal(job.samples(0, "DURING"), [1, 0, 0]);
  assert.is(job.getCpu64(0, "LONGEST_DURING"), 1);
});

test.run();
