// SPDX-License-Identifier: GPL-2.0-only
/** `bench` as a user runs it, on this computer. One process runs one tier: each run has its own. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import type { Result } from "../../host/result/result.ts";
import { hotunplug, MAIN } from "../cli/spawn.ts";

function bench(...args: string[]): { result: Result; status: number | null; stderr: string } {
  const { stdout, stderr, status } = hotunplug(["bench", "--json", "-", ...args], { main: MAIN });
  return { result: parseResult(stdout, stderr), status, stderr };
}

const SHORT = ["--rounds", "2", "--window", "20ms", "--gates", "percpu-ref,rwsem"];

test("bench measures pairs and removals of the gates asked for, in the tier asked for", () => {
  const { result, status } = bench(...SHORT, "--threads", "1");
  assert.is(status, 0);
  assert.equal(
    result.gates.map(({ name }) => name),
    ["percpu_ref", "rwsem"],
  );
  const contenders = result.pairs.filter(({ kind }) => kind === "gate").map((r) => r.contender);
  assert.equal(contenders, ["percpu_ref", "rwsem"]);
  assert.is(result.pairs.filter(({ kind }) => kind === "baseline").length, 5);
  for (const row of result.pairs) assert.is(row.samples.length, 2, row.contender);
  assert.equal(
    result.removals.map((r) => `${r.contender} ${r.condition}`),
    ["percpu_ref idle", "rwsem idle"],
    "with one thread there is no reader",
  );
  assert.is(result.removals[0]?.latency.n, 200);
  assert.equal([result.tier.inForce, result.environment["tier"]], ["baseline", "baseline"]);
  assert.ok((result.tier.addOverExchange ?? 0) > 0);
  assert.equal(
    result.comparisons.map(({ a, b }) => `${a}/${b}`),
    ["rwsem/percpu_ref", "rwsem/percpu_ref"],
  );
  assert.is(result.breakEvens.length, 2);
  const { noise } = result;
  assert.is(noise?.gate, "percpu_ref");
  assert.equal(
    noise?.comparisons.map(({ a, metric }) => `${a} ${metric.what}`),
    ["percpu_ref (again) pair", "percpu_ref (again) removal"],
  );
  for (const row of noise?.pairs ?? []) assert.is(row.samples.length, 2);
});

test("bench measures ioctls as well, and then no removal", () => {
  const args = ["--workload", "ioctl", "--threads", "1", "--service", "20us"];
  const { result, status } = bench(...SHORT, ...args);
  assert.is(status, 0);
  assert.equal(
    result.pairs.map((r) => r.workload),
    ["ioctl", "ioctl"],
  );
  assert.ok(result.pairs.every((row) => row.raw.median >= 20_000));
  assert.equal([result.removals, result.breakEvens], [[], []]);
  assert.equal(
    result.noise?.pairs.map(({ contender, workload }) => [contender, workload]),
    [["percpu_ref (again)", "ioctl"]],
  );
  assert.is(result.tier.addOverExchange, null);
});

test("bench says which rows it has no figure for, or has them", () => {
  const { result, status } = bench(...SHORT, "--threads", "2", "--devices", "same");
  assert.is(status, 0);
  const rows = result.pairs.length;
  const missing = result.notes.filter((note) => note.startsWith("no figure for "));
  assert.ok(rows === 7 || missing.length === 1, `${rows} rows, notes: ${result.notes}`);
  assert.equal(new Set(result.removals.map((r) => r.readers)), new Set([0, 1]));
});

test("bench lets roles work at once, on every gate of the table, and scores each", () => {
  const args = ["--workload", "roles", "--rounds", "2", "--window", "20ms", "--gates", "all"];
  const { result, status } = bench(...args, "--others", "1", "--adders", "1");
  assert.is(status, 0);
  const rows = result.roles ?? [];
  assert.equal(
    new Set(rows.map((row) => row.contender)),
    new Set(result.gates.map(({ name }) => name)),
  );
  assert.is(rows.length, 4 * result.gates.length);
  for (const row of rows) assert.is(row.samples.length, 2, `${row.contender} ${row.role}`);
  for (const { waits, contender } of rows.filter(({ role }) => role === "removers")) {
    assert.is(waits?.deadlineNs, 1e9, contender);
  }
});

test("bench takes bodies that sleep where a gate allows it", () => {
  const args = ["--workload", "roles", "--rounds", "1", "--window", "20ms", "--gates", "all"];
  const { result, status } = bench(...args, "--service", "exp:100us", "--body", "sleep");
  assert.is(status, 0);
  const measured = new Set((result.roles ?? []).map((row) => row.contender));
  for (const { name } of result.gates) {
    const note = result.notes.some((one) => one.startsWith(`${name} is left out`));
    assert.is(measured.has(name), !note, name);
  }
  assert.ok(measured.has("rwsem"));
});

test.run();
