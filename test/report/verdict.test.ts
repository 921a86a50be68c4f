// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { verdictStorms } from "../../host/report/rows.ts";
import { failuresOf } from "../../host/report/verdict.ts";
import type { Result } from "../../host/result/result.ts";
import { CHECKS, checkResult } from "./sample-checks.ts";
import { sampleResult } from "./sample-result.ts";

function withStorm(command: Result["command"], gate: string, held: boolean): Result {
  const [storm] = verdictStorms(sampleResult()).filter((row) => row.gate === gate);
  if (!storm) throw new Error(`no storm of ${gate}`);
  const violations = held ? [] : [{ property: "use after free", detail: "somewhere" }];
  return { ...sampleResult(), command, storms: [{ ...storm, held, violations }] };
}

test("compare holds when the gates held and the control was caught", () => {
  assert.equal(failuresOf(sampleResult()), []);
});

test("a gate that did not hold fails, with the property", () => {
  assert.equal(failuresOf(withStorm("compare", "rwsem", false)), [
    "put_device+rwsem: violated: use after free",
  ]);
});

test("in compare a control that was not caught fails", () => {
  assert.equal(failuresOf(withStorm("compare", "busted", true)), [
    "put_device+busted: this control was not caught",
  ]);
});

test("in stress a violation is a violation, the control's too", () => {
  assert.is(failuresOf(withStorm("stress", "busted", false)).length, 1);
  assert.is(failuresOf(withStorm("stress", "busted", true)).length, 0);
});

test("what is found in a driver as it stood is no failure, and no verdict on its gate", () => {
  const sample = sampleResult();
  const found = sample.storms.filter((storm) => storm.asFound && !storm.held);
  assert.is(found.length, 1);
  assert.equal(failuresOf({ ...sample, storms: found }), []);
  const asked = withStorm("compare", "rwsem", false);
  const storms = asked.storms.map((storm) => ({ ...storm, asFound: true as const }));
  assert.equal(failuresOf({ ...asked, storms }), []);
});

test("a check fails that finds the opposite of what must be", () => {
  assert.equal(failuresOf(checkResult()), [
    "rwsem, rwsem: violated: deadlock",
    "rcu, busted grace period: this control was not caught",
  ]);
});

test("a control that a bounded check did not catch fails, a sound driver that it passed does not", () => {
  const bounded = CHECKS.filter(({ expected }) => expected !== null).map((row) => ({
    ...row,
    verdict: "bounded" as const,
  }));
  const failures = failuresOf(checkResult(bounded));
  assert.is(failures.length, bounded.filter(({ expected }) => expected === "violated").length);
  for (const failure of failures) assert.match(failure, "this control was not caught");
});

test.run();
