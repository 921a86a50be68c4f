// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawChecks } from "../../host/report/check.ts";
import { styleFor } from "../../host/report/style.ts";
import type { CheckRow } from "../../host/result/check.ts";
import { CHECKS } from "./sample-checks.ts";
import { sampleResult } from "./sample-result.ts";

const [sound, control] = CHECKS as [CheckRow, CheckRow];
const draw = (...checks: CheckRow[]) =>
  drawChecks({ ...sampleResult(), checks }, { width: 100, style: styleFor(false) }, true);
const leftOut = (...checks: CheckRow[]) => draw(...checks).filter((line) => /left out/i.test(line));

test("what was left out of each row is said once, and of some a row each", () => {
  const bounded = (unexplored: string[]): CheckRow => ({
    ...sound,
    verdict: "bounded",
    unexplored,
  });
  const [cycles, steps] = [bounded(["Cycles."]), bounded(["What follows 9 states."])];
  assert.equal(leftOut(cycles, cycles, cycles), ["Left out of each: Cycles."]);
  const name = "removal, put_device+rwsem: left out: ";
  assert.equal(leftOut(cycles, steps, cycles), [
    `${name}Cycles.`,
    `${name}What follows 9 states.`,
    `${name}Cycles.`,
  ]);
  assert.equal(leftOut(cycles, sound), [`${name}Cycles.`]);
  assert.equal(leftOut(cycles), [`${name}Cycles.`]);
});

test("the command that replays is there where something is violated, and not where nothing is", () => {
  const again = (row: CheckRow) => draw(row).filter((line) => line.startsWith("  again: "));
  assert.is(again(control).length, 1);
  assert.equal(again({ ...control, verdict: "bounded" }), []);
});

test.run();
