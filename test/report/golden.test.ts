// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whole drawings of the sample result, as they stand in test/report/golden/. After a change that is
 * meant: `node build/test/report/golden.test.js --update`, and read the diff.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { verdictStorms } from "../../host/report/rows.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import type { Result } from "../../host/result/result.ts";
import { CHECKS, CLAIMS, checkResult } from "./sample-checks.ts";
import { sampleResult } from "./sample-result.ts";

const GOLDEN = new URL("../../../test/report/golden/", import.meta.url);
const UPDATE = process.argv.includes("--update");

function stressResult(): Result {
  const sample = sampleResult();
  const storms = verdictStorms(sample).filter(
    ({ gate, sanitized }) => sanitized && (gate === "rwsem" || gate === "busted"),
  );
  const none = { gates: [], pairs: [], removals: [], comparisons: [], breakEvens: [] };
  return { ...sample, ...none, command: "stress", storms };
}

/** Two contenders and a baseline at two settings: enough to see, little enough to read. */
function benchResult(): Result {
  const sample = sampleResult();
  const shown = new Set(["rwsem", "percpu_ref", "empty loop"]);
  return {
    ...sample,
    command: "bench",
    gates: sample.gates.filter(({ name }) => shown.has(name)),
    pairs: sample.pairs.filter((r) => shown.has(r.contender) && r.devices === "same"),
    removals: [],
    storms: [],
    comparisons: [],
    breakEvens: [],
    tier: { inForce: "optimized", selectable: true, addOverExchange: 1.71 },
    interrupted: true,
    notes: ["2 of 9 rounds were dropped: a thread was descheduled."],
  };
}

const DRAWINGS: Readonly<Record<string, () => Result>> = {
  compare: sampleResult,
  bench: benchResult,
  stress: stressResult,
  check: () => checkResult(CHECKS, CLAIMS),
  control: () => checkResult(CHECKS.slice(1, 2)),
  livelock: () => checkResult(CHECKS.slice(6, 7)),
};

for (const [name, result] of Object.entries(DRAWINGS)) {
  for (const width of [60, 100, 140]) {
    test(`${name} reads as before at ${width} columns, and no line is longer`, () => {
      const lines = drawResult(result(), { width, style: styleFor(false) });
      const file = new URL(`${name}-${width}.txt`, GOLDEN);
      const text = `${lines.join("\n")}\n`;
      if (UPDATE) writeFileSync(file, text);
      assert.fixture(text, readFileSync(file, "utf8"));
      // What is for copying is left whole: the command that runs it again, a schedule.
      const prose = lines.filter((line) => !/^ {2}(again|schedule): /.test(line));
      for (const line of prose) assert.ok(line.length <= width, `${line.length}: ${line}`);
    });
  }
}

for (const [name, result] of Object.entries({ compare: sampleResult, check: checkResult })) {
  test(`with colour the text of ${name} is the same, and every style is closed on its line`, () => {
    coloursAreClosed(result());
  });
}

function coloursAreClosed(result: Result): void {
  const draw = (colour: boolean) => drawResult(result, { width: 100, style: styleFor(colour) });
  const coloured = draw(true);
  assert.equal(coloured.map(stripVTControlCharacters), draw(false));
  const count = (line: string, part: string) => line.split(part).length - 1;
  for (const line of coloured) {
    const closed = count(line, "\x1b[22m") + count(line, "\x1b[39m");
    assert.is(count(line, "\x1b["), 2 * closed, line);
  }
}

test.run();
