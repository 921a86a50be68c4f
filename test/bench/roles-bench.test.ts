// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RoleReport, RoleRequest } from "../../host/bench/role-job.ts";
import { cpusOf, RolesBench } from "../../host/bench/roles-bench.ts";
import type { RoleName, RoleRow, RolesAsked } from "../../host/result/roles.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { BUSTED, ignore, NEVER, PERCPU_REF, RWSEM } from "./fake-machines.ts";

const SEED = 5;
const SECOND = 1e9;

function asked(counts: Partial<Record<RoleName, number>>, targets = 1): RolesAsked {
  const role = (name: RoleName) => ({
    cpus: counts[name] ?? 0,
    pace: { kind: "unlimited" as const },
  });
  return {
    roles: {
      readers: role("readers"),
      others: role("others"),
      removers: role("removers"),
      adders: role("adders"),
    },
    targets,
    body: "none",
    service: { kind: "fixed", meanNs: 0 },
    every: 64,
    overdueMs: 1000,
  };
}

const sampled = (...ns: number[]) => ({
  samples: Uint32Array.from(ns),
  longestNs: Math.max(0, ...ns),
});

function report(ops: number, more: Partial<RoleReport> = {}): RoleReport {
  return {
    ...{ calm: sampled(10, 20, 30), during: sampled(), ops, refused: 0 },
    ...{ elapsedNs: SECOND, awayNs: 0, overdue: 0, clockNs: 40 },
    ...more,
  };
}

type Script = (request: RoleRequest) => readonly RoleReport[] | null;

async function bench(roles: RolesAsked, script: Script, rounds = 2, gates = [RWSEM, PERCPU_REF]) {
  const requests: RoleRequest[] = [];
  const run = async (request: RoleRequest) => {
    requests.push(request);
    return script(request);
  };
  const part = new RolesBench({ of: async () => ({ run }) }, { gates, roles, windowNs: 1e6 });
  const random = randomFrom(SEED);
  for (let i = 0; i < rounds; i++) await part.round(random, ignore, NEVER);
  return { rows: part.rows(SEED), requests };
}

const of = (rows: readonly RoleRow[], role: RoleName) => rows.find((row) => row.role === role);

/** Readers do 1000 operations a second in calm, 900 with removals; whoever else does 50. */
const plain: Script = ({ cpus, dry }) =>
  cpus.map(({ role }) => report(role === "readers" ? (dry ? 1000 : 900) : 50));

test("each gate has a row for each role that somebody has", async () => {
  const { rows } = await bench(asked({ readers: 2, removers: 1, adders: 1 }), plain);
  assert.equal(
    rows.map((row) => `${row.contender} ${row.role} ${row.cpus}`),
    ["rwsem readers 2", "rwsem removers 1", "rwsem adders 1"].concat([
      "percpu_ref readers 2",
      "percpu_ref removers 1",
      "percpu_ref adders 1",
    ]),
  );
});

test("a rate is of all CPUs of the role, one a round", async () => {
  const { rows } = await bench(asked({ readers: 2, removers: 1 }), plain, 3);
  assert.equal(of(rows, "readers")?.samples, [1800, 1800, 1800]);
  assert.equal(of(rows, "removers")?.samples, [50, 50, 50]);
  assert.is(of(rows, "readers")?.rate.unit, "ops/s");
});

test("each round has its own calm, and readers the change from it", async () => {
  const { rows, requests } = await bench(asked({ readers: 1, removers: 1 }), plain, 2);
  assert.equal(
    requests.map(({ contender, dry = false }) => `${contender.name} ${dry}`).sort(),
    ["percpu_ref false", "percpu_ref false", "percpu_ref true", "percpu_ref true"].concat([
      "rwsem false",
      "rwsem false",
      "rwsem true",
      "rwsem true",
    ]),
  );
  assert.ok(Math.abs((of(rows, "readers")?.effectPct?.median ?? 0) + 10) < 1e-9);
  assert.is(of(rows, "removers")?.effectPct, null);
});

test("the change is of the rate while there is a device", async () => {
  const script: Script = ({ cpus, dry }) =>
    cpus.map(() => report(dry ? 1000 : 500, dry ? {} : { awayNs: SECOND / 2 }));
  const { rows } = await bench(asked({ readers: 1 }), script);
  assert.is(of(rows, "readers")?.effectPct?.median, 0);
  assert.is(of(rows, "readers")?.awayPct.median, 50);
});

test("latencies of all rounds and CPUs are put together, those during removals apart", async () => {
  const script: Script = ({ cpus }) =>
    cpus.map(() => report(10, { during: { ...sampled(500, 600), longestNs: 9999 } }));
  const { rows } = await bench(asked({ readers: 2, removers: 1 }), script);
  const readers = of(rows, "readers");
  assert.equal([readers?.latency?.n, readers?.latency?.p50], [12, 20]);
  assert.equal([readers?.during?.n, readers?.during?.p50, readers?.during?.max], [8, 500, 9999]);
  assert.is(readers?.clockNs, 40);
  assert.is(of(rows, "removers")?.during, null);
});

test("percentiles are of each round too, where it has samples enough", async () => {
  let job = 0;
  const script: Script = ({ cpus, dry }) => {
    const round = dry ? job : job++;
    const some = (n: number) => sampled(...Array.from({ length: n }, (_, i) => 100 * round + i));
    return cpus.map(() => report(10, { calm: some(60), during: some(round === 0 ? 49 : 50) }));
  };
  const { rows } = await bench(asked({ readers: 2, removers: 1 }), script, 2, [RWSEM]);
  const readers = of(rows, "readers")?.rounds;
  assert.equal(readers, { p50: [29, 129], p99: [59, 159], during: [null, 149] });
  const removers = of(rows, "removers")?.rounds;
  assert.equal(removers, { p50: [29, 129], p99: [null, null], during: [null, null] });
});

test("fairness is of two readers or more, round by round", async () => {
  const script: Script = ({ cpus }) => cpus.map((_, cpu) => report(cpu === 0 ? 100 : 300));
  const { rows } = await bench(asked({ readers: 2, removers: 1 }), script);
  const fairness = of(rows, "readers")?.fairness;
  assert.ok(Math.abs((fairness?.jain.median ?? 0) - 0.8) < 1e-12);
  assert.is(fairness?.maxOverMin?.median, 3);
  assert.is(of(rows, "removers")?.fairness, null);
  const { rows: alone } = await bench(asked({ readers: 1, removers: 1 }), script);
  assert.is(of(alone, "readers")?.fairness, null);
});

test("a reader that got nothing leaves no max/min, and an index of 1/n", async () => {
  const script: Script = ({ cpus }) => cpus.map((_, cpu) => report(cpu === 0 ? 100 : 0));
  const { rows } = await bench(asked({ readers: 2 }), script);
  assert.equal(of(rows, "readers")?.fairness?.maxOverMin, null);
  assert.is(of(rows, "readers")?.fairness?.jain.median, 0.5);
});

test("removals that were overdue are counted, with the longest of all", async () => {
  const script: Script = ({ cpus, dry }) =>
    cpus.map(() => report(dry ? 0 : 7, { overdue: dry ? 0 : 2, calm: sampled(1, 2e9) }));
  const { rows } = await bench(asked({ removers: 2 }), script, 3, [BUSTED]);
  assert.equal(of(rows, "removers")?.waits, {
    removals: 42,
    longestNs: 2e9,
    deadlineNs: 1e9,
    overdue: 12,
  });
});

test("readers are dealt out to the devices, and others have one of their own", () => {
  const cpus = cpusOf(asked({ readers: 3, others: 2, removers: 2 }, 2));
  assert.equal(
    cpus.map(({ role, slot }) => `${role} ${slot}`),
    ["readers 0", "readers 1", "readers 0", "others 2", "others 2", "removers 0", "removers 1"],
  );
});

test("an extra device is made for others alone", async () => {
  const { requests } = await bench(asked({ readers: 1, removers: 1 }, 2), plain, 1);
  assert.ok(requests.every(({ targets, slots }) => targets === 2 && slots === 2));
  const with_ = await bench(asked({ readers: 1, others: 1, removers: 1 }, 2), plain, 1);
  assert.ok(with_.requests.every(({ targets, slots }) => targets === 2 && slots === 3));
});

test("a round that the signal ended does not count", async () => {
  let jobs = 0;
  const { rows } = await bench(
    asked({ readers: 1, removers: 1 }),
    (request) => (++jobs === 4 ? null : plain(request)),
    2,
    [RWSEM],
  );
  assert.is(of(rows, "readers")?.samples.length, 1);
});

test("rows of more CPUs than cores are marked", async () => {
  const cores = availableParallelism();
  for (const readers of [cores - 1, cores]) {
    const { rows } = await bench(asked({ readers, removers: 1 }), plain, 1, [RWSEM]);
    assert.is(of(rows, "removers")?.oversubscribed, readers + 1 > cores);
  }
});

test.run();
