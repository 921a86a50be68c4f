// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/errors.ts";
import { parseResult, readResult } from "../../host/report/saved.ts";
import { toJson } from "../../host/report/write.ts";
import type { Result } from "../../host/result/result.ts";
import { CHECKS, CLAIMS, checkResult } from "./sample-checks.ts";
import { sampleResult } from "./sample-result.ts";

const folder = mkdtempSync(join(tmpdir(), "hotunplug-saved-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The line that a text is refused with. */
function refusal(text: string): string {
  try {
    parseResult(text, "a.json");
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as Error).message;
  }
  throw new Error("it was read");
}

/** JSON of the sample with a part of it replaced. */
function changed(change: (result: { -readonly [K in keyof Result]: Result[K] }) => void): string {
  const result = structuredClone(sampleResult());
  change(result);
  return toJson(result);
}

test("what was written is read back, every field", () => {
  const path = join(folder, "whole.json");
  writeFileSync(path, toJson(sampleResult()));
  assert.equal(readResult(path), sampleResult());
});

test("checks and claims are read back, every field, and may be absent", () => {
  const result = checkResult(CHECKS, CLAIMS);
  assert.equal(parseResult(toJson(result), "a.json"), result);
  const { checks, claims, ...without } = result;
  assert.equal(parseResult(toJson(without), "a.json"), without);
});

test("a result of a writer that knew no noise floor is read", () => {
  const { noise, drift, ...rest } = sampleResult();
  const bare = <R extends { steadiness?: unknown }>({ steadiness, ...row }: R) => row;
  const without = { ...rest, pairs: rest.pairs.map(bare), removals: rest.removals.map(bare) };
  assert.equal(parseResult(toJson(without), "a.json"), without);
  assert.match(
    refusal(toJson({ ...without, noise: { ...noise, alarms: "none" } })),
    "noise.alarms",
  );
});

test("a damaged step of a counterexample is named by its path", () => {
  const checks = structuredClone(CHECKS);
  Object.assign(checks[1]?.counterexample?.steps[2] ?? {}, { thread: "remover" });
  assert.is(
    refusal(toJson(checkResult(checks))),
    'a.json: damaged result: checks[1].counterexample.steps[2].thread: expected a number, saw "remover"',
  );
  const claims = [{ ...CLAIMS[0], cells: [{ revision: "rwsem" }] }];
  assert.match(refusal(toJson({ ...checkResult(), claims })), "claims[0].cells[0].reachable");
});

test("fields that this version does not know are let through", () => {
  const json = changed((result) => Object.assign(result, { weather: "fine" }));
  assert.is((parseResult(json, "a.json") as unknown as { weather: string }).weather, "fine");
});

test("a truncated file is refused, wherever it was cut", () => {
  const whole = toJson(sampleResult()).trimEnd();
  assert.is(refusal(""), "a.json: the file is empty");
  for (let cut = 1; cut < whole.length; cut += 997) {
    assert.match(refusal(whole.slice(0, cut)), /^a\.json: (the file is cut short|not JSON)$/);
  }
});

test("a foreign file is refused, JSON or not", () => {
  assert.is(refusal("hello"), "a.json: not JSON");
  for (const foreign of ["{}", "[]", "null", "1", '"x"', '{"tool":{"name":"fio"}}']) {
    assert.is(refusal(foreign), "a.json: not a result of hotunplug");
  }
});

test("another schema version is refused by its number", () => {
  const json = changed((result) => Object.assign(result, { schema: 2 }));
  assert.is(refusal(json), "a.json: schema version 2, this hotunplug reads 1");
  const none = changed((result) => Object.assign(result, { schema: undefined }));
  assert.is(refusal(none), "a.json: schema version none, this hotunplug reads 1");
});

test("a damaged figure is named by its path", () => {
  const broken = sampleResult().pairs.map((row, i) =>
    i === 3 ? { ...row, raw: { ...row.raw, median: "fast" as unknown as number } } : row,
  );
  const json = changed((result) => Object.assign(result, { pairs: broken }));
  assert.is(
    refusal(json),
    'a.json: damaged result: pairs[3].raw.median: expected a number, saw "fast"',
  );
});

test("every field of every row is needed", () => {
  // Drops one key at a time from the first object of each section.
  for (const section of ["gates", "pairs", "removals", "comparisons", "breakEvens"] as const) {
    const optional = new Set(["control", "steadiness"]);
    for (const key of Object.keys(sampleResult()[section][0] ?? {})) {
      if (optional.has(key)) continue;
      const json = changed((result) => {
        delete (result[section][0] as unknown as Record<string, unknown>)[key];
      });
      assert.match(refusal(json), `${section}[0].${key}: expected`);
    }
  }
});

test("an unreadable path is one line", () => {
  const path = join(folder, "nowhere.json");
  assert.throws(
    () => readResult(path),
    (error: Error) => error.message === `${path}: cannot be read: no such file or directory`,
  );
  assert.throws(() => readResult(folder), /cannot be read: illegal operation on a directory/);
});

test.run();
