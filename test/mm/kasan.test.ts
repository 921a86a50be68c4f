// SPDX-License-Identifier: GPL-2.0-only
/** The kernel's half of the sanitizer: what the shadow says, and when. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { image, reportsOf } from "../instrument/fixture.ts";
import { LocalCpus } from "./local-cpus.ts";

const FREED = 0xfb;
const REDZONE = 0xfc;
const HEADER = 0xfd;
const NEVER = 0xff;
const BLOCK = 128; // of the smallest class
const SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 100, 128, 191, 192, 193, 447, 448, 449, 5000];

const boot = (quarantine = 0, cpus = 1) => new LocalCpus({ cpus, image, shadow: true, quarantine });

/** Bytes of the block behind the header. */
function roomFor(size: number): number {
  let block = BLOCK;
  while (block - 64 < size) block *= 2;
  return block - 64;
}

function expected(size: number): number[] {
  const shadow = new Array<number>(roomFor(size) / 8).fill(REDZONE);
  shadow.fill(0, 0, Math.floor(size / 8));
  if (size % 8 !== 0) shadow[Math.floor(size / 8)] = size % 8;
  return shadow;
}

for (const size of SIZES) {
  test(`K1: of an object of ${size} bytes, these may be touched and no byte more`, () => {
    const kernel = boot();
    const p = kernel.kmalloc(0, size);
    assert.equal(kernel.shadow(p, roomFor(size)), expected(size));
    assert.equal(kernel.shadow(p - 64, 64), new Array(8).fill(HEADER));
    assert.is(kernel.shadow(p + roomFor(size), 8)[0], HEADER, "what follows is a header");
  });
}

test("K1: a block that was larger is cut to the new object", () => {
  const kernel = boot();
  const p = kernel.kmalloc(0, 60);
  kernel.kfree(0, p);
  assert.is(kernel.kmalloc(0, 9), p);
  assert.equal(kernel.shadow(p, 64), expected(9));
});

test("K2: a freed object stays forbidden, out of the quarantine too, until it is given out", () => {
  const kernel = boot();
  const p = kernel.kmalloc(0, 40);
  kernel.kfree(0, p); // no quarantine: it is in a magazine already
  assert.equal(kernel.shadow(p, 64), new Array(8).fill(FREED));
  assert.is(kernel.kmalloc(0, 40), p);
  assert.equal(kernel.shadow(p, 64), expected(40));
});

test("K3, Q1: freed objects are given out again in the order in which they were freed", () => {
  const kernel = boot(2 * BLOCK);
  const [a, b, c, d] = Array.from({ length: 4 }, () => kernel.kmalloc(0, 40)) as [
    number,
    number,
    number,
    number,
  ];
  kernel.kfree(0, b);
  kernel.kfree(0, d);
  assert.not([b, d].includes(kernel.kmalloc(0, 40)), "two blocks are within the limit");
  kernel.kfree(0, a);
  assert.is(kernel.kmalloc(0, 40), b);
  kernel.kfree(0, c);
  assert.is(kernel.kmalloc(0, 40), d);
});

test("Q2: what one large object pushes out is all released", () => {
  const kernel = boot(10 * BLOCK);
  const small = Array.from({ length: 8 }, () => kernel.kmalloc(0, 40));
  const large = kernel.kmalloc(0, 10 * BLOCK - 64);
  for (const p of small) kernel.kfree(0, p);
  kernel.kfree(0, large); // its block is of 16 * BLOCK: over the limit by itself
  const again = new Set(Array.from({ length: 8 }, () => kernel.kmalloc(0, 40)));
  assert.equal([...again].sort(), small.sort());
  assert.is(kernel.kmalloc(0, 10 * BLOCK - 64), large);
});

test("Q1: each CPU has a quarantine of its own", () => {
  const kernel = boot(BLOCK, 2);
  const [a, b] = [kernel.kmalloc(0, 40), kernel.kmalloc(0, 40)];
  kernel.kfree(0, a);
  kernel.kfree(1, b);
  assert.not([a, b].includes(kernel.kmalloc(0, 40)));
  assert.is(kernel.live(), 1);
});

test("M2: an object in quarantine cannot be freed again", () => {
  const kernel = boot(1 << 16);
  const p = kernel.kmalloc(0, 40);
  kernel.kfree(0, p);
  kernel.kfree(0, p);
  assert.equal(
    reportsOf(kernel).map(({ property }) => property),
    ["double free"],
  );
  assert.is(kernel.live(), 0);
  assert.is(kernel.event("EV_VIOLATION"), 1);
});

test("M5: when the quarantine holds the memory, kmalloc() returns 0", () => {
  const kernel = new LocalCpus({ image, shadow: true, memoryBytes: 16 << 20, quarantine: 1 << 30 });
  let n = 0;
  for (let p = kernel.kmalloc(0, 4000); p !== 0; p = kernel.kmalloc(0, 4000)) {
    kernel.kfree(0, p);
    n += 1;
  }
  assert.ok(n > 1000);
  assert.is(kernel.live(), 0);
  assert.is(kernel.event("EV_SLAB_ENOMEM"), 1);
  assert.equal(reportsOf(kernel), []);
});

test("what nobody may touch is forbidden from boot on, and nothing else", () => {
  const kernel = boot(0, 2);
  const { arenaStart, arenaEnd, shadowStart, shadowEnd, userStart, hostEnd } = kernel.map;
  const kinds = (from: number, to: number) => [...new Set(kernel.shadow(from, to - from))];
  assert.equal(kinds(0, 0x1000), [kernel.constant("KASAN_NULL_PAGE")]);
  assert.equal(kinds(arenaStart, arenaEnd), [NEVER]);
  assert.equal(kinds(userStart, hostEnd), [0]);
  assert.equal(kinds(shadowStart, shadowEnd), [kernel.constant("KASAN_METADATA")]);
  assert.is(shadowEnd, kernel.bytes.length, "the shadow covers all of memory, itself included");
  assert.is((shadowEnd - shadowStart) * 8, shadowEnd);
  for (const cpu of [0, 1]) {
    const unit = kernel.constant("PERCPU_BASE") + cpu * kernel.constant("PERCPU_STRIDE");
    const slab = unit + kernel.constant("PERCPU_SLAB");
    const dynamic = unit + kernel.constant("PERCPU_DYNAMIC");
    assert.equal(kinds(unit, slab), [0]);
    assert.equal(kinds(slab, dynamic), [kernel.constant("KASAN_METADATA")]);
    const last = unit + kernel.constant("PERCPU_DYNAMIC_END") - 8;
    assert.equal(kinds(last, last + 8), [kernel.constant("KASAN_PERCPU_FREED")]);
  }
});

test("a per-CPU slot may be touched on every CPU from alloc_percpu() to free_percpu()", () => {
  const kernel = boot(0, 3);
  const freed = kernel.constant("KASAN_PERCPU_FREED");
  const off = kernel.call(1, "alloc_percpu", 12);
  const shadows = () =>
    [0, 1, 2].map((cpu) => {
      const unit = kernel.constant("PERCPU_BASE") + cpu * kernel.constant("PERCPU_STRIDE");
      return kernel.shadow(unit + off, 16);
    });
  assert.equal(
    shadows(),
    [0, 1, 2].map(() => [0, 4]),
  );
  kernel.call(2, "free_percpu", off, 12);
  assert.equal(
    shadows(),
    [0, 1, 2].map(() => [freed, freed]),
  );
});

test("K4: an access is judged by its last byte", () => {
  const kernel = boot();
  const read = (size: number, at: number) => {
    const before = kernel.event("EV_VIOLATION");
    kernel.call(0, "test_read", size, at);
    return kernel.event("EV_VIOLATION") - before;
  };
  assert.is(read(64, 60), 0);
  assert.is(read(64, 62), 1, "it ends in the redzone");
  assert.is(read(62, 58), 0);
  assert.is(read(61, 58), 1, "it ends behind the last byte of a granule that is good in part");
  assert.is(read(64, -4), 1);
  assert.is(read(64, -2), 0, "it begins in the redzone and ends in the object: let through");
});

test("K5: a range is judged by every byte", () => {
  const kernel = boot();
  const p = kernel.kmalloc(0, 300);
  const check = (at: number, bytes: number) => {
    const before = kernel.event("EV_VIOLATION");
    kernel.call(0, "kasan_check_range", at, bytes, 1);
    return kernel.event("EV_VIOLATION") - before;
  };
  for (let at = 0; at < 20; at++) {
    for (const bytes of [0, 1, 2, 7, 8, 9, 63, 64, 65, 128, 280]) {
      assert.is(check(p + at, bytes), 0, `${bytes} bytes from ${at}`);
    }
    assert.is(check(p + at, 301 - at), 1, `one byte too many from ${at}`);
    assert.is(check(p - 1, at + 1), 1, `from one byte before, ${at + 1} bytes`);
  }
  assert.is(check(p, 5000), 1);
});

test("K6: a faulty access happens all the same", () => {
  const kernel = boot(1 << 16);
  const next = kernel.kmalloc(0, 56);
  kernel.kfree(0, next);
  const p = next + BLOCK; // the block that the test function is given
  kernel.call(0, "test_uaf_fill", 3);
  assert.equal([...kernel.bytes.subarray(p, p + 4)], [1, 1, 1, 0]);
  assert.is(reportsOf(kernel)[0]?.object?.address, p);
});

test("without a shadow the sanitized kernel checks nothing and keeps no quarantine", () => {
  const kernel = new LocalCpus({ image });
  kernel.bytes.fill(0xff, 0x4800, 0x8000); // where a shadow at 0 would be
  const p = kernel.kmalloc(0, 40);
  kernel.call(0, "test_touch", p);
  kernel.kfree(0, p);
  assert.is(kernel.kmalloc(0, 40), p);
  assert.is(kernel.event("EV_VIOLATION"), 0);
});

test.run();
