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
  const lines = draw(rows, 78);
  assert.equal(
    lines.slice(1).map((line) => line.split("  ")[0]?.trimEnd()),
    [
      ...["removal", " put_device+rwsem", " put_device+busted"],
      ...["readd/client-rebinder", " put_device+rwsem"],
    ],
  );
  assert.ok(lines.every((line) => line.length <= 78));
  assert.match(lines[0] ?? "", "states");
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
