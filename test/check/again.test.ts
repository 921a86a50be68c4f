// SPDX-License-Identifier: GPL-2.0-only
/** What a search prints of a violation, run again: it comes to the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runAgain } from "../../host/check/again.ts";
import { findOut } from "../../host/check/find.ts";
import type { SearchOptions } from "../../host/check/job.ts";
import { type SuiteEntry, suite } from "../../host/check/scenarios/table.ts";
import { jobOf } from "../../host/check/suite.ts";
import { checkImage } from "../../host/check/weave.ts";
import { abi, nameOf } from "./explored.ts";

const OPTIONS: SearchOptions = {
  ...{ memory: "sc", search: "bfs", seed: 1, bound: null, maxStates: null },
  ...{ memoryBytes: 2 ** 29, reduction: true, workers: 1 },
};
const all = suite(abi);
const image = checkImage([...new Set(all.flatMap(({ variant }) => variant.roots))]);

/** @returns whether there was something to be found; a schedule that is drawn may miss it */
function comesToTheSame(entry: SuiteEntry, options: SearchOptions): boolean {
  const found = findOut(image, jobOf(entry, null, options), () => false);
  const schedule = found.counterexample?.schedule;
  if (schedule === undefined) return false;
  const { row, notes } = runAgain(image, entry, null, options, schedule);
  assert.equal([row.property, notes], [found.property, []], schedule);
  return true;
}

const controls = all.filter(
  ({ scenario, variant }) => scenario.name === "controls" && variant.expected === "violated",
);
assert.ok(controls.length > 5);
for (const entry of controls) {
  test(`${nameOf(entry)}: its schedule comes to what was found`, () => {
    assert.ok(comesToTheSame(entry, OPTIONS));
  });
  test(`${nameOf(entry)}: so it does with every access a step`, () => {
    assert.ok(comesToTheSame(entry, { ...OPTIONS, reduction: false }));
  });
}

test("a cycle that a fair scheduler can go round for ever is found in its schedule", () => {
  const flood = all.find(
    ({ scenario, variant, driver }) =>
      scenario.name === "gate" && variant.name === "flood" && driver?.gate === "mutex",
  );
  assert.ok(flood);
  assert.ok(comesToTheSame(flood as SuiteEntry, OPTIONS));
});

/** Schedules that were found while much was still to be learnt, or where stores wait and drain. */
const DRAWN: readonly (readonly [name: string, drawn: readonly Partial<SearchOptions>[]])[] = [
  ["mailbox/late put_device+busted", [{ seed: 1 }, { seed: 2 }]],
  ["add-fails/device_add put_device+busted", [{ seed: 2 }, { seed: 3, search: "random" }]],
  ["add-fails/devm put_device+seqlock", [{ seed: 2 }, { memory: "tso", seed: 1 }]],
  ["two-removers/holder-unbinder-unbinder put_device+busted", [{ search: "random", seed: 1 }]],
  [
    "readd/client-rebinder put_device+busted", // stops where a buffer is full
    [
      { memory: "tso", seed: 3 },
      { memory: "pso", search: "random", seed: 1 },
      { memory: "pso", search: "random", seed: 2 },
    ],
  ],
];

for (const [name, drawn] of DRAWN) {
  const entry = all.find((one) => nameOf(one) === name) as SuiteEntry;
  for (const more of drawn) {
    test(`${name}, ${JSON.stringify(more)}: a schedule that was drawn comes to what was found`, () => {
      const options: SearchOptions = { ...OPTIONS, search: "pct", maxStates: 20_000, ...more };
      assert.ok(comesToTheSame(entry, options));
    });
  }
}

test("so do those that are drawn of the controls, under each memory model", () => {
  let found = 0;
  for (const entry of controls) {
    for (const memory of ["sc", "tso", "pso"] as const) {
      for (const search of ["random", "pct"] as const) {
        const options = { ...OPTIONS, search, memory, maxStates: 20_000 };
        if (comesToTheSame(entry, options)) found++;
      }
    }
  }
  assert.ok(found > 40, `${found} of ${6 * controls.length}: too few`);
});

test("a schedule that does not fit is followed as far as it does, and that is said", () => {
  const entry = controls.find(({ variant }) => variant.name === "rcu_busted");
  const schedule = "hp1-00000000:reader,nobody@nowhere:load.nothing";
  const { row, notes } = runAgain(image, entry as SuiteEntry, null, OPTIONS, schedule);
  assert.is(row.verdict, "bounded");
  assert.ok(row.states > 0);
  assert.is(notes.length, 1);
  assert.match(notes[0] ?? "", /segment 2 of 2, "nobody@nowhere:load\.nothing": no thread nobody/);
});

test.run();
