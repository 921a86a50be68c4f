// SPDX-License-Identifier: GPL-2.0-only
/**
 * Schedules of real scenarios, told. Drawings are compared without line numbers and the kernel's sha256.
 * After a change that is meant: `node build/test/check/counterexample.test.js --update`, and read the diff.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { counterExample } from "../../host/check/counterexample.ts";
import { violationOf } from "../../host/check/ending.ts";
import type { SetUp } from "../../host/check/scenario.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";
import type { CoroutineMachine } from "../../host/machine/coroutine/machine.ts";
import { Violation } from "../../host/machine/coroutine/violation.ts";
import { drawCounterExample } from "../../host/report/counterexample.ts";
import { styleFor } from "../../host/report/style.ts";
import type { CheckStep, CounterExample } from "../../host/result/check.ts";
import { CHECKS } from "../report/sample-checks.ts";
import { configurationOf, fresh, type SceneName, violated } from "./scenes.ts";

const GOLDEN = new URL("../../../test/check/golden/", import.meta.url);
const UPDATE = process.argv.includes("--update");

function told(name: SceneName): CounterExample {
  const { on, configuration, actions, violation } = violated(name);
  return counterExample(on, configuration, actions, violation);
}

function lastOf({ steps }: CounterExample): CheckStep {
  const last = steps.at(-1);
  assert.ok(last);
  return last;
}

const fileOf = ({ at }: CheckStep) => at?.replace(/:\d+$/, "");

test("a use after free ends in the access, and says where the object came from", () => {
  const { steps, origins, property, threads, ...found } = told("rcu");
  const last = steps.at(-1);
  assert.is(property, "use after free");
  assert.is(last?.fn, "mortal_look");
  assert.is(last && fileOf(last), "workload/scenarios/mortal.ts");
  assert.is(last?.access, "load");
  assert.is(threads[last?.thread ?? -1], "reader");
  assert.is(last?.object, "mortal#1.alive");
  assert.match(found.detail, /^load mortal#1\.alive in mortal_look workload.*: of a freed object$/);
  assert.is(origins.length, 2);
  assert.match(origins[0] ?? "", /^mortal#1 allocated by the set-up: mortal_alloc workload/);
  assert.match(origins[1] ?? "", /^mortal#1 freed by updater: mortal_free workload/);
});

test("a check of the kernel's own that fails is the last step, where it is", () => {
  const found = told("busted");
  assert.is(found.property, "body with dead context");
  assert.is(found.detail, "(cxl_mem#1, 0xdeadc1a7)");
  const last = lastOf(found);
  assert.is(last.access, "report");
  assert.is(last.object, "cxl_mem#1");
  assert.is(fileOf(last), "drivers/cxl/cxlmem.ts");
  const before = found.steps.at(-2);
  assert.is(before?.before, "0xdeadc1a7");
  assert.is(before?.object, "cxl_mem#1.state");
  const shutdown = told("shutdown");
  assert.is(fileOf(lastOf(shutdown)), "drivers/cxl/memdev/endpoint.ts");
});

test("of a deadlock it is told who sleeps, and what the locks hold", () => {
  const found = told("rwsem");
  assert.equal(found.sleepers, [
    "writer in rwsem_no_last_wake_writer(): waits to write-lock rwsem check_rwsem#1.sem",
  ]);
  assert.ok(found.locks.includes("check_rwsem#1.sem.count = 0x2: waiters"));
  const { access, note, thread } = lastOf(found);
  assert.equal([access, note, found.threads[thread]], ["wait", "sleeps for ever", "writer"]);
  assert.is(found.steps.filter((step) => step.note?.startsWith("sleeps on")).length, 1);
});

test("values are told as a reader knows them", () => {
  const { steps } = told("busted");
  const step = (access: string, object: string) =>
    steps.find((one) => one.access === access && one.object === object);
  const cxlm = step("store", "cxl_memdev#1.cxlm");
  assert.equal([cxlm?.before, cxlm?.after], ["&cxl_mem#1", "0"]);
  const mutex = step("compare-exchange", "chrdevs_lock.owner");
  assert.equal([mutex?.before, mutex?.after], ["0", "cpu0"]);
  assert.is(step("load", "cxl_memdev#1.cdev.kobj_ref")?.after, null);
  assert.ok(steps.some(({ note }) => note === "begins sys_open(0)"));
  assert.ok(steps.some(({ note }) => note?.includes("sys_open() returns 0")));
});

test("of a leak the last step is the object, and the end has a column", () => {
  const { configuration } = violated("rcu");
  const { variant } = configuration;
  const leak = (address = 0) => new Violation("leak", "still allocated", address);
  const audit = ({ heap }: CoroutineMachine) => {
    throw leak(heap.live()[1]?.base);
  };
  const build = (setUp: SetUp) => {
    const program = variant.build(setUp);
    return { ...program, threads: program.threads.slice(0, 1), end: [], audit };
  };
  const alone = { ...configuration, variant: { ...variant, threads: ["reader"], build } };
  const on = fresh(alone);
  const found = counterExample(on, alone, new Array(lengthOf(on)).fill(0), leak());
  assert.equal(found.threads, ["reader", "end"]);
  assert.equal([lastOf(found).access, found.threads[lastOf(found).thread]], ["leak", "end"]);
  assert.is(found.detail, "mortal#1: still allocated");
  assert.is(found.origins.length, 1);
});

/** Steps of a thread that is alone. */
function lengthOf(on: Interleaver): number {
  on.restart();
  let steps = 0;
  for (; on.actions([]) > 0; steps++) on.perform(0);
  return steps;
}

/** Goes on at random until two accesses race; the same for the same `seed`. */
function race(on: Interleaver, seed: number): number[] | null {
  const [done, possible]: [number[], number[]] = [[], []];
  let state = seed;
  on.restart();
  for (let count = on.actions(possible); count > 0; count = on.actions(possible)) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const action = possible[(state >>> 16) % count] as number;
    done.push(action);
    on.perform(action);
    if (on.race !== null) return done;
  }
  return null;
}

test("a data race ends in one access, and the other one is marked", () => {
  const configuration = configurationOf("rcu");
  const { on } = violated("rcu");
  let actions: number[] | null = null;
  for (let seed = 1; actions === null; seed++) {
    violationOf(() => {
      actions = race(on, seed);
    });
  }
  const violation = on.race;
  assert.ok(violation);
  const found = counterExample(on, configuration, actions, violation);
  assert.is(found.property, "data race");
  assert.match(lastOf(found).note ?? "", /nothing orders it behind what reader did$/);
  const other = found.steps.filter((step) => step.note?.includes("races with the last step"));
  assert.is(other.length, 1);
  assert.is(other[0]?.object, lastOf(found).object);
  assert.is.not(other[0]?.thread, lastOf(found).thread);
});

test("threads of one name are told apart", () => {
  assert.equal(told("readers").threads, ["reader1", "reader2", "writer"]);
});

test("it is the same on every run", () => {
  const first = told("rwsem");
  assert.equal(told("rwsem"), first);
  const { configuration, actions, violation } = violated("rwsem");
  const again = counterExample(violated("rwsem").on, configuration, actions, violation);
  assert.is(again.schedule, first.schedule);
});

test("a machine that has explored nothing is no help, and no harm", () => {
  const { configuration, violation } = violated("rwsem");
  const found = counterExample(fresh(configuration), configuration, [0], violation);
  assert.is(found.property, "deadlock");
});

for (const [name, width] of [
  ["rcu", 100],
  ["rcu", 60],
  ["rwsem", 100],
] as const) {
  test(`the drawing of ${name} reads as before at ${width} columns`, () => {
    const row = { ...CHECKS[0], command: "hotunplug check x" } as (typeof CHECKS)[number];
    const lines = drawCounterExample(row, told(name), { width, style: styleFor(false) });
    const text = `${lines.join("\n")}\n`.replace(/\.ts:\d+/g, ".ts:N").replace(/hp1-\w+/, "hp1-N");
    const file = new URL(`${name}-${width}.txt`, GOLDEN);
    if (UPDATE) writeFileSync(file, text);
    assert.is(text, readFileSync(file, "utf8"));
  });
}

test.run();
