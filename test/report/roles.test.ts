// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawRoles } from "../../host/report/roles.ts";
import { parseResult } from "../../host/report/saved.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import { toJson } from "../../host/report/write.ts";
import type { Result } from "../../host/result/result.ts";
import type { RoleName, RoleRow } from "../../host/result/roles.ts";
import { summarize } from "../../host/stats/summary.ts";
import { tailOf } from "../../host/stats/tail.ts";
import { sampleResult } from "./sample-result.ts";

const of = (values: readonly number[], unit: string) => summarize(values, unit, 1);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

function row(contender: string, role: RoleName, more: Partial<RoleRow> = {}): RoleRow {
  const reads = role === "readers" || role === "others";
  const samples = [2.5e6, 2.6e6, 2.4e6];
  return {
    ...{ contender, role, cpus: reads ? 2 : 1, oversubscribed: true, refused: 3, clockNs: 38 },
    pace: role === "removers" ? { kind: "rate", perSecond: 1000 } : { kind: "unlimited" },
    ...{ rate: of(samples, "ops/s"), samples, awayPct: of([1, 2], "%") },
    latency: tailOf(upTo(2000)),
    during: reads ? tailOf(upTo(20), 77_000) : null,
    effectPct: reads ? of([-12, -13], "%") : null,
    fairness: reads ? { jain: of([0.987, 0.987], ""), maxOverMin: of([1.25, 1.25], "") } : null,
    waits:
      role === "removers"
        ? {
            removals: 300,
            longestNs: 1.2e9,
            deadlineNs: 1e9,
            overdue: contender === "starves" ? 4 : 0,
          }
        : null,
    ...more,
  };
}

const roles: readonly RoleName[] = ["readers", "others", "removers", "adders"];
const ROWS = ["rwsem", "starves"].flatMap((gate) => roles.map((role) => row(gate, role)));

const result: Result = {
  ...sampleResult(),
  ...{ command: "bench", pairs: [], removals: [], storms: [], comparisons: [], breakEvens: [] },
  roles: ROWS,
};

const at = (width: number, rows: readonly RoleRow[] = ROWS) =>
  drawRoles({ ...result, roles: rows }, { width, style: styleFor(false) });

test("no line is longer than the page, at 100 columns and at 60", () => {
  for (const width of [100, 60]) {
    const long = at(width).filter((line) => line.length > width);
    assert.equal(long, [], `${width} columns`);
  }
});

test("each role says who it is, at which pace, and that CPUs are short", () => {
  const [heading = ""] = at(200);
  assert.match(heading, "2 readers, unlimited; 2 others, unlimited; 1 remover, 1000/s each");
  assert.ok(heading.endsWith("*"));
  assert.ok(at(200).some((line) => line.startsWith("* oversubscribed")));
  const calm = at(
    200,
    ROWS.map((one) => ({ ...one, oversubscribed: false })),
  );
  assert.not.ok(calm.some((line) => line.includes("*")));
});

test("a gate that starves its remover is shown as such", () => {
  const lines = at(200);
  assert.ok(lines.some((line) => line.startsWith("starves") && line.includes("4 of 300")));
  assert.ok(lines.some((line) => line.startsWith("rwsem") && line.includes("none")));
  assert.ok(lines.some((line) => line.startsWith("overdue: removals that waited over 1.00 s")));
});

test("under 1000 samples there is no p99.9", () => {
  const lines = at(60);
  const from = lines.findIndex((line) => line.includes("readers, during a removal"));
  assert.match(lines[from + 2] ?? "", /^rwsem +10\.0 ns +20\.0 ns +- +77\.0 us$/);
  const before = lines.findIndex((line) => line.includes("readers, enter()"));
  assert.match(lines[before + 2] ?? "", /2\.00 us +2\.00 us$/);
});

test("a role that nobody has leaves no column", () => {
  const text = at(
    200,
    ROWS.filter(({ role }) => role !== "adders" && role !== "others"),
  ).join("\n");
  assert.not.match(text, "adders");
  assert.not.match(text, "others");
  assert.match(text, "removers, kill()");
});

test("a result is drawn from its roles, and comes back from a file as it was", () => {
  const text = drawResult(result, { width: 100, style: styleFor(false) }).join("\n");
  assert.match(text, "tier: ");
  assert.match(text, "Roles: ");
  assert.equal(parseResult(toJson(result), "file").roles, ROWS);
});

test("a damaged row is found out, with its place", () => {
  const bad = (more: object) => () =>
    parseResult(toJson({ ...result, roles: [{ ...ROWS[0], ...more }] }), "file");
  assert.throws(bad({ role: "writers" }), /roles\[0\]\.role: expected "readers"/);
  assert.throws(bad({ pace: { kind: "rate" } }), /roles\[0\]\.pace\.perSecond: expected a number/);
  assert.throws(bad({ waits: { removals: 1 } }), /roles\[0\]\.waits\.longestNs/);
});

test.run();
