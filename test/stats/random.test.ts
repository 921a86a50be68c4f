// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomFrom, shuffled } from "../../host/stats/random.ts";

test("equal seeds give equal streams, and neighbouring seeds unlike ones", () => {
  const stream = (seed: number) => Array.from({ length: 5 }, randomFrom(seed));
  assert.equal(stream(1), stream(1));
  assert.not.equal(stream(1), stream(2));
});

test("numbers lie in [0, 1) and fill it evenly", () => {
  const random = randomFrom(5);
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[Math.floor(random() * 10)]++;
  // A deviation of 5 standard errors (30 each) has a chance of 1 in 170,000; the seed is fixed.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `${counts}`);
});

test("a shuffle keeps every item, and each comes first as often", () => {
  const random = randomFrom(9);
  const first: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let i = 0; i < 3000; i++) {
    const order = shuffled(["a", "b", "c"], random);
    assert.equal([...order].sort(), ["a", "b", "c"]);
    first[order[0] as string] = (first[order[0] as string] ?? 0) + 1;
  }
  for (const count of Object.values(first)) assert.ok(Math.abs(count - 1000) < 130, `${count}`);
});

test.run();
