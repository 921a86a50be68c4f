// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalKernel } from "../drivers/cxl/kernel.ts";
import { staged } from "../kernel/rcu/stage.ts";

/** An ida of `ids` ids with a bitmap of the caller's, in a kernel of its own. */
class Ida {
  readonly kernel: LocalKernel;
  readonly at: number;

  constructor(ids: number, kernel = new LocalKernel(512 * 1024)) {
    this.kernel = kernel;
    this.at = kernel.map.hostStart;
    assert.is(kernel.call("ida_init", this.at, this.at + 64, ids), 0);
  }

  alloc(min: number, max: number): number {
    return this.kernel.call("ida_alloc_range", this.at, min, max);
  }

  free(id: number): void {
    this.kernel.call("ida_free", this.at, id);
  }

  count(): number {
    return this.kernel.call("ida_count", this.at);
  }

  warnings(): string[] {
    return this.kernel.log().map(({ code }) => code);
  }
}

const ENOSPC = -28;
const ENOMEM = -12;

test("I1: the lowest free id of the range, both ends included", () => {
  const ida = new Ida(200);
  assert.equal([ida.alloc(0, 199), ida.alloc(0, 199), ida.alloc(31, 33)], [0, 1, 31]);
  assert.equal([ida.alloc(31, 33), ida.alloc(31, 33), ida.alloc(31, 33)], [32, 33, ENOSPC]);
  ida.free(32);
  assert.is(ida.alloc(0, 199), 2);
  assert.is(ida.alloc(31, 199), 32);
  assert.is(ida.alloc(7, 7), 7);
  assert.is(ida.alloc(7, 7), ENOSPC);
});

test("I1, I2: any sequence of allocations and frees agrees with a set", () => {
  const ids = 150;
  const range = fc.tuple(fc.nat(ids + 40), fc.nat(ids + 40));
  const step = fc.oneof(range, fc.nat(ids - 1));
  const kernel = new LocalKernel(512 * 1024);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      new Uint8Array(kernel.memory.buffer, kernel.map.hostStart, 256).fill(0);
      const ida = new Ida(ids, kernel);
      const used = new Set<number>();
      for (const s of steps) {
        if (typeof s === "number") {
          if (used.delete(s)) ida.free(s);
          continue;
        }
        let expected = s[0];
        while (used.has(expected)) expected++;
        if (expected > s[1] || expected >= ids) expected = ENOSPC;
        else used.add(expected);
        assert.is(ida.alloc(s[0], s[1]), expected);
      }
      assert.is(ida.count(), used.size);
    }),
    { numRuns: 200 },
  );
});

test("I3: -ENOSPC when full, on an empty range, and above the last id; the ids stay", () => {
  const ida = new Ida(3);
  assert.equal(
    [0, 1, 2, ENOSPC],
    [0, 0, 0, 0].map(() => ida.alloc(0, 100)),
  );
  assert.is(ida.alloc(2, 1), ENOSPC);
  assert.is(ida.alloc(3, 0xffffffff), ENOSPC);
  ida.free(1);
  assert.is(ida.alloc(0, 0x7fffffff), 1);
});

test("I3: -ENOMEM by fault injection alone", () => {
  const ida = new Ida(3);
  ida.kernel.call("fault_setup", 1 << ida.kernel.constant("FAULT_IDA"), 65536, 1);
  assert.is(ida.alloc(0, 2), ENOMEM);
  ida.kernel.call("fault_setup", 0, 65536, 1);
  assert.is(ida.alloc(0, 2), 0);
});

test("I4: freeing an id that is not in use warns and changes nothing", () => {
  const ida = new Ida(40);
  ida.free(0);
  ida.free(39);
  ida.free(40);
  ida.free(0xffffffff);
  assert.equal(ida.warnings(), Array(4).fill("WARN_IDA_FREE_OF_AN_UNUSED_ID"));
  assert.is(ida.count(), 0);
  assert.is(ida.alloc(0, 39), 0);
  ida.free(0);
  ida.free(0);
  assert.is(ida.warnings().length, 5);
});

test("65537 ids, with a bitmap of its own; destroy frees it, and warns if ids are in use", () => {
  const kernel = new LocalKernel(512 * 1024);
  const ids = 65537;
  const at = kernel.map.hostStart;
  const misc = kernel.constant("SLAB_MISC");
  assert.is(kernel.call("ida_init", at, 0, ids), 0);
  assert.is(kernel.call("slab_live", misc), 1);
  for (let id = 0; id < ids; id++) {
    if (kernel.call("ida_alloc_range", at, 0, 65536) !== id) assert.unreachable(`${id}`);
  }
  assert.is(kernel.call("ida_alloc_range", at, 0, 65536), ENOSPC);
  kernel.call("ida_free", at, 65536);
  kernel.call("ida_free", at, 40_000);
  assert.is(kernel.call("ida_alloc_range", at, 0, 65536), 40_000);
  assert.is(kernel.call("ida_alloc_range", at, 0, 65536), 65536);
  kernel.call("ida_destroy", at);
  assert.equal(
    kernel.log().map(({ code, b }) => [code, b]),
    [["WARN_IDA_DESTROY_WITH_IDS_IN_USE", ids]],
  );
  assert.is(kernel.call("slab_live", misc), 0);
});

staged("I2: CPUs never hold the same id", { cpus: 3 }, async (stage) => {
  const ida = stage.alloc(64 + 32);
  const owners = stage.alloc(4 * 40);
  await stage.call(0, "ida_init", ida, ida + 64, 40);
  const clashes = await stage.machine.callAll("ida_torture", (cpu) => [ida, owners, 5000, cpu + 1]);
  assert.equal(clashes, [0, 0, 0]);
  assert.is(await stage.call(0, "ida_count", ida), 0);
  assert.equal(stage.warnings(), []);
});

test.run();
