// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import { styleFor } from "../../host/report/style.ts";
import { drawResult } from "../../host/report/text.ts";
import { failuresOf } from "../../host/report/verdict.ts";
import { toJson } from "../../host/report/write.ts";
import { selfTestOf } from "../../host/result/selftest-summary.ts";
import { selfTestResult } from "./sample-selftest.ts";

const draw = (...args: Parameters<typeof selfTestResult>) =>
  drawResult(selfTestResult(...args), { width: 100, style: styleFor(false) });

test("the text has a row a setting, the rate with its interval, and what was put in", () => {
  const text = draw(2, 40, 10).join("\n");
  assert.match(text, /^rwsem +pair, shared device, 1 thread +40 +2 +0.500 % +11.1 %$/m);
  assert.match(
    text.replace(/\n/g, " "),
    "in 2 of 40 comparisons, 5.00 % (95 % interval 0.611 to 16.9 %)",
  );
  assert.match(text, "measured 5.00 %, found in 10 of 10");
});

test("a rate that may be 5 % is no failure; one that is more for certain is", () => {
  assert.equal(failuresOf(selfTestResult(4, 40, 10)), []); // 10 %: 2.79 to 23.7
  const [line, ...more] = failuresOf(selfTestResult(8, 40, 10)); // 20 %: 9.05 to 35.6
  assert.match(line ?? "", "false alarms: 8 of 40 comparisons, 20.0 %");
  assert.equal(more, []);
});

test("a slowdown that fewer than 4 of 5 comparisons found is a failure", () => {
  assert.equal(failuresOf(selfTestResult(0, 40, 8)), []);
  const [line] = failuresOf(selfTestResult(0, 40, 7));
  assert.is(line, "a slowdown of 5.00 % was found in 7 of 10 comparisons, not in 4 of 5");
});

test("what was written is read back, with a slowdown put in or without", () => {
  const result = selfTestResult(1, 3, 10);
  assert.equal(parseResult(toJson(result), "a.json"), result);
  const { injection, ...without } = result.selftest ?? selfTestOf(1, [], null);
  const bare = { ...result, selftest: without };
  assert.equal(parseResult(toJson(bare), "a.json"), bare);
});

test("an interrupted run without a comparison says no rate", () => {
  const { selftest, ...rest } = selfTestResult(0, 1, 1);
  const text = drawResult({ ...rest, interrupted: true }, { width: 100, style: styleFor(false) });
  assert.is(text.join("\n").includes("comparison"), false);
});

test.run();
