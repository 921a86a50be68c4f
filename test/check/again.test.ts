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

function comesToTheSame(entry: SuiteEntry, options: SearchOptions): void {
  const found = findOut(image, jobOf(entry, null, options), () => false);
  const schedule = found.counterexample?.schedule ?? "";
  assert.is(found.end, "violated");
  const { row, notes } = runAgain(image, entry, null, options, schedule);
  assert.equal([row.property, notes], [found.property, []], schedule);
}

const controls = all.filter(
  ({ scenario, variant }) => scenario.name === "controls" && variant.expected === "violated",
);
assert.ok(controls.length > 5);
for (const entry of controls) {
  test(`${nameOf(entry)}: its schedule comes to what was found`, () => {
    comesToTheSame(entry, OPTIONS);
  });
  test(`${nameOf(entry)}: so it does with every access a step`, () => {
    comesToTheSame(entry, { ...OPTIONS, reduction: false });
  });
}

test("a cycle that a fair scheduler can go round for ever is found in its schedule", () => {
  const flood = all.find(
    ({ scenario, variant, driver }) =>
      scenario.name === "gate" && variant.name === "flood" && driver?.gate === "mutex",
  );
  assert.ok(flood);
  comesToTheSame(flood as SuiteEntry, OPTIONS);
});

test("a schedule that was drawn at random is followed as far as it fits", () => {
  const entry = all.find((one) => nameOf(one) === "add-fails/device_add put_device+busted");
  if (entry === undefined) throw new Error("[harness bug] the suite has no such entry");
  for (const seed of [1, 2, 3]) {
    const options = { ...OPTIONS, search: "pct", seed, maxStates: 20_000 } as const;
    const { counterexample } = findOut(image, jobOf(entry, null, options), () => false);
    const { row, notes } = runAgain(image, entry, null, options, counterexample?.schedule ?? "");
    assert.ok(row.states > 0);
    assert.is(notes.length, row.verdict === "violated" ? 0 : 1, "else it says where it stopped");
  }
});

test.run();
