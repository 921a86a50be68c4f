// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WORD } from "../../../host/machine/coroutine/knowledge.ts";
import { mix1, mix2, TrackedMemory } from "../../../host/machine/coroutine/tracked-memory.ts";

const WORDS = 64;

function memoryOf(...values: readonly number[]): TrackedMemory {
  const words = new Int32Array(WORDS);
  words.set(values);
  const memory = new TrackedMemory(words);
  memory.setStart();
  return memory;
}

function write(memory: TrackedMemory, word: number, value: number): void {
  memory.willWrite(word);
  memory.words[word] = value;
}

function step(memory: TrackedMemory, writes: readonly (readonly [number, number])[]): void {
  memory.begin();
  for (const [word, value] of writes) write(memory, word, value);
  memory.settle();
}

const hashOf = ({ hash1, hash2 }: TrackedMemory) => `${hash1} ${hash2}`;
const contentOf = ({ words }: TrackedMemory) => [...words].join();

const VALUE = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ max: 2 }));
const WRITE = fc.tuple(fc.nat(WORDS - 1), VALUE);
const STEP = fc.array(WRITE, { maxLength: 6 });

test("a step that is taken back leaves memory and hash exactly as they were", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 8 }), STEP, (before, taken) => {
      const memory = memoryOf(1, 2, 3);
      for (const writes of before) step(memory, writes);
      const was = [contentOf(memory), hashOf(memory)];
      step(memory, taken);
      memory.undo();
      assert.equal([contentOf(memory), hashOf(memory)], was);
      memory.begin();
      for (const [word, value] of taken) write(memory, word, value);
      memory.undo();
      assert.equal([contentOf(memory), hashOf(memory)], was, "also one that was not settled");
    }),
  );
});

test("the hash is the same exactly if the memory is, by whatever way it came there", () => {
  const contents = new Map<string, string>();
  const hashes = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 6 }), (steps) => {
      const memory = memoryOf(7, 0, -1);
      for (const writes of steps) {
        step(memory, writes);
        const [content, hash] = [contentOf(memory), hashOf(memory)];
        assert.is(contents.get(hash) ?? content, content, "two memories of one hash");
        assert.is(hashes.get(content) ?? hash, hash, "two hashes of one memory");
        contents.set(hash, content);
        hashes.set(content, hash);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(contents.size > 300);
});

test("what is as at the start counts nothing, known or not", () => {
  const memory = memoryOf(5);
  assert.is(hashOf(memory), "0 0");
  step(memory, [
    [0, 6],
    [9, 1],
  ]);
  assert.is.not(hashOf(memory), "0 0");
  step(memory, [
    [0, 5],
    [9, 0],
  ]);
  assert.is(hashOf(memory), "0 0");
  assert.equal([...memory.knowledge.known.subarray(0, 3)], [0, 9, 0]);
});

test("a step that is begun behind another that wrote has gone astray, until all is as at the start", () => {
  const memory = memoryOf(4, 5, 6);
  step(memory, []);
  step(memory, [[1, 7]]);
  assert.not(memory.strayed);
  memory.undo();
  step(memory, [[1, 8]]);
  assert.not(memory.strayed);
  step(memory, []);
  assert.ok(memory.strayed);
  memory.reset();
  assert.not(memory.strayed);
  assert.equal([contentOf(memory), hashOf(memory)], [contentOf(memoryOf(4, 5, 6)), "0 0"]);
});

test("what a step wrote is told once a word, with what was there before", () => {
  const memory = memoryOf(1, 2);
  step(memory, [
    [1, 20],
    [0, 10],
    [1, 30],
  ]);
  assert.equal(
    [...memory.written()],
    [
      [1, 2],
      [0, 1],
    ],
  );
});

test("a word is contended once two threads access it and one of them writes", () => {
  const [read, write] = [false, true];
  /** Whether the last of these accesses finds the word contended. */
  const last = (...accesses: readonly (readonly [thread: number, writes: boolean])[]) => {
    const memory = memoryOf();
    const found = accesses.map(([thread, writes]) => memory.note(3, 1 << thread, writes)).at(-1);
    assert.is(memory.contentions, found ? 1 : 0);
    assert.is(memory.flags[3], found ? WORD.contended : 0);
    return found;
  };
  assert.is(last([0, read], [1, read], [2, read]), false, "nobody writes");
  assert.is(last([0, write], [0, read], [0, write]), false, "one thread alone");
  assert.is(last([0, read], [1, write]), true);
  assert.is(last([0, write], [1, read]), true);
  assert.is(last([0, write], [1, write]), true);
  assert.is(last([0, read], [1, read], [1, write]), true, "who has read it before writes");
  assert.is(last([0, read], [1, write], [0, read], [2, read]), true, "and so it stays");
});

test("a step writes no more words than its log holds", () => {
  const memory = new TrackedMemory(new Int32Array(1 << 17));
  memory.begin();
  for (let word = 0; word < 1 << 16; word++) memory.willWrite(word);
  assert.throws(() => memory.willWrite(1 << 16), /\[harness bug\]/);
});

test("both lanes of the hash spread near states evenly, without a collision in a million", () => {
  const seen = new Set<bigint>();
  const counts = [new Int32Array(256), new Int32Array(256)] as const;
  const states = 1_000_000;
  for (let state = 0; state < states; state++) {
    const [word, value] = [0x4000 + (state % 100), Math.floor(state / 100)];
    const [a, b] = [mix1(word, value), mix2(word, value)];
    seen.add((BigInt(a >>> 0) << 32n) | BigInt(b >>> 0));
    for (const [lane, hash] of [a, b].entries()) {
      const at = (lane === 0 ? hash : hash >>> 7) & 255;
      const count = counts[lane as 0 | 1];
      count[at] = (count[at] ?? 0) + 1;
    }
  }
  assert.is(seen.size, states);
  for (const count of counts) {
    const mean = states / 256;
    const chi = count.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
    assert.ok(chi < 400, `chi squared of 255 degrees is ${chi}: over 400 in 1 of 10^7 for noise`);
  }
});

test("each lane of a sum over words collides no more than chance has it", () => {
  const side = 50;
  const states = side ** 3;
  for (const mix of [mix1, mix2]) {
    const sums = new Set<number>();
    for (let state = 0; state < states; state++) {
      const values = [state % side, Math.floor(state / side) % side, Math.floor(state / side ** 2)];
      sums.add(values.reduce((sum, value, i) => (sum + mix(0x5000 + i, value)) | 0, 0));
    }
    const expected = states ** 2 / 2 ** 33; // 1.8: over 15 in 1 of 10^9
    assert.ok(states - sums.size <= 15, `${states - sums.size} collisions, ${expected} expected`);
  }
});

test.run();
