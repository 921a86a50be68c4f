// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { logTotal } from "../../host/machine/inspect.ts";
import { Local } from "../support/local.ts";
import { onMachine } from "../support/scenario.ts";

const MAX = 0x7fff_ffff;
const SATURATED = -0x4000_0000;
const RUNS = 500;

const ADD_UAF = "WARN_REFCOUNT_ADDITION_ON_0_USE_AFTER_FREE";
const OVERFLOW = "WARN_REFCOUNT_SATURATED_LEAKING_MEMORY";
const UNDERFLOW = "WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE";
const DEC_LEAK = "WARN_REFCOUNT_DECREMENT_HIT_0_LEAKING_MEMORY";

/** A count, and the warnings that calls on it leave. */
class Count {
  readonly local = new Local();
  readonly at = this.local.alloc(4);

  set(value: number): this {
    this.local.poke(this.at, value);
    return this;
  }

  get value(): number {
    return this.local.word(this.at) | 0;
  }

  /** @returns what the call returned, and the warning that it left, or null */
  call(fn: string, n?: number): [number, string | null] {
    const before = logTotal(this.local);
    const args = n === undefined ? [this.at] : [n, this.at];
    const result = this.local.call(fn, ...args);
    const warned = logTotal(this.local) - before;
    assert.ok(warned <= 1, "one warning a call at most");
    return [result, warned === 0 ? null : (this.local.warnings().at(-1) ?? null)];
  }
}

test("C1: inc of a dead count warns and saturates", () => {
  const count = new Count();
  assert.equal(count.call("refcount_inc"), [0, ADD_UAF]);
  assert.is(count.value, SATURATED);
});

test("C2: a count that passes INT_MAX saturates, and never comes back to 0", () => {
  const count = new Count().set(MAX);
  assert.equal(count.call("refcount_inc"), [0, OVERFLOW]);
  assert.is(count.value, SATURATED);
  for (let i = 0; i < 3; i++) {
    assert.is(count.call("refcount_dec_and_test")[0], 0);
    assert.is(count.value, SATURATED);
  }
  count.set(MAX);
  assert.equal(count.call("refcount_inc_not_zero"), [1, OVERFLOW]);
  assert.is(count.value, SATURATED);
});

test("C3: taking more than there is warns and saturates", () => {
  const count = new Count().set(1);
  assert.equal(count.call("refcount_sub_and_test", 2), [0, UNDERFLOW]);
  assert.is(count.value, SATURATED);
  count.set(0);
  assert.equal(count.call("refcount_dec_and_test"), [0, UNDERFLOW]);
  assert.is(count.value, SATURATED);
});

test("C4: inc_not_zero fails on 0 alone", () => {
  const count = new Count();
  assert.equal(count.call("refcount_inc_not_zero"), [0, null]);
  assert.is(count.value, 0);
  count.set(1);
  assert.equal(count.call("refcount_inc_not_zero"), [1, null]);
  assert.is(count.value, 2);
  count.set(SATURATED);
  assert.equal(count.call("refcount_inc_not_zero"), [1, OVERFLOW]);
  assert.is(count.value, SATURATED);
});

test("C5, O1: of all that give up a reference at once, one is told that it was the last", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const count = on.alloc(4);
    for (let round = 0; round < 25; round++) {
      on.poke(count, on.machine.cpus);
      const last = await on.machine.callAll("refcount_dec_and_test", () => [count]);
      assert.is(last.filter((is) => is === 1).length, 1);
      assert.is(on.word(count), 0);
    }
    assert.equal(on.machine.log(), []);
  });
});

test("C5: sub_and_test is true for exactly what is left", () => {
  const count = new Count().set(5);
  assert.equal(count.call("refcount_sub_and_test", 3), [0, null]);
  assert.equal(count.call("refcount_sub_and_test", 2), [1, null]);
  assert.is(count.value, 0);
});

test("C6: dec to 0 warns and saturates", () => {
  const count = new Count().set(2);
  assert.equal(count.call("refcount_dec"), [0, null]);
  assert.equal(count.call("refcount_dec"), [0, DEC_LEAK]);
  assert.is(count.value, SATURATED);
});

interface Outcome {
  readonly value: bigint;
  readonly result: boolean;
  readonly warning: string | null;
}

const broken = (warning: string, result = false): Outcome => {
  return { value: BigInt(SATURATED), result, warning };
};

/** What the rules say, in numbers that do not wrap. */
const MODEL: Record<string, (old: bigint, n: bigint) => Outcome> = {
  refcount_add: (old, n) => {
    if (old === 0n) return broken(ADD_UAF);
    if (old < 0n || old + n > BigInt(MAX)) return broken(OVERFLOW);
    return { value: old + n, result: false, warning: null };
  },
  refcount_inc_not_zero: (old) => {
    if (old === 0n) return { value: 0n, result: false, warning: null };
    if (old < 0n || old + 1n > BigInt(MAX)) return broken(OVERFLOW, true);
    return { value: old + 1n, result: true, warning: null };
  },
  refcount_sub_and_test: (old, n) => {
    if (old < n) return broken(UNDERFLOW);
    return { value: old - n, result: old === n, warning: null };
  },
  refcount_dec: (old) => {
    if (old <= 1n) return broken(DEC_LEAK);
    return { value: old - 1n, result: false, warning: null };
  },
};

test("C1, C2, C3, C4, C5, C6: any sequence from any count does what the model says", () => {
  const count = new Count();
  const edges = [0, 1, 2, MAX - 1, MAX, SATURATED, -1, -MAX - 1];
  const start = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: -MAX - 1, max: MAX }));
  const amount = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: MAX }));
  const ops = fc.array(fc.tuple(fc.constantFrom(...Object.keys(MODEL)), amount), { maxLength: 20 });
  fc.assert(
    fc.property(start, ops, (value, sequence) => {
      count.set(value);
      for (const [fn, n] of sequence) {
        const takesAmount = fn === "refcount_add" || fn === "refcount_sub_and_test";
        const expected = MODEL[fn]?.(BigInt(count.value), BigInt(n));
        const [result, warning] = count.call(fn, takesAmount ? n : undefined);
        assert.is(warning, expected?.warning, fn);
        assert.is(result === 1, expected?.result, fn);
        assert.is(BigInt(count.value), expected?.value, fn);
      }
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

test.run();
