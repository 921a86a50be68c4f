// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawClaims } from "../../host/report/claims.ts";
import { styleFor } from "../../host/report/style.ts";
import type { ClaimRow } from "../../host/result/check.ts";
import { CLAIMS, checkResult } from "./sample-checks.ts";

const NAMED: readonly ClaimRow[] = CLAIMS.map((row, i) => ({ ...row, id: `F${i}` }));

function drawn(rows: readonly ClaimRow[], width = 80): string[] {
  return drawClaims(checkResult([], rows), { width, style: styleFor(false) });
}

test("claims with short names are a table of those, and fit where sentences would not", () => {
  const lines = drawn(NAMED);
  assert.ok(lines.some((line) => /^claim +percpu_ref +rwsem +put_device$/.test(line)));
  assert.ok(lines.some((line) => /^F0 +no +no +\?$/.test(line)));
  assert.ok(lines.some((line) => /^F1 +yes +yes +-$/.test(line)));
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test("below it each claim has its source, and its bound once where it is one", () => {
  const text = drawn(NAMED, 100).join("\n");
  assert.match(text, "F1: an opener that came during a failed add uses freed memory");
  assert.match(text, "  said in: 1c3333a28d45\n  searched: 2 threads, every schedule\n");
  assert.match(text, "  percpu_ref, rwsem: searched: 2 threads, every schedule\n");
  assert.match(text, "  put_device: not found out: 3 switches");
});

test("a claim that is reached has the command that gets there, whole", () => {
  const command = "hotunplug check add-fails/device_add --revision percpu_ref";
  const rows = NAMED.map((row) => ({
    ...row,
    cells: row.cells.map((cell) => (cell.schedule === null ? cell : { ...cell, command })),
  }));
  const again = drawn(rows, 60).filter((line) => line.includes("again: "));
  assert.equal(again, [`  again: ${command} --replay 1*13,0*1208,1`]);
});

test.run();
