// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { replayOf } from "../../host/report/counterexample.ts";
import { objectOf, type Shown, shownSteps, stepLines } from "../../host/report/steps.ts";
import type { CheckRow, CheckStep, CounterExample } from "../../host/result/check.ts";
import { CHECKS } from "./sample-checks.ts";

const STEP: CheckStep = {
  ...{ thread: 0, fn: "f", at: "a.ts:1", access: "load", object: "cpu0.task.state" },
  ...{ before: "0", after: null, visible: false, note: null },
};

/** One step a letter: its thread in upper case where others see it; then the end, on "x#1.a". */
function schedule(letters: string, change: (i: number) => Partial<CheckStep> = () => ({})) {
  const steps = [...letters].map((letter, i): CheckStep => {
    const lower = letter.toLowerCase();
    const thread = lower === "a" ? 0 : 1;
    return { ...STEP, thread, visible: letter !== lower, ...change(i) };
  });
  const found = CHECKS.find((row) => row.counterexample)?.counterexample as CounterExample;
  return { ...found, steps: [...steps, { ...STEP, object: "x#1.a" }] };
}

/** "12" for twelve that are left out, "." for one that is shown. */
const told = (shown: readonly Shown[]) =>
  shown.map((one) => (one.kind === "step" ? "." : String(one.count))).join(" ");

test("private accesses of one thread in a row are counted, two are told", () => {
  assert.is(told(shownSteps(schedule("AaaaaB"))), ". 4 . .");
  assert.is(told(shownSteps(schedule("AaaB"))), ". . . . .");
  assert.is(told(shownSteps(schedule("aaabbbb"))), "3 4 .");
});

test("what is done to the object of the last step is always told", () => {
  const touching = schedule("aaaaaaa", (i) => (i === 3 ? { object: "x#1.b.c" } : {}));
  assert.is(told(shownSteps(touching)), "3 . 3 .");
});

test("a step with a note, and the begin of a cycle, are not passed over", () => {
  const noted = schedule("aaaaaaa", (i) => (i === 3 ? { note: "returns -ENXIO" } : {}));
  assert.is(told(shownSteps(noted)), "3 . 3 .");
  assert.is(told(shownSteps({ ...schedule("aaaaaaa"), cycleFrom: 4 })), "4 3 .");
});

test("the indices of what is shown are those of the schedule", () => {
  const shown = shownSteps(schedule("AaaaaB"));
  assert.equal(
    shown.map(({ index }) => index),
    [0, 1, 5, 6],
  );
});

test("the object of a name ends before its fields", () => {
  assert.is(objectOf("cxl_memdev#1.dev.kobj_ref"), "cxl_memdev#1");
  assert.is(objectOf("misc#2+0x10"), "misc#2");
  assert.is(objectOf("fd_array[3]"), "fd_array");
  assert.is(objectOf("cpu1.task.state"), "cpu1.task");
  assert.is(objectOf("cpu0.events[open]"), "cpu0.events");
  assert.is(objectOf(""), "");
});

test("values are told as far as they are known", () => {
  const line = (change: Partial<CheckStep>) => stepLines({ ...STEP, ...change }, "", true, 80);
  assert.equal(line({}), ["  load cpu0.task.state: 0"]);
  assert.equal(line({ access: "store", before: null, after: "1" }), [
    "  store cpu0.task.state: ? -> 1",
  ]);
  assert.equal(line({ access: "free", object: "x#1", before: null }), ["  free x#1"]);
  assert.equal(line({ access: "yield", object: "", before: null }), ["  yield"]);
});

test("no line of a cell is wider than the cell, whatever its words", () => {
  const long = {
    ...STEP,
    at: null,
    fn: "f".repeat(95),
    object: "o".repeat(200),
    note: "n ".repeat(40),
  };
  for (const width of [30, 31, 64]) {
    for (const line of stepLines(long, "remover", false, width))
      assert.ok(line.length <= width, line);
  }
});

test("a schedule is quoted for the shell where it must be", () => {
  const row = CHECKS[0] as CheckRow;
  const replay = (text: string) => replayOf(row, { ...schedule("a"), schedule: text });
  assert.is(replay("0,1,0"), `${row.command} --replay 0,1,0`);
  assert.is(replay("0*3 1"), `${row.command} --replay '0*3 1'`);
});

test.run();
