// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkWord, drawRows } from "../../host/report/check-rows.ts";
import { checkedWord } from "../../host/report/rows.ts";
import { styleFor } from "../../host/report/style.ts";
import type { CheckRow } from "../../host/result/check.ts";
import { CHECKS } from "./sample-checks.ts";

const [sound, control] = CHECKS as [CheckRow, CheckRow];
const draw = (rows: readonly CheckRow[], width: number) =>
  drawRows(rows, { width, style: styleFor(false) });

test("where a flat table is too wide, subjects stand below their scenario, a line each", () => {
  const rows = [sound, { ...sound, scenario: "readd/client-rebinder" }, control];
  const figures = " 812,345    2,345,678     84  12.3 s";
  const broken = "   4,321        9,876     41  210 ms";
  assert.equal(
    draw(rows, 86).map((line) => line.trimEnd()),
    [
      "                     verdict                     states  transitions  depth    time",
      "removal",
      ` put_device+rwsem    holds                     ${figures}`,
      ` put_device+busted   violated: use after free  ${broken}`,
      "readd/client-rebinder",
      ` put_device+rwsem    holds                     ${figures}`,
    ],
  );
});

test("where that is too wide, what was broken stands below; figures go last, the depth first", () => {
  const narrow = (width: number) => draw([sound, control], width).map((line) => line.trimEnd());
  assert.equal(narrow(72), [
    "                     verdict     states  transitions  depth    time",
    "removal",
    " put_device+rwsem    holds      812,345    2,345,678     84  12.3 s",
    " put_device+busted   violated     4,321        9,876     41  210 ms",
    "   use after free",
  ]);
  assert.equal(narrow(64).slice(0, 3), [
    "                     verdict     states  transitions    time",
    "removal",
    " put_device+rwsem    holds      812,345    2,345,678  12.3 s",
  ]);
  assert.equal(narrow(50).slice(0, 3), [
    "                     verdict     states    time",
    "removal",
    " put_device+rwsem    holds      812,345  12.3 s",
  ]);
  const two = narrow(40).join(" ");
  assert.match(two, /812,345 states, 2,345,678 transitions, +depth 84, 12\.3 s/);
});

test("a failure of the checker is neither a verdict nor a catch", () => {
  const undone: CheckRow = { ...control, verdict: "bounded", error: "its thread died" };
  assert.is(checkWord(undone).text, "INTERNAL ERROR");
  assert.is(checkedWord(undone).text, "ERROR");
  assert.is(checkWord({ ...control, error: "cannot be shown" }).text, "violated: use after free");
});

test("beside storms a check speaks their words", () => {
  const words = [
    sound,
    control,
    { ...control, expected: "holds" },
    { ...sound, expected: "violated" },
    { ...sound, verdict: "bounded" },
    { ...control, expected: null },
  ] as CheckRow[];
  assert.equal(
    words.map((row) => checkedWord(row).text),
    [...["held", "caught", "VIOLATED", "NOT CAUGHT", "bounded", "violated"]],
  );
});

test.run();
