// SPDX-License-Identifier: GPL-2.0-only
/** The roles workload set side by side: gates of one run, and two runs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { disagreements, repeatOf } from "../../host/report/agreement.ts";
import { rowName } from "../../host/report/rows.ts";
import { parseResult } from "../../host/report/saved.ts";
import { compareResults } from "../../host/report/side-by-side.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import { toJson } from "../../host/report/write.ts";
import type { BenchAsked } from "../../host/result/asked.ts";
import { noiseFloorOfRoles } from "../../host/result/noise.ts";
import type { Result } from "../../host/result/result.ts";
import { compareRoles } from "../../host/result/role-comparison.ts";
import type { RoleName, RoleRow, RolesAsked } from "../../host/result/roles.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { summarize } from "../../host/stats/summary.ts";
import { sampleResult } from "./sample-result.ts";

const ROUNDS = 9;
const SEED = 1;

function around(middle: number, salt: number): number[] {
  const random = randomFrom(salt);
  return Array.from({ length: ROUNDS }, () => middle * (0.98 + 0.04 * random()));
}

/** @param factor - what every time of the row is longer by */
function row(contender: string, role: RoleName, factor: number): RoleRow {
  const samples = around(1e6 / factor, 3);
  const reads = role === "readers";
  return {
    ...{ contender, role, cpus: 1, pace: { kind: "unlimited" }, oversubscribed: false, refused: 0 },
    ...{ rate: summarize(samples, "ops/s", SEED), samples, latency: null, during: null },
    rounds: {
      p50: around(100 * factor, 4),
      p99: around(500 * factor, 5),
      during: reads ? around(9000 * factor, 6) : around(0, 6).map(() => null),
    },
    ...{ awayPct: summarize([1], "%", SEED), clockNs: 40, effectPct: null, fairness: null },
    waits: null,
  };
}

function roles(gate: string, factor: number): RoleRow[] {
  return (["readers", "removers"] as const).map((role) => row(gate, role, factor));
}

const unlimited = { cpus: 1, pace: { kind: "unlimited" } } as const;
const nobody = { ...unlimited, cpus: 0 };
const ASKED: RolesAsked = {
  roles: { readers: unlimited, others: nobody, removers: unlimited, adders: nobody },
  ...{
    targets: 1,
    body: "none",
    service: { kind: "fixed", meanNs: 0 },
    every: 64,
    overdueMs: 1000,
  },
};

function result(rows: readonly RoleRow[], asked: RolesAsked = ASKED): Result {
  const sample = sampleResult();
  return {
    ...sample,
    ...{ command: "bench", pairs: [], removals: [], storms: [], breakEvens: [] },
    asked: { ...(sample.asked as BenchAsked), workload: "roles", threads: [], roles: asked },
    comparisons: compareRoles(rows, "rwsem", SEED),
    roles: rows,
  };
}

const SAVED = { a: "a", b: "b", force: false, failOverPct: null };
const beside = (a: Result, b: Result) => compareResults(a, b, SAVED, b).comparisons;

test("each gate is set beside the first in score and latencies, less time being faster", () => {
  const rows = compareRoles([...roles("rwsem", 1), ...roles("mutex", 2)], "rwsem", SEED);
  assert.equal(rows.map(rowName), [
    "mutex, 1 reader, time per operation",
    "mutex, 1 reader, enter() p99",
    "mutex, 1 reader, enter() p99 during a removal",
    "mutex, 1 remover, time per operation",
    "mutex, 1 remover, kill() p50",
    "mutex, 1 remover, kill() p99",
  ]);
  for (const { ratio, word, pairs } of rows) {
    assert.ok(Math.abs(ratio.median - 2) < 1e-9);
    assert.equal([word, pairs], ["slower", ROUNDS]);
  }
  const quick = compareRoles([...roles("rwsem", 2), ...roles("mutex", 1)], "rwsem", SEED);
  assert.ok(quick.every(({ word }) => word === "faster"));
});

test("the drawing has the ratios, and JSON brings them back", () => {
  const made = result([...roles("rwsem", 1), ...roles("mutex", 2)]);
  const text = drawResult(made, { width: 60, style: styleFor(false) });
  assert.ok(text.includes("1 reader, enter() p99 during a removal:"), text.join("\n"));
  assert.ok(text.every((line) => line.length <= 60));
  const again = parseResult(toJson(made), "json");
  assert.equal([again.comparisons, again.roles], [made.comparisons, made.roles]);
});

test("two results: what got slower is slower, and one beside itself is not", () => {
  const [a, b] = [result(roles("rwsem", 1)), result(roles("rwsem", 1.5))];
  assert.is(beside(a, b).filter(({ word }) => word === "slower").length, 6);
  assert.ok(beside(a, a).every(({ word }) => word === "no difference seen"));
});

test("a result without the rounds' percentiles has its scores compared", () => {
  const old = roles("rwsem", 1).map(({ rounds: _, ...others }) => others);
  const names = beside(result(old), result(roles("rwsem", 1))).map(rowName);
  assert.equal(names, [
    "rwsem, 1 reader, time per operation",
    "rwsem, 1 remover, time per operation",
  ]);
});

test("two runs agree or not; a latency without rounds enough in one of them is left out", () => {
  const one = result(roles("rwsem", 1));
  const few = roles("rwsem", 1).map(({ rounds, ...row }) => ({
    ...row,
    ...(rounds
      ? { rounds: { ...rounds, p99: rounds.p99.map((ns, i) => (i < 3 ? ns : null)) } }
      : {}),
  }));
  const repeat = repeatOf(one, result(few), "x");
  assert.equal(disagreements(repeat), []);
  assert.is(repeat.comparisons.length, 4);
  assert.equal(repeat.first?.roles, one.roles);
  assert.is(disagreements(repeatOf(one, result(roles("rwsem", 1.2)), "x")).length, 6);
});

test("other roles, paces or devices are unlike, and each is named", () => {
  const readers = { cpus: 2, pace: { kind: "rate", perSecond: 10 } } as const;
  const other = { ...ASKED, targets: 2, roles: { ...ASKED.roles, readers } };
  assert.throws(
    () => beside(result(roles("rwsem", 1)), result(roles("rwsem", 1), other)),
    /unlike environments .*: readers: \{.*\} and \{.*"perSecond":10.*\}; targets: 1 and 2$/,
  );
});

test("the noise floor is of every figure of the gate beside itself, and of no other gate", () => {
  const names = { first: "rwsem", second: "rwsem (again)" };
  const again = roles(names.second, 1.02);
  const rows = [...roles(names.first, 1), ...again, ...roles("percpu_ref", 3)];
  const floor = noiseFloorOfRoles(rows, names, SEED);
  assert.is(floor?.gate, "rwsem");
  assert.is(floor?.comparisons.length, compareRoles(rows, "rwsem", SEED).length / 2);
  assert.ok(floor?.comparisons.every(({ a, b }) => a === names.second && b === names.first));
  assert.ok(Math.abs((floor?.mostPct ?? 0) - 2) < 1e-9, `${floor?.mostPct}`);
  assert.is(noiseFloorOfRoles(roles("rwsem", 1), names, SEED), null);
});

test.run();
