// SPDX-License-Identifier: GPL-2.0-only
import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { styleFor } from "../../host/report/style.ts";
import { type Column, drawTable, type Group } from "../../host/report/table.ts";

const plain = (width: number) => ({ width, style: styleFor(false) });
const column = (title: string, ...cells: string[]): Column => ({ title, align: "right", cells });
const first: Column = { title: "gate", align: "left", cells: ["rwsem", "busted"] };
const left: Group = {
  title: "shared",
  columns: [column("1", "10.3", "0.03"), column("2", "88", "-")],
};
const right: Group = {
  title: "own",
  columns: [column("1", "10.3", "0.03"), column("2", "11", "-")],
};

test("columns line up below their titles, groups below theirs", () => {
  assert.equal(drawTable(first, [left, right], plain(80)), [
    "         shared     own",
    "gate        1   2      1   2",
    "rwsem    10.3  88   10.3  11",
    "busted   0.03   -   0.03   -",
  ]);
});

test("what does not fit is cut between groups, each block with the names again", () => {
  assert.equal(drawTable(first, [left, right], plain(20)), [
    "         shared",
    "gate        1   2",
    "rwsem    10.3  88",
    "busted   0.03   -",
    "",
    "         own",
    "gate        1   2",
    "rwsem    10.3  11",
    "busted   0.03   -",
  ]);
});

test("a group that does not fit by itself becomes a list", () => {
  assert.equal(drawTable(first, [left], plain(16)), [
    "rwsem",
    "  shared, 1  10.3",
    "  shared, 2  88",
    "busted",
    "  shared, 1  0.03",
    "  shared, 2  -",
  ]);
});

test("no line is longer than the page as long as one cell fits, and none ends in a space", () => {
  const cells = (seed: number) => first.cells.map((_, i) => "x".repeat((seed * 7 + i) % 9));
  const groups = Array.from({ length: 6 }, (_, g) => ({
    title: `group ${g}`,
    columns: Array.from({ length: (g % 3) + 1 }, (_, c) => column(`c${c}`, ...cells(g + c))),
  }));
  for (let width = 26; width < 160; width++) {
    for (const line of drawTable(first, groups, plain(width))) {
      assert.ok(line.length <= width, `${line.length} > ${width}: ${line}`);
      assert.is(line, line.trimEnd());
    }
  }
});

test("a row with nothing to say in a block is left out of it", () => {
  const sparse: Group = { title: "", columns: [column("a", "1", "-"), column("b", "2", "-")] };
  assert.equal(drawTable(first, [sparse], plain(80)), ["gate     a  b", "rwsem    1  2"]);
});

test("looks do not move a column, and control characters do not reach the screen", () => {
  const looks: Group = {
    title: "",
    columns: [
      { title: "v", align: "right", cells: [{ text: "held", look: "good" }, "a\x1b[2Jb"] },
      column("w", "1", "2"),
    ],
  };
  const lines = drawTable(first, [looks], { width: 80, style: styleFor(true) });
  const bare = lines.map(stripVTControlCharacters);
  assert.equal(bare, ["gate          v  w", "rwsem      held  1", "busted   a?[2Jb  2"]);
  assert.match(lines[1] as string, "\x1b[32mheld\x1b[39m");
});

test.run();
