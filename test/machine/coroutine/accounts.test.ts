// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ACCESS, ACCESS_BYTES_SHIFT } from "../../../host/machine/coroutine/access-table.ts";
import { CLOCK_ADDRESS } from "../../../host/machine/coroutine/accounts.ts";
import { WORD } from "../../../host/machine/coroutine/knowledge.ts";
import { FIELD } from "../../../host/machine/coroutine/regions.ts";
import { BITS, broken, type Parts, partsFor } from "./parts.ts";

const SITE = 4;
type Kind = keyof typeof BITS;

/** A step of a thread: accesses to words, counted from the host's first. */
function step(parts: Parts, thread: number, ...accesses: readonly [Kind, number][]) {
  const { accounts, tracked, word } = parts;
  tracked.begin();
  accounts.begin();
  for (const [kind, at] of accesses) {
    accounts.access(thread, (word + at) * 4, BITS[kind], SITE);
  }
  const race = accounts.race;
  accounts.keep(thread);
  return race;
}

/** Parts whose first `count` words are known to be contended. */
function contended(threads: number, count = 4): Parts {
  const parts = partsFor(threads);
  parts.tracked.flags.fill(WORD.contended, parts.word, parts.word + count);
  return parts;
}

test("the first page is nobody's, but for the clock", () => {
  const { accounts } = partsFor(1);
  for (const address of [0, 4, 0x1c, 0xffc]) {
    const property = broken(() => accounts.access(0, address, BITS.load, SITE));
    assert.is(property, "null dereference", `${address}`);
  }
  accounts.access(0, CLOCK_ADDRESS, BITS.readOnce, SITE);
  accounts.access(0, 0x1000, BITS.load, SITE);
});

test("an access to the heap must be of a live object; a notify touches nothing", () => {
  const { accounts, heap } = partsFor(2);
  const base = heap.allocate(0, 16, 1, SITE);
  accounts.access(1, base + 12, BITS.load, SITE);
  assert.is(
    broken(() => accounts.access(1, base + 16, BITS.load, SITE)),
    "out of bounds",
  );
  heap.free(0, base, SITE);
  assert.is(
    broken(() => accounts.access(1, base, BITS.add, SITE)),
    "use after free",
  );
  accounts.access(1, base, BITS.add | ACCESS.notify, SITE);
});

for (const [mine, theirs, races] of [
  ["load", "load", false],
  ["load", "store", true],
  ["store", "load", true],
  ["store", "store", true],
  ["load", "writeOnce", true],
  ["store", "readOnce", true],
  ["store", "add", true],
  ["load", "readOnce", false],
  ["readOnce", "store", false],
  ["writeOnce", "writeOnce", false],
  ["add", "add", false],
] as [Kind, Kind, boolean][]) {
  const verdict = races ? "is a race" : "is none that is seen in this order";
  test(`${theirs} behind another thread's ${mine}, unordered, ${verdict}`, () => {
    const parts = contended(3);
    assert.is(step(parts, 0, [mine, 1]), null);
    assert.is(step(parts, 2, [theirs, 2]), null, "another word");
    const race = step(parts, 1, [theirs, 1]);
    assert.is(race?.property, races ? "data race" : undefined);
    if (races) assert.equal([race?.address, race?.site], [(parts.word + 1) * 4, SITE]);
  });
}

test("once the thread has made a step, what it did before races with nobody", () => {
  const parts = contended(2);
  step(parts, 0, ["store", 1], ["store", 2]);
  assert.is(parts.regions.get(0, FIELD.footprint), 2);
  step(parts, 0, ["add", 3]);
  assert.is(parts.regions.get(0, FIELD.footprint), 0);
  assert.is(step(parts, 1, ["store", 1], ["store", 2]), null);
});

test("a thread does not race with itself, and the first race of a step is told", () => {
  const parts = contended(3);
  step(parts, 0, ["store", 1], ["store", 2]);
  assert.is(step(parts, 0, ["store", 1]), null);
  step(parts, 0, ["store", 1], ["store", 2]);
  const race = step(parts, 1, ["load", 2], ["load", 1]);
  assert.is(race?.address, (parts.word + 2) * 4);
  assert.match(race?.detail ?? "", /^a read, unordered with a plain write /);
  assert.is(step(parts, 1, ["readOnce", 3]), null, "nor is it one of the next step");
});

test("both words of a wide access count", () => {
  const parts = contended(2);
  step(parts, 0, ["wideStore", 1]);
  assert.is(step(parts, 1, ["load", 0]), null);
  assert.ok(step(parts, 1, ["load", 1]));
  assert.ok(step(parts, 1, ["load", 2]));
  const narrow = contended(2);
  step(narrow, 0, ["store", 2]);
  assert.ok(step(narrow, 1, ["wideStore", 1]));
});

test("a range is accessed word by word, from its first byte to its last", () => {
  const { accounts, heap, tracked } = partsFor(2);
  const base = heap.allocate(0, 10, 1, SITE);
  accounts.begin();
  accounts.range(0, base + 1, 9, ACCESS.write, SITE);
  const words = [...tracked.written()].map(([word]) => word).filter((word) => word >= base >>> 2);
  assert.equal(
    words,
    [0, 1, 2].map((i) => base / 4 + i),
  );
  assert.is(
    broken(() => accounts.range(0, base + 1, 12, ACCESS.write, SITE)),
    "out of bounds",
  );
  assert.is(
    broken(() => accounts.range(0, base, 11, ACCESS.write, SITE)),
    "out of bounds",
    "by a byte of the last word",
  );
  accounts.range(0, base, 0, ACCESS.write, SITE);
});

test("what was freed counts as written: whoever read it unordered raced", () => {
  const parts = contended(2);
  const { accounts, tracked, word } = parts;
  tracked.begin();
  accounts.begin();
  accounts.free(0, word * 4, 10);
  const noted = [...accounts.noted.subarray(0, accounts.nrNoted)];
  assert.equal(
    noted,
    [0, 1, 2].map((i) => ((word + i) << 1) | 1),
  );
});

test("contended accesses of a step are noted, and no others", () => {
  const parts = contended(2, 2);
  const { accounts, word } = parts;
  step(parts, 0, ["readOnce", 0], ["add", 1], ["store", 3]);
  const noted = [...accounts.noted.subarray(0, accounts.nrNoted)];
  assert.equal(noted, [word << 1, ((word + 1) << 1) | 1]);
});

test("a thread that goes round without anything that others notice is caught", () => {
  const { accounts, word } = partsFor(1);
  const round = () => {
    for (let i = 0; i < 200_000; i++) accounts.access(0, word * 4, BITS.load, SITE);
  };
  assert.is(broken(round), "livelock");
  accounts.begin();
  for (let i = 0; i < 100_000; i++) accounts.access(0, word * 4, BITS.load, SITE);
});

test("a race is looked for with each thread, and by the byte", () => {
  const parts = contended(3);
  step(parts, 0, ["store", 1]);
  step(parts, 1, ["store", 0]);
  assert.is(step(parts, 2, ["load", 0])?.property, "data race", "with the second of two");
  const { accounts, word } = contended(2);
  const byte = ACCESS.write | (1 << ACCESS_BYTES_SHIFT);
  accounts.begin();
  accounts.access(0, word * 4, byte, SITE);
  accounts.keep(0);
  accounts.access(1, word * 4 + 1, byte, SITE);
  assert.is(accounts.race, null, "the byte beside it");
});

test("bytes of a range, and of half a word, race with each that they overlap, and no other", () => {
  const byte = ACCESS.write | (1 << ACCESS_BYTES_SHIFT);
  const half = ACCESS.write | (2 << ACCESS_BYTES_SHIFT);
  const races = (make: (parts: Parts) => void, at: number) => {
    const parts = contended(2);
    const { accounts, word } = parts;
    accounts.begin();
    make(parts);
    accounts.keep(0);
    accounts.access(1, word * 4 + at, byte, SITE);
    return accounts.race !== null;
  };
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const range = ({ accounts, word }: Parts) =>
    accounts.range(0, word * 4 + 2, 3, ACCESS.write, SITE);
  assert.equal(
    all.filter((at) => races(range, at)),
    [2, 3, 4],
  );
  const middle = ({ accounts, word }: Parts) => accounts.access(0, word * 4 + 2, half, SITE);
  assert.equal(
    all.filter((at) => races(middle, at)),
    [2, 3],
  );
});

test("what the set-up accesses, or frees, is nobody's step, and races with none", () => {
  const parts = contended(2);
  const { accounts, tracked, word } = parts;
  step(parts, 0, ["store", 1]);
  accounts.begin();
  accounts.access(2, (word + 1) * 4, BITS.store, SITE);
  accounts.access(2, (word + 9) * 4, BITS.store, SITE);
  accounts.free(2, word * 4, 4);
  assert.equal([accounts.nrNoted, accounts.race, accounts.footprintLength], [0, null, 0]);
  step(parts, 1, ["readOnce", 9]);
  assert.is(tracked.contentions, 0, "it is one thread's word");
});

test("a notify writes nothing", () => {
  const { accounts, tracked, word } = partsFor(1);
  accounts.access(0, word * 4, BITS.add | ACCESS.notify, SITE);
  assert.equal([...tracked.written()], []);
});

test("who goes round at a marked word is taken off there from then on, if others may notice", () => {
  const parts = contended(2, 1);
  const { accounts, tracked, word } = parts;
  const goRound = (...kinds: readonly Kind[]) => {
    const property = broken(() => {
      for (;;)
        for (const [at, kind] of kinds.entries()) {
          accounts.access(0, (word + at) * 4, BITS[kind], SITE);
        }
    });
    assert.is(property, "livelock");
    return tracked.knowledge.contended().map((at) => at - word);
  };
  accounts.begin();
  accounts.access(0, (word + 3) * 4, BITS.readOnce, SITE);
  accounts.begin();
  assert.equal(goRound("load", "load"), [0], "a word that it looked at before has no part in it");
  accounts.begin();
  assert.equal(goRound("readOnce", "readOnce", "load"), [0, 1], "the one that nobody noticed");
});

test("whether a step may race is known by all words that it notes, of each thread", () => {
  const parts = contended(3);
  const { accounts, word } = parts;
  step(parts, 0, ["store", 0], ["store", 1]);
  step(parts, 1, ["store", 2]);
  const noted = (...at: readonly number[]) => Int32Array.from(at, (i) => (word + i) << 1);
  const may = (thread: number, ...at: readonly number[]) =>
    accounts.mayRace(thread, noted(...at), 0, at.length);
  assert.equal([may(2, 3, 0), may(2, 1), may(2, 2)], [true, true, true]);
  assert.equal([may(2, 3), may(1, 2), may(0, 0, 1, 3)], [false, false, false]);
  assert.is(accounts.mayRace(2, noted(0, 3, 1), 1, 1), false, "of what is not the step's");
});

test("a step is known to have noted what it did, and no more is noted than there is room for", () => {
  const parts = contended(1);
  const { accounts, word } = parts;
  step(parts, 0, ["readOnce", 2], ["readOnce", 1]);
  assert.equal(
    [0, 1, 2].map((at) => accounts.hasNoted(word + at)),
    [false, true, true],
  );
  accounts.begin();
  for (let i = 0; i < 1 << 18; i++) accounts.noteEntry(i);
  assert.throws(() => accounts.noteEntry(0), /\[harness bug\]/);
});

test("a footprint is as long as there is room behind a thread's frames", () => {
  const parts = contended(2);
  const stores = (count: number) => Array.from({ length: count }, () => ["store", 1] as const);
  step(parts, 0, ...(stores(1023) as [Kind, number][]));
  assert.is(parts.regions.get(0, FIELD.footprint), 1023);
  assert.throws(() => step(parts, 0, ...(stores(1024) as [Kind, number][])), /\[harness bug\]/);
});

test("footprints that were brought back with their threads count again", () => {
  const parts = contended(3);
  step(parts, 0, ["store", 0]);
  step(parts, 1, ["store", 1]);
  parts.accounts.footprints = 0;
  parts.accounts.countFootprints();
  assert.is(step(parts, 2, ["load", 0])?.property, "data race");
  assert.is(step(parts, 2, ["load", 1])?.property, "data race");
});

test("what others are ordered behind leaves the footprint, and what came later stays", () => {
  const parts = contended(2);
  const { accounts, word } = parts;
  accounts.begin();
  for (const at of [0, 1]) accounts.access(0, (word + at) * 4, BITS.store, SITE);
  accounts.order(1);
  accounts.keep(0);
  assert.is(step(parts, 1, ["load", 0]), null);
  assert.is(step(parts, 1, ["load", 1])?.property, "data race");
});

test.run();
