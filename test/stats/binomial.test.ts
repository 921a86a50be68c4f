// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shareOf } from "../../host/stats/binomial.ts";

/** Clopper and Pearson's intervals as tables of them print them. */
const TABLE: readonly (readonly [hits: number, of: number, low: number, high: number])[] = [
  [0, 10, 0, 0.3085],
  [1, 10, 0.0025, 0.445],
  [5, 10, 0.1871, 0.8129],
  [10, 10, 0.6915, 1],
  [1, 20, 0.0013, 0.2487],
  [5, 100, 0.0164, 0.1128],
  [0, 100, 0, 0.0362],
];

test("the intervals are those of the tables", () => {
  for (const [hits, of, low, high] of TABLE) {
    const found = shareOf(hits, of);
    assert.is(found.share, hits / of);
    assert.ok(Math.abs(found.low - low) < 6e-5, `${hits} of ${of}: low ${found.low}`);
    assert.ok(Math.abs(found.high - high) < 6e-5, `${hits} of ${of}: high ${found.high}`);
  }
});

test("hits and misses mirror each other", () => {
  const [few, many] = [shareOf(3, 17), shareOf(14, 17)];
  assert.ok(Math.abs(few.low - (1 - many.high)) < 1e-12);
  assert.ok(Math.abs(few.high - (1 - many.low)) < 1e-12);
});

test("thousands of cases do not underflow", () => {
  const { low, high } = shareOf(2500, 50_000);
  assert.ok(low > 0.048 && low < 0.0482, `${low}`);
  assert.ok(high > 0.0518 && high < 0.052, `${high}`);
});

test.run();
