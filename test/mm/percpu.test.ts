// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalKernel } from "../drivers/cxl/kernel.ts";
import { staged } from "../kernel/rcu/stage.ts";

function kernel(): LocalKernel {
  return new LocalKernel(512 * 1024);
}

function codes(k: LocalKernel): string[] {
  return k.log().map(({ code }) => code);
}

test("P1: blocks are aligned to 8 and lie in the dynamic part of the unit", () => {
  const k = kernel();
  for (const bytes of [1, 4, 8, 9, 24, 100, 4096, 32768]) {
    const off = k.call("alloc_percpu", bytes);
    assert.is(off % 8, 0);
    assert.ok(off >= k.constant("PERCPU_DYNAMIC"), `${bytes}`);
    assert.ok(off + bytes <= k.constant("PERCPU_DYNAMIC_END"), `${bytes}`);
  }
});

staged(
  "P2: a block is zero on every CPU, also when it was used before",
  { cpus: 3 },
  async (stage) => {
    const off = await stage.call(0, "alloc_percpu", 16);
    const words = () =>
      [0, 1, 2].flatMap((cpu) => [0, 4, 8, 12].map((i) => stage.get(stage.percpu(off + i, cpu))));
    assert.equal(words(), Array(12).fill(0));
    for (const cpu of [0, 1, 2])
      for (const i of [0, 4, 8, 12]) stage.set(stage.percpu(off + i, cpu), 77);
    await stage.call(1, "free_percpu", off, 16);
    assert.is(await stage.call(2, "alloc_percpu", 12), off, "P4: the freed block comes first");
    assert.equal(words(), Array(12).fill(0));
  },
);

test("P3, P4: blocks in use never overlap, whatever the order; all comes back", () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constant(8), fc.constant(-1));
  const k = kernel();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.nat(), (steps, seed) => {
      const live: [number, number][] = [];
      let pick = seed;
      for (const bytes of steps) {
        if (bytes > 0) {
          const off = k.call("alloc_percpu", bytes);
          if (off === 0) continue;
          for (const [o, b] of live) assert.ok(off + bytes <= o || o + b <= off, "overlap");
          live.push([off, bytes]);
        } else if (live.length > 0) {
          pick = (pick * 31 + 7) % live.length;
          const [[off, size]] = live.splice(pick, 1) as [[number, number]];
          k.call("free_percpu", off, size);
        }
      }
      for (const [off, bytes] of live) k.call("free_percpu", off, bytes);
      assert.is(k.call("percpu_used"), 0);
    }),
    { numRuns: 100 },
  );
  assert.equal(codes(k), []);
});

test("P4: when the range is used up, larger free blocks are halved; then 0", () => {
  const k = kernel();
  const blocks: number[] = [];
  for (let off = k.call("alloc_percpu", 4096); off !== 0; off = k.call("alloc_percpu", 4096)) {
    blocks.push(off);
  }
  assert.is(
    blocks.length,
    (k.constant("PERCPU_DYNAMIC_END") - k.constant("PERCPU_DYNAMIC")) / 4096,
  );
  assert.is(k.call("alloc_percpu", 8), 0);
  k.call("free_percpu", blocks[3] ?? 0, 4096);
  const small = Array.from({ length: 512 }, () => k.call("alloc_percpu", 8));
  assert.is(new Set(small).size, 512);
  assert.ok(small.every((off) => off >= (blocks[3] ?? 0) && off < (blocks[3] ?? 0) + 4096));
  assert.is(k.call("alloc_percpu", 8), 0);
  for (const off of small) k.call("free_percpu", off, 8);
  assert.is(k.call("percpu_used"), 4096 * (blocks.length - 1));
});

test("a size of 0, or over the largest block, cannot be had", () => {
  const k = kernel();
  assert.equal(
    [0, 32769, 0xffffffff].map((n) => k.call("alloc_percpu", n)),
    [0, 0, 0],
  );
});

test("P5: freeing twice, or what was never handed out, warns and changes nothing", () => {
  const k = kernel();
  const off = k.call("alloc_percpu", 8);
  k.call("free_percpu", off, 8);
  k.call("free_percpu", off, 8);
  assert.equal(codes(k), ["WARN_PERCPU_DOUBLE_FREE"]);
  for (const bad of [off + 8, off + 4, 8, 0xfff8]) k.call("free_percpu", bad, 8);
  k.call("free_percpu", off, 0);
  assert.equal(codes(k).slice(1), Array(5).fill("WARN_PERCPU_BAD_FREE"));
  assert.is(k.call("percpu_used"), 0);
  k.call("free_percpu", 0, 8); // fine
  assert.is(codes(k).length, 6);
  assert.is(k.call("alloc_percpu", 8), off);
});

test.run();
