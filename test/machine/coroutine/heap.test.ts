// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ARENA_BYTES } from "../../../host/machine/coroutine/layout.ts";
import { broken, partsFor } from "./parts.ts";

const MISC = 1;
const SITE = 9;

test("an access must lie wholly inside a live object", () => {
  const { heap } = partsFor(2);
  const base = heap.allocate(0, 24, MISC, SITE);
  for (const at of [0, 8, 20]) heap.checkAccess(base + at, 4, SITE);
  heap.checkAccess(base + 16, 8, SITE);
  heap.checkAccess(base + 23, 1, SITE);
  for (const [at, bytes] of [
    [24, 1],
    [20, 8],
    [22, 4],
    [-1, 1],
    [-4, 4],
    [-4, 8],
    [900, 4],
  ] as const) {
    assert.is(
      broken(() => heap.checkAccess(base + at, bytes, SITE)),
      "out of bounds",
      `${at}`,
    );
  }
});

test("an object of any size is that large, small and large ones", () => {
  const { heap } = partsFor(1);
  for (const size of [1, 3, 4, 64, 960, 961, 4096, 16320]) {
    const base = heap.allocate(0, size, MISC, SITE);
    assert.is(base % 64, 0);
    heap.checkAccess(base, 1, SITE);
    heap.checkAccess(base + size - 1, 1, SITE);
    const isFull = size === 960 || size === 16320; // what lies behind is the next slot
    const property = broken(() => heap.checkAccess(base + size, 1, SITE));
    assert.is(property, isFull ? "wild access" : "out of bounds", `${size}`);
  }
  assert.is(heap.allocate(0, 16321, MISC, SITE), 0, "too large");
});

test("memory of no object is wild", () => {
  const { heap, layout } = partsFor(2);
  const base = heap.allocate(0, 8, MISC, SITE);
  const property = (address: number) => broken(() => heap.checkAccess(address, 4, SITE));
  assert.is(property(base + 1024), "wild access", "the next slot");
  assert.is(property(layout.small[1] as number), "wild access", "another's heap");
  assert.is(property((layout.large[0] as number) + 64), "wild access");
});

test("what is freed is not used, freed again, or given out again", () => {
  const { heap, words } = partsFor(1);
  const base = heap.allocate(0, 16, MISC, 3);
  words.fill(7, base / 4, base / 4 + 4);
  assert.equal(heap.allocated.get(base), { thread: 0, site: 3 });
  assert.is(heap.free(0, base, 5)?.size, 16);
  assert.equal(heap.freed.get(base), { thread: 0, site: 5 });
  assert.equal([...words.subarray(base / 4, base / 4 + 4)], [0, 0, 0, 0], "it is one state");
  assert.is(
    broken(() => heap.checkAccess(base, 4, SITE)),
    "use after free",
  );
  assert.is(
    broken(() => heap.checkAccess(base + 16, 4, SITE)),
    "use after free",
  );
  assert.is(
    broken(() => heap.free(0, base, SITE)),
    "double free",
  );
  assert.is.not(heap.allocate(0, 16, MISC, SITE), base);
});

test("only what was allocated is freed, and nothing is", () => {
  const { heap, word } = partsFor(1);
  const base = heap.allocate(0, 64, MISC, SITE);
  for (const address of [base + 4, base - 64, base + 1024, 4 * word, 8]) {
    assert.is(
      broken(() => heap.free(0, address, SITE)),
      "invalid free",
      `${address - base}`,
    );
  }
  assert.is(heap.free(0, 0, SITE), null);
});

test("what lives is listed by thread and number, with its type", () => {
  const { heap } = partsFor(2);
  const bases = [0, 1, 0, 2].map((thread, i) => heap.allocate(thread, 100 + i, i + 1, SITE));
  const large = heap.allocate(1, 5000, 7, SITE);
  heap.free(1, bases[0] as number, SITE);
  const live = heap.live().map(({ base, size, type, thread, number }) => {
    return [base, size, type, thread, number];
  });
  assert.equal(live, [
    [bases[2], 102, 3, 0, 1],
    [bases[1], 101, 2, 1, 0],
    [large, 5000, 7, 1, 0],
    [bases[3], 103, 4, 2, 0],
  ]);
});

test("an address follows from what its own thread did, whatever others do", () => {
  const sizes = [16, 2000, 64, 16, 3000];
  const alone = partsFor(2).heap;
  const wanted = sizes.map((size) => alone.allocate(1, size, MISC, SITE));
  const { heap } = partsFor(2);
  const found = sizes.map((size, i) => {
    for (let k = 0; k <= i; k++) heap.free(0, heap.allocate(0, 32, MISC, SITE), SITE);
    heap.allocate(2, 8, MISC, SITE);
    return heap.allocate(1, size, MISC, SITE);
  });
  assert.equal(found, wanted);
});

test("a thread's memory ends, and is not another's", () => {
  const { heap, layout } = partsFor(2);
  let last = 0;
  let count = 0;
  for (let base = heap.allocate(0, 8, MISC, SITE); base !== 0; count++) {
    last = base;
    base = heap.allocate(0, 8, MISC, SITE);
  }
  assert.is(count, 256);
  assert.ok(last < (layout.large[0] as number));
  let large = heap.allocate(0, 5000, MISC, SITE);
  for (let base = large; base !== 0; base = heap.allocate(0, 5000, MISC, SITE)) large = base;
  assert.ok(large + 5000 <= (layout.small[0] as number) + ARENA_BYTES);
});

test("an allocation is taken back with its step", () => {
  const { heap, tracked, regions, words } = partsFor(1);
  const before = words.slice();
  tracked.begin();
  const base = heap.allocate(0, 40, MISC, SITE);
  tracked.undo();
  regions.clear(0);
  assert.equal(Buffer.compare(Buffer.from(before.buffer), Buffer.from(words.buffer)), 0);
  assert.is(heap.objectAt(base), null);
});

test.run();
