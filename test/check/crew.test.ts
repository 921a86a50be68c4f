// SPDX-License-Identifier: GPL-2.0-only
/** Threads that search: what they find, and what becomes of a job whose thread fails. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CrewOrders, doJobs } from "../../host/check/crew.ts";
import type { Job } from "../../host/check/job.ts";
import { scenarioNamed } from "../../host/check/scenarios/table.ts";
import { findTogether } from "../../host/check/together.ts";
import { weave } from "../../host/check/weave.ts";
import { kernelImage } from "../../host/machine/image.ts";

const driver = { revision: "put_device", gate: "busted" };
const { abi } = kernelImage("default");
const [variant] = scenarioNamed("removal").variants(abi, driver, null);
const woven = weave(variant?.roots ?? []);

const JOB: Job = {
  ...{ scenario: "removal", variant: variant?.name ?? "", driver, threads: null },
  options: {
    ...{ memory: "sc", search: "bfs", seed: 1, bound: null, maxStates: null },
    ...{ memoryBytes: 2 ** 28, reduction: true, workers: 1 },
  },
};
const REFCOUNT: Job = { ...JOB, driver: { revision: "put_device", gate: "refcount" } };

function orders(more: Partial<CrewOrders> = {}): CrewOrders {
  const { signal } = new AbortController();
  const nothing = () => {};
  return {
    ...{ weave: () => woven, threads: 2, signal },
    ...{ onFigures: nothing, onDone: nothing, ...more },
  };
}

test("each job has its outcome at its place", async () => {
  const done: number[] = [];
  const all = [JOB, { ...JOB, variant: "none" }, JOB];
  const outcomes = await doJobs(all, orders({ onDone: (index) => done.push(index) }));
  assert.equal(
    outcomes.map((outcome) => outcome?.end),
    ["violated", "failed", "violated"],
  );
  assert.match(outcomes[1]?.error ?? "", "no removal/none");
  assert.equal(done.sort(), [0, 1, 2]);
  const [first, , last] = outcomes;
  assert.equal(first?.figures, last?.figures);
});

test("limits end a search, and its figures say how far it was", async () => {
  const limited = { ...REFCOUNT, options: { ...REFCOUNT.options, maxStates: 2_000 } };
  const [outcome] = await doJobs([limited], orders());
  assert.is(outcome?.end, "states");
  const { states = 0 } = outcome?.figures ?? {};
  assert.ok(states > 2_000 && states < 2_010, `${states}`); // one state's successors at the most
});

test("a thread that dies fails its job and no other, and nothing hangs", async () => {
  // What the thread cannot bear is in the shared part: each one dies of it, and never comes to a job.
  const outcomes = await doJobs([JOB, JOB, JOB], orders({ weave: () => null as never }));
  for (const outcome of outcomes) {
    assert.is(outcome?.end, "failed");
    assert.match(outcome?.error ?? "", "of null");
  }
});

test("a thread that falls silent fails its job", async () => {
  const [outcome] = await doJobs([REFCOUNT], orders({ silentMs: 1 }));
  assert.is(outcome?.end, "failed");
  assert.match(outcome?.error ?? "", "silent for 0.001 s");
});

test("an interruption keeps how far a search is, and begins no other", async () => {
  const controller = new AbortController();
  const outcomes = await doJobs(
    [REFCOUNT, REFCOUNT],
    orders({ threads: 1, signal: controller.signal, onFigures: () => controller.abort() }),
  );
  assert.is(outcomes[0]?.end, "interrupted");
  assert.ok((outcomes[0]?.figures.states ?? 0) > 0);
  assert.is(outcomes[1], null);
});

test("what cannot be woven ends the run, with its threads", async () => {
  const weave = () => {
    throw new Error("not built");
  };
  const thrown = await doJobs([JOB], orders({ weave })).catch((error: Error) => error.message);
  assert.is(thrown, "not built");
});

test("what was interrupted before it began starts nothing", async () => {
  const controller = new AbortController();
  controller.abort();
  let woven = 0;
  const weave = () => {
    woven++;
    throw new Error("it was to begin nothing");
  };
  const outcomes = await doJobs([JOB, JOB], orders({ weave, signal: controller.signal }));
  assert.equal([outcomes, woven], [[null, null], 0]);
});

const TOGETHER: Job = { ...REFCOUNT, options: { ...REFCOUNT.options, workers: 2 } };
const { signal: never } = new AbortController();

test("several threads find together what one finds", async () => {
  const alone = await doJobs([JOB], orders());
  const together = { ...JOB, options: { ...JOB.options, workers: 2 } };
  const outcome = await findTogether(
    () => woven,
    together,
    () => {},
    never,
  );
  assert.is(outcome.property, alone[0]?.property);
  assert.is(outcome.counterexample?.steps.length, alone[0]?.counterexample?.steps.length);
});

test("what fails here as well as in the threads is told as it failed here", async () => {
  const slowly = () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); // theirs comes first
    return woven;
  };
  const unknown = { ...TOGETHER, variant: "none" };
  let told = "";
  await findTogether(slowly, unknown, () => {}, never).catch((error: Error) => {
    told = error.message;
  });
  assert.match(told, "no removal/none");
});

test.run();
