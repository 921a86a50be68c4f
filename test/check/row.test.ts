// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NO_FIGURES, NO_GAPS, type Outcome, type SearchOptions } from "../../host/check/job.ts";
import { rowOf } from "../../host/check/row.ts";
import type { Variant } from "../../host/check/scenario.ts";
import { scenarioNamed } from "../../host/check/scenarios/table.ts";

const VARIANT: Variant = {
  ...{ name: "removal", threads: ["client", "remover"], expected: "holds" },
  ...{ expectedWeak: { tso: null }, roots: [] },
  build: () => ({ threads: [], end: [] }),
};
const ENTRY = {
  scenario: scenarioNamed("removal"),
  driver: { revision: "put_device", gate: "rwsem" },
  variant: VARIANT,
};
const OPTIONS: SearchOptions = {
  ...{ memory: "sc", search: "bfs", seed: 1, bound: null, maxStates: null },
  ...{ memoryBytes: 2 ** 20, reduction: true, workers: 1 },
};
const OUTCOME: Outcome = {
  ...{ end: "exhausted", seconds: 1, property: null, counterexample: null, error: null },
  gaps: NO_GAPS,
  figures: { states: 2_000, transitions: 3_000, depth: 40, waiting: 0 },
};

const row = (options: Partial<SearchOptions>, outcome: Partial<Outcome>, entry = ENTRY) =>
  rowOf(entry, null, { ...OPTIONS, ...options }, { ...OUTCOME, ...outcome });

test("what was explored to its end holds, and its command has no option that changes nothing", () => {
  const { verdict, unexplored, subject, scenario, command, collision } = row({}, {});
  assert.equal(
    [verdict, unexplored, subject, scenario],
    ["holds", [], "put_device+rwsem", "removal"],
  );
  assert.is(command, "hotunplug check removal --revision put_device --gate rwsem");
  assert.ok(collision > 0 && collision < 1e-12);
});

test("a bound, a draw and an end before the end are bounded, each with its sentence", () => {
  const said = (options: Partial<SearchOptions>, outcome: Partial<Outcome>) => {
    const { verdict, unexplored } = row(options, outcome);
    assert.is(verdict, "bounded");
    return unexplored.join(" ");
  };
  const waiting = { figures: { ...OUTCOME.figures, waiting: 1_234 } };
  const left = "1,234 states had still to be expanded.";
  const bounded = { ...NO_GAPS, leftOut: 12, cycles: false };
  assert.match(
    said({ bound: 1 }, { gaps: bounded }),
    /^Schedules with more than 1 preemption: 12 steps of them. .* not looked for with --bound\.$/,
  );
  assert.match(said({ search: "dfs" }, { gaps: { ...NO_GAPS, cycles: false } }), "--search dfs");
  const drawn = { end: "states", gaps: { ...NO_GAPS, worth: "8 schedules" } } as const;
  assert.is(said({ search: "pct" }, drawn), "Schedules that were not drawn. 8 schedules.");
  assert.is(
    said({ maxStates: 2_000 }, { end: "states", ...waiting }),
    `What follows 2,000 states (--max-states): ${left}`,
  );
  assert.match(said({}, { end: "memory", ...waiting }), `(--memory-limit 1MiB): ${left}`);
  assert.match(said({}, { end: "interrupted", ...waiting }), `until the interruption: ${left}`);
});

test("what was violated is violated whatever was left out, and a failure is no verdict", () => {
  const found = row({ bound: 2 }, { end: "violated", property: "deadlock" });
  assert.equal([found.verdict, found.property, found.unexplored], ["violated", "deadlock", []]);
  const failed = row({}, { end: "failed", figures: NO_FIGURES, error: "TypeError: x" });
  assert.equal([failed.verdict, failed.error], ["bounded", "TypeError: x"]);
});

test("what is expected may be another under a weaker memory", () => {
  assert.equal(
    (["sc", "tso", "pso"] as const).map((memory) => row({ memory }, {}).expected),
    ["holds", null, "holds"],
  );
});

test("a variant and a primitive are named so that the command finds them again", () => {
  const variant = { ...VARIANT, name: "two-clients" };
  assert.match(row({}, {}, { ...ENTRY, variant }).command, "check removal/two-clients --revision");
  const primitive = rowOf({ ...ENTRY, driver: null, variant }, 3, OPTIONS, OUTCOME);
  assert.equal([primitive.scenario, primitive.subject], ["removal", "two-clients"]);
  assert.is(primitive.command, "hotunplug check removal/two-clients --threads 3");
});

test.run();
