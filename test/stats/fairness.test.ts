// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jainIndex, maxOverMin } from "../../host/stats/fairness.ts";

test("Jain's index is 1 where all got the same, and 1/n where one got everything", () => {
  assert.is(jainIndex([7, 7, 7]), 1);
  assert.is(jainIndex([0, 5, 0, 0]), 0.25);
  assert.ok(Math.abs((jainIndex([1, 3]) ?? 0) - 0.8) < 1e-12);
});

test("it does not depend on the unit", () => {
  assert.ok(Math.abs((jainIndex([2, 4, 9]) ?? 0) - (jainIndex([20, 40, 90]) ?? 1)) < 1e-12);
});

test("where nobody got anything there is no index", () => {
  assert.is(jainIndex([0, 0]), null);
  assert.is(jainIndex([]), null);
});

test("the richest over the poorest, unless that one got nothing", () => {
  assert.is(maxOverMin([3, 12, 6]), 4);
  assert.is(maxOverMin([5]), 1);
  assert.is(maxOverMin([0, 5]), null);
  assert.is(maxOverMin([]), null);
});

test.run();
