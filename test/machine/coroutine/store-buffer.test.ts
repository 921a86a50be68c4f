// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WORD } from "../../../host/machine/coroutine/knowledge.ts";
import { FIELD } from "../../../host/machine/coroutine/regions.ts";
import type { MemoryModel } from "../../../host/result/check.ts";
import { BITS, type Parts, partsFor } from "./parts.ts";

type Weak = Exclude<MemoryModel, "sc">;
interface Store {
  readonly at: number;
  readonly value: number;
  readonly release?: boolean;
  /** The value of the word behind, of a wide store. */
  readonly high?: number;
}

/** Lets a thread make stores, each followed by what `then` does while the thread sees its own. */
function step(parts: Parts, thread: number, stores: readonly Store[], then = () => {}): void {
  const { buffer, tracked, words, word } = parts;
  tracked.begin();
  buffer.enter(thread);
  for (const { at, value, release = false, high } of stores) {
    if (buffer.isFull) buffer.drainAll(() => {});
    buffer.store(word + 2 * at, high !== undefined, release, 0);
    words[word + 2 * at] = value;
    if (high !== undefined) words[word + 2 * at + 1] = high;
  }
  then();
  buffer.leave(thread);
}

/** What memory holds at the even words: wide stores have the odd ones too. */
const memoryOf = ({ words, word }: Parts, count = 4) =>
  Array.from({ length: count }, (_, i) => words[word + 2 * i]);

const a = { at: 0, value: 1 };
const b = { at: 1, value: 2 };
const c = { at: 2, value: 3 };

/** Thread 0 stores to words 0 and 1, marks, stores to word 2 and marks twice: all three marks wait. */
function marked(model: Weak): Parts {
  const parts = partsFor(2, model);
  const { accounts, buffer, tracked, words, word } = parts;
  tracked.flags.fill(WORD.contended, word, word + 16);
  tracked.begin();
  accounts.begin();
  buffer.enter(0);
  const plain = (at: number) => accounts.access(0, (word + at) * 4, BITS.store, 1);
  const mark = (value: number) => {
    buffer.store(word + 2 + 2 * value, false, false, accounts.footprintLength);
    words[word + 2 + 2 * value] = value;
  };
  plain(0);
  plain(1);
  mark(1);
  plain(2);
  mark(2);
  mark(3);
  accounts.keep(0);
  buffer.leave(0);
  return parts;
}

/** Of the first `count` words, those where a load of thread 1 races with thread 0. */
function racingWith({ accounts, word }: Parts, count: number): number[] {
  accounts.countFootprints();
  return Array.from({ length: count }, (_, at) => at).filter((at) => {
    accounts.begin();
    accounts.access(1, (word + at) * 4, BITS.load, 1);
    return accounts.race !== null;
  });
}

/** All orders in which what waits of thread 0 may reach memory, as indices of `stores`. */
function drainOrders(model: Weak, stores: readonly Store[]): string[] {
  const orders: string[] = [];
  const walk = (taken: readonly number[]) => {
    const parts = partsFor(2, model);
    step(parts, 0, stores);
    const left = stores.map((_, i) => i);
    for (const entry of taken) left.splice(entry, 1);
    for (const entry of taken) parts.buffer.drain(0, entry);
    if (left.length === 0) {
      const numbers = stores.map((_, i) => i);
      orders.push(taken.map((entry) => numbers.splice(entry, 1)[0]).join(""));
    }
    const out: number[] = [];
    const count = parts.buffer.drainable(0, out);
    for (const entry of out.slice(0, count)) walk([...taken, entry]);
  };
  walk([]);
  return orders.sort();
}

test("tso: stores reach memory in order", () => {
  assert.equal(drainOrders("tso", [a, b, c]), ["012"]);
});

test("pso: stores to different words reach memory in any order", () => {
  assert.equal(drainOrders("pso", [a, b, c]), ["012", "021", "102", "120", "201", "210"]);
});

test("pso: stores to one word stay in order", () => {
  assert.equal(drainOrders("pso", [a, { at: 0, value: 9 }, b]), ["012", "021", "201"]);
});

test("pso: a release waits for all before it, and later ones may pass it", () => {
  const release = { ...b, release: true };
  assert.equal(drainOrders("pso", [a, release, c]), ["012", "021", "201"]);
});

test("pso: the two words of a wide store stay in order with either's", () => {
  const wide = { at: 1, value: 7, high: 8 };
  assert.equal(drainOrders("pso", [wide, b]), ["01"]);
  const upper = { at: 1.5, value: 4 };
  assert.equal(drainOrders("pso", [wide, upper]), ["01"]);
  assert.equal(drainOrders("pso", [upper, wide]), ["01"]);
  assert.equal(drainOrders("pso", [wide, a]), ["01", "10"]);
});

for (const model of ["tso", "pso"] as const) {
  test(`${model}: a thread sees its own stores, and others do when they drain`, () => {
    const parts = partsFor(2, model);
    step(parts, 0, [a, b, { at: 0, value: 5 }], () => {
      assert.equal(memoryOf(parts), [5, 2, 0, 0], "it sees the last of each");
    });
    assert.equal(memoryOf(parts), [0, 0, 0, 0], "nobody else does");
    assert.equal(
      parts.buffer.waiting(0).map(({ word, value }) => [(word - parts.word) / 2, value]),
      [
        [0, 1],
        [1, 2],
        [0, 5],
      ],
    );
    step(parts, 1, [c], () => assert.equal(memoryOf(parts), [0, 0, 3, 0]));
    step(parts, 0, [], () => assert.equal(memoryOf(parts), [5, 2, 0, 0], "it still does"));
    assert.is(parts.buffer.drain(0, 0), parts.word);
    assert.equal(memoryOf(parts), [1, 0, 0, 0]);
    step(parts, 0, [], () => assert.equal(memoryOf(parts), [5, 2, 0, 0], "the newer one"));
    assert.is(parts.regions.get(0, FIELD.buffered), 2);
  });

  test(`${model}: a full barrier lets all that waits reach memory`, () => {
    const parts = partsFor(2, model);
    const { word } = parts;
    const reached: number[] = [];
    step(parts, 0, [a, { ...b, high: 4 }]);
    assert.equal(
      [0, 1, 2, 3, 4].filter((i) => parts.buffer.holds(0, word + i)),
      [0, 2, 3],
    );
    assert.not(parts.buffer.holds(1, word));
    step(parts, 0, [c], () => parts.buffer.drainAll((at) => reached.push(at - word)));
    assert.equal(reached, [0, 2, 3, 4], "both words of a wide one");
    assert.not(parts.buffer.holds(0, word));
    assert.equal(memoryOf(parts), [1, 2, 3, 0]);
    assert.is(parts.buffer.drainable(0, []), 0);
  });

  test(`${model}: a wide store is whole, waiting and drained`, () => {
    const parts = partsFor(2, model);
    const { words, word } = parts;
    step(parts, 0, [{ at: 1, value: -1, high: 77 }]);
    assert.equal([words[word + 2], words[word + 3]], [0, 0]);
    step(parts, 0, [], () => assert.equal([words[word + 2], words[word + 3]], [-1, 77]));
    parts.buffer.drain(0, 0);
    assert.equal([words[word + 2], words[word + 3]], [-1, 77]);
  });

  test(`${model}: a step that is taken back leaves memory as it was`, () => {
    const parts = partsFor(2, model);
    step(parts, 0, [a]);
    const before = memoryOf(parts);
    step(parts, 1, [{ at: 0, value: 9 }, b], () => parts.buffer.drainAll(() => {}));
    assert.equal(memoryOf(parts), [9, 2, 0, 0]);
    parts.tracked.undo();
    assert.equal(memoryOf(parts), before);
  });

  test(`${model}: both words of a wide store that drained are taken back`, () => {
    const parts = partsFor(2, model);
    const { words, word, tracked } = parts;
    step(parts, 0, [{ at: 1, value: -1, high: 77 }]);
    tracked.begin();
    parts.buffer.drain(0, 0);
    tracked.undo();
    assert.equal([words[word + 2], words[word + 3]], [0, 0]);
  });

  test(`${model}: behind a barrier is all that came before any marked store, plain ones last or not`, () => {
    const { buffer, tracked, word } = partsFor(1, model);
    tracked.begin();
    buffer.enter(0);
    for (const [at, before] of [3, 5, 0].entries())
      buffer.store(word + 2 * at, false, false, before);
    assert.is(
      buffer.drainAll(() => {}),
      5,
    );
  });

  test(`${model}: what came before a marked store races with nobody once that has drained`, () => {
    const orders = [[0, 0, 0], ...(model === "pso" ? [[1, 0, 0]] : [])];
    for (const entries of orders) {
      const parts = marked(model);
      const values = () => parts.buffer.waiting(0).map(({ value }) => value);
      const left = [1, 2, 3];
      const races = entries.map((entry) => {
        parts.buffer.drain(0, entry);
        left.splice(entry, 1);
        assert.equal(values(), left, "the others wait as they did");
        return racingWith(parts, 3);
      });
      const first = entries[0] === 0 ? [2] : [];
      assert.equal(races, [first, [], []], `${entries}`);
    }
  });

  test(`${model}: a buffer that is full drains`, () => {
    const parts = partsFor(2, model);
    const stores = Array.from({ length: 13 }, (_, i) => ({ at: i, value: i + 1 }));
    step(parts, 0, stores);
    assert.is(parts.regions.get(0, FIELD.buffered), 1);
    assert.equal(memoryOf(parts, 13), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0]);
  });
}

test("under sequential consistency nothing waits", () => {
  assert.not(partsFor(1, "sc").buffer.weak);
  assert.ok(partsFor(1, "tso").buffer.weak && partsFor(1, "pso").buffer.weak);
});

test.run();
