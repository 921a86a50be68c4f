// SPDX-License-Identifier: GPL-2.0-only
import { extname } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Configuration,
  DEFAULT_SEARCH,
  explore,
  prepare,
  searchesCycles,
} from "../../host/check/configuration.ts";
import { reproduce } from "../../host/check/ending.ts";
import { Exhaustive } from "../../host/check/exhaustive.ts";
import type { Counts, Explored } from "../../host/check/explored.ts";
import type { CheckImage } from "../../host/check/image.ts";
import { Crew } from "../../host/check/parallel/crew.ts";
import { exploreInParallel } from "../../host/check/parallel/explore.ts";
import type { VariantSource } from "../../host/check/parallel/protocol.ts";
import type { Variant } from "../../host/check/scenario.ts";
import { scout } from "../../host/check/scouting.ts";
import { checkImage } from "../../host/check/weave.ts";
import { Knowledge } from "../../host/machine/coroutine/knowledge.ts";
import * as variants from "./parallel-variants.ts";

const moduleUrl = new URL(`./parallel-variants${extname(import.meta.url)}`, import.meta.url).href;
const NEVER = new AbortController().signal;
/** Far more than it takes, where something is to end. */
const SOON_MS = 30_000;

type Options = Partial<Omit<Configuration, "variant">>;

interface Subject {
  readonly image: CheckImage;
  readonly configuration: Configuration;
  readonly source: VariantSource;
}

const images = new Map<string, CheckImage>();

function subject(exportName: keyof typeof variants, args: unknown[], options: Options): Subject {
  const make = new Map<string, unknown>(Object.entries(variants)).get(exportName);
  const variant = (make as (...args: unknown[]) => Variant)(...args);
  const image = images.get(variant.name) ?? checkImage(variant.roots);
  images.set(variant.name, image);
  const configuration = { ...DEFAULT_SEARCH, memory: "sc" as const, ...options, variant };
  return { image, configuration, source: { moduleUrl, exportName, args } };
}

/** By one thread, and with no step left out. */
function alone({ image, configuration }: Subject): Explored {
  const on = prepare(image, configuration);
  const liveness = configuration.liveness && searchesCycles(configuration);
  const options = { ...configuration, liveness, onProgress: () => false };
  for (let round = 1; ; round++) {
    scout(on, null, round);
    const explored = new Exhaustive(on, options, null).run();
    if (explored.found.kind !== "contended") return explored;
  }
}

function together(
  of: Subject,
  workers: number,
  onProgress: (soFar: Counts) => boolean = () => false,
  signal: AbortSignal = NEVER,
  on = prepare(of.image, of.configuration),
) {
  const { image, configuration, source } = of;
  const crew = new Crew(workers, source);
  return exploreInParallel(on, { image, configuration, crew }, onProgress, signal).finally(() =>
    crew.end(),
  );
}

async function isTheSame(of: Subject, counts: readonly number[]): Promise<void> {
  const one = alone(of);
  for (const workers of counts) {
    const { found, counts, outcomes, leftOut } = await together(of, workers);
    assert.is(found.kind, one.found.kind, `${workers} workers`);
    assert.equal(counts, one.counts, `${workers} workers`);
    assert.equal([outcomes, leftOut], [one.outcomes, one.leftOut]);
  }
}

test("any number of workers finds the states that one thread does", async () => {
  await isTheSame(subject("yardstick", [3, 2], {}), [1, 2, 3]);
});

test("removal: any number of workers finds the states that one thread does", async () => {
  await isTheSame(subject("removalThrough", ["rwsem", 1], {}), [1, 2, 3]);
});

test("a bound on preemptions leaves out the same steps", async () => {
  await isTheSame(subject("yardstick", [2, 2], { preemptions: 2 }), [2]);
});

test("who spins where the bound leaves out another's step is not idle", async () => {
  const { found, leftOut } = await together(subject("spinning", [], { preemptions: 0 }), 2);
  assert.is(found.kind, "exhausted");
  assert.ok(leftOut > 0);
});

test("stores that wait are part of the states that workers hand on", async () => {
  await isTheSame(subject("removalThrough", ["refcount", 1], { memory: "tso" }), [2]);
});

test("each access a step of its own: the same states as well", async () => {
  await isTheSame(subject("yardstick", [2, 1], { reduction: false }), [2]);
});

test("a counterexample is as short as that of one thread, and reproduces", async () => {
  const of = subject("removalThrough", ["busted", 1], {});
  const { found: one } = alone(of);
  const told = new Set<string>();
  for (const workers of [1, 2, 3]) {
    const on = prepare(of.image, of.configuration);
    const { found, counts } = await together(of, workers, () => false, NEVER, on);
    assert.ok(found.kind === "violated" && one.kind === "violated");
    assert.is(found.violation.property, one.violation.property);
    assert.is(found.actions.length, one.actions.length);
    assert.is(reproduce(on, found.actions, found.violation), found.actions.length);
    told.add(JSON.stringify([counts, found.violation.message]));
  }
  assert.is(told.size, 1, "what is told and counted does not depend on who is faster");
});

test("a cycle is found in what several have explored, and none where there is none", async () => {
  const of = subject("starving", [true], {});
  const { found: one } = alone(of);
  for (const workers of [1, 2, 3]) {
    const { found } = await together(of, workers);
    assert.ok(found.kind === "violated" && one.kind === "violated");
    assert.is(found.violation.property, "starvation");
    const [from, alike] = [found.cycleFrom ?? -1, one.cycleFrom ?? -1];
    assert.ok(from >= 0 && alike >= 0);
    assert.ok(found.actions.length > from);
    const on = prepare(of.image, of.configuration);
    explore(on, { ...of.configuration, maxStates: 1 }, () => false); // what is contended
    on.restart();
    const keys = [...found.actions, -1].map((action) => {
      const key = `${on.key1} ${on.key2}`;
      if (action >= 0) on.perform(action);
      return key;
    });
    assert.is(keys.at(-1), keys[from], "it ends where it began");
  }
  for (const none of [subject("starving", [false], {}), subject("lookingOn", [], {})]) {
    const { found } = await together(none, 2);
    assert.is(found.kind, "exhausted");
  }
});

test("limits on states and on memory end the search", async () => {
  const states = await together(subject("yardstick", [4, 2], { maxStates: 5_000 }), 2);
  assert.equal(states.found, { kind: "stopped", why: "states" });
  assert.ok(states.counts.states > 5_000 && states.counts.states < 10_000);
  const memory = await together(subject("yardstick", [4, 2], { memoryBytes: 2 ** 20 }), 2);
  assert.equal(memory.found, { kind: "stopped", why: "memory" });
});

test("as many states as there are is no limit", async () => {
  const of = subject("yardstick", [2, 2], {});
  const maxStates = alone(of).counts.states;
  await isTheSame(subject("yardstick", [2, 2], { maxStates }), [2]);
});

test("an abort in the middle ends it, with what was counted", async () => {
  const controller = new AbortController();
  let sinceMs = 0;
  const abort = ({ depth }: Counts) => {
    if (depth > 5 && sinceMs === 0) {
      sinceMs = performance.now();
      controller.abort();
    }
    return false;
  };
  const explored = await together(subject("yardstick", [5, 3], {}), 2, abort, controller.signal);
  assert.ok(performance.now() - sinceMs < SOON_MS);
  assert.equal(explored.found, { kind: "stopped", why: "interrupted" });
  assert.ok(explored.counts.states > 5 && explored.counts.depth > 5);
});

test("progress that says stop ends it; one that throws fails it", async () => {
  const of = subject("yardstick", [5, 3], {});
  const { found } = await together(of, 2, () => true);
  assert.equal(found, { kind: "stopped", why: "interrupted" });
  const failure = new Error("no more");
  const failed = together(of, 2, () => {
    throw failure;
  });
  assert.is(await failed.catch((error: unknown) => error), failure);
});

test("a worker that throws is named, and the others are ended", async () => {
  const error = await together(subject("failing", [], {}), 2).catch((reason: Error) => reason);
  assert.instance(error, Error);
  assert.match((error as Error).message, /^worker [01] of 2 failed: the audit failed$/);
});

test("a worker that is gone is named", async () => {
  const error = await together(subject("exiting", [], {}), 2).catch((reason: Error) => reason);
  assert.instance(error, Error);
  assert.match((error as Error).message, /^worker [01] of 2 exited with status 7$/);
});

test("a word is contended where one machine saw a reader, another a writer", () => {
  const buffer = new Knowledge(64).toShared();
  const [a, b] = [new Knowledge(64, buffer), new Knowledge(64, buffer)];
  assert.not(a.noteFirst(7, 1, a.readers));
  assert.not(b.noteFirst(8, 2, b.readers));
  assert.ok(b.noteFirst(7, 2, b.writers));
  assert.equal([a.contended(), a.contentions], [[7], 1]);
});

test("words that are written are in one order for all", () => {
  const buffer = new Knowledge(64).toShared();
  const [a, b] = [new Knowledge(64, buffer), new Knowledge(64, buffer)];
  assert.equal([a.addWritten(5), b.addWritten(9), b.addWritten(5)], [1, 2, 2]);
  assert.equal([...a.known.subarray(0, 2)], [5, 9]);
});

test.run();
