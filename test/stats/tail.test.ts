// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { P999_SAMPLES, tailOf } from "../../host/stats/tail.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => n - i);

test("percentiles are by nearest rank, of samples in any order", () => {
  const tail = tailOf(upTo(2000));
  assert.equal(tail, { unit: "ns", n: 2000, p50: 1000, p99: 1980, p999: 1998, max: 2000 });
});

test("there is a p99.9 from 1000 samples on, and not before", () => {
  assert.is(tailOf(upTo(P999_SAMPLES - 1))?.p999, null);
  assert.is(tailOf(upTo(P999_SAMPLES))?.p999, 999);
  assert.is(P999_SAMPLES, 1000);
});

test("the longest counts where it was not kept as a sample", () => {
  assert.is(tailOf([1, 2, 3], 50)?.max, 50);
  assert.is(tailOf([1, 2, 3], 2)?.max, 3);
  assert.is(tailOf([1, 2, 3], 50)?.p99, 3);
});

test("without a sample there is no tail", () => {
  assert.is(tailOf([], 5), null);
});

test.run();
