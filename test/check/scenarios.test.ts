// SPDX-License-Identifier: GPL-2.0-only
/**
 * The suite of `hotunplug check`: what it covers is there, what must be found is found, and nothing is
 * found in the rest as far as a test gets.
 */
import { readFileSync } from "node:fs";
import { extname } from "node:path/posix";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  entriesOf,
  SCENARIOS,
  type SuiteEntry,
  scenarioNamed,
  suite,
} from "../../host/check/scenarios/table.ts";
import { DEFAULT_GATE } from "../../host/machine/driver.ts";
import { definedIn, expand } from "../support/rules.ts";
import { abi, explored, nameOf } from "./explored.ts";

const STATES = 2000;
/** What a control may take. */
const CONTROL_STATES = 300_000;
/** More than any of OF_BARRIERS has. */
const WEAK_STATES = 50_000;

const all = suite(abi);
const kernel = new URL(
  extname(import.meta.url) === ".ts" ? "../../assembly/" : "../../../assembly/",
  import.meta.url,
);

/** What was found: its kind, or the property that was violated. */
function foundIn(entry: SuiteEntry, maxStates: number): string {
  const { found } = explored(entry, all, maxStates);
  return found.kind === "violated" ? found.violation.message : found.kind;
}

function entry(name: string): SuiteEntry {
  const found = all.find((one) => nameOf(one) === name);
  if (found === undefined) throw new Error(`[harness bug] nothing in the suite is ${name}`);
  return found;
}

test("a name stands for one scenario, and for one entry of the suite", () => {
  const names = all.map(nameOf);
  assert.is(new Set(names).size, names.length);
  for (const scenario of SCENARIOS) assert.is(scenarioNamed(scenario.name), scenario);
  assert.throws(() => scenarioNamed("nonesuch"), /there is no scenario "nonesuch"; there are/);
});

test("every scenario but history has an entry in the suite, and removal one for every driver", () => {
  for (const scenario of SCENARIOS.filter(({ name }) => name !== "history")) {
    const drivers = new Set(entriesOf(abi, scenario).map(({ driver }) => driver));
    const covered = all.filter((one) => one.scenario === scenario);
    assert.ok(covered.length > 0, scenario.name);
    if (scenario.name === "removal") assert.is(covered.length, drivers.size);
  }
});

test("what a scenario covers is defined in the kernel's headers", () => {
  for (const { name, covers } of SCENARIOS) {
    for (const line of covers) {
      const [, tags = "", path = ""] = /^([A-Z]\d.*) of (\S+)$/.exec(line) ?? [];
      const defined = definedIn(readFileSync(new URL(path, kernel), "utf8"));
      const unknown = expand(tags).filter((tag) => !defined.includes(tag));
      assert.equal(unknown, [], `${name}: ${line}`);
    }
  }
});

test("as many threads as are asked for", () => {
  const threads = (name: string, count: number) =>
    scenarioNamed(name).variants(abi, { revision: "rwsem", gate: null }, count)[0]?.threads;
  assert.equal(threads("rwsem", 3), ["reader", "reader", "reader", "writer"]);
  assert.equal(threads("removal", 2), ["client", "client", "remover"]);
});

for (const one of all.filter(({ variant }) => variant.expected === "violated")) {
  test(`${nameOf(one)} is violated`, () => {
    assert.not(["exhausted", "stopped"].includes(foundIn(one, CONTROL_STATES)));
  });
}

const ended = new Set<string>();
const sound = all.filter(({ driver, variant }) => {
  return variant.expected === "holds" && (driver === null || driver.gate === DEFAULT_GATE);
});
for (const one of sound) {
  test(`${nameOf(one)} holds, as far as ${STATES} states`, () => {
    const found = foundIn(one, STATES);
    if (found === "exhausted") ended.add(one.scenario.name);
    else assert.is(found, "stopped");
  });
}

test("of every primitive some variant was explored to its end", () => {
  const primitives = SCENARIOS.filter(({ of }) => of === "primitive").map(({ name }) => name);
  assert.equal(
    primitives.filter((name) => !ended.has(name)),
    [],
  );
});

/** What shows a barrier that is missing, and only where stores are late. */
const OF_BARRIERS = [
  "gate/within-1 null+hazard",
  "srcu/follower-publisher",
  "srcu-fast/follower-publisher",
  "rcu/follower-publisher",
  "rcu/announcer-poller",
];
for (const name of OF_BARRIERS) {
  for (const memory of ["tso", "pso"] as const) {
    test(`${name} holds under ${memory}`, () => {
      assert.is(explored(entry(name), all, WEAK_STATES, memory).found.kind, "exhausted");
    });
  }
}

test("a failed add of the rwsem's revision is found to free what is in use, and to leak", () => {
  const leak = "leak: 1 × name still allocated once all is closed and removed";
  const used = "use after free: of a freed object";
  assert.is(foundIn(entry("add-fails/device_add rwsem"), CONTROL_STATES), used);
  assert.is(foundIn(entry("add-fails/cdev_add rwsem"), CONTROL_STATES), leak);
});

test("a shutdown before cdev_device_del() is found to leave the teardown without a context", () => {
  const found = foundIn(entry("removal/client-remover shutdown_first"), CONTROL_STATES);
  assert.match(found, /^null context in teardown/);
});

test("who polls before anybody is known to write the word is no livelock; who polls for ever is", () => {
  const { variant, ...rest } = entry("rcu/announcer-poller");
  const turned: SuiteEntry["variant"] = {
    ...variant,
    threads: variant.threads.toReversed(),
    build: (on) => {
      const program = variant.build(on);
      return { ...program, threads: program.threads.toReversed() };
    },
  };
  const alone: SuiteEntry["variant"] = {
    ...variant,
    threads: ["poller"],
    build: (on) => ({ ...variant.build(on), threads: variant.build(on).threads.slice(1) }),
  };
  assert.is(foundIn({ ...rest, variant: turned }, WEAK_STATES), "exhausted");
  assert.match(foundIn({ ...rest, variant: alone }, WEAK_STATES), /^livelock/);
});

test.run();
