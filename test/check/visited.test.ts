// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QueueFrontier, StackFrontier } from "../../host/check/frontier.ts";
import { Sightings } from "../../host/check/sightings.ts";
import { collisionBound, Visited } from "../../host/check/visited.ts";
import { randomFrom } from "../../host/stats/random.ts";

test("states are known again by both lanes, however many there are", () => {
  const random = randomFrom(3);
  const lane = () => Math.floor(random() * 400) - 200; // few values, so that many come twice
  const visited = new Visited();
  const known = new Map<string, number>();
  for (let i = 0; i < 200_000; i++) {
    const [a, b] = [Math.imul(lane(), 0x9e3779b1), lane()];
    const number = known.get(`${a} ${b}`) ?? known.size;
    assert.is(visited.add(a, b, 0, 0), number);
    assert.is(visited.isNew, number === known.size);
    known.set(`${a} ${b}`, number);
  }
  assert.is(visited.count, known.size);
  assert.ok(known.size > 50_000, "it grew");
});

test("many are looked up at once as one by one", () => {
  const visited = new Visited();
  const random = randomFrom(5);
  const lanes = () => Int32Array.from({ length: 9 }, () => Math.floor(random() * 60) << 26);
  let seen = 0;
  for (let round = 0; round < 2000; round++) {
    const [keys1, keys2, numbers] = [lanes(), lanes(), new Int32Array(9).fill(-7)];
    visited.numbersOf(keys1, keys2, 8, numbers);
    const each = Array.from({ length: 8 }, (_, i) => {
      return visited.numberOf(keys1[i] as number, keys2[i] as number);
    });
    assert.equal([...numbers], [...each, -7]);
    seen += each.filter((number) => number >= 0).length;
    visited.add(keys1[0] as number, keys2[0] as number, 0, 0);
  }
  assert.ok(seen > 1000 && seen < 16_000, `${seen}`);
});

test("keys that fall on one place are told apart, before and after it grows", () => {
  const visited = new Visited();
  const key = (i: number) => [i + 1, 5] as const;
  for (let i = 0; i < 4000; i++) assert.is(visited.add(...key(i), 0, 0), i);
  for (let i = 0; i < 4000; i++) assert.is(visited.add(...key(i), 0, 0), i);
  assert.is(visited.add(0, 0, 0, 0), 4000, "the hash 0 0 is a state like others");
});

test("places behind the last are the first", () => {
  const visited = new Visited();
  for (let i = 0; i < 9; i++) assert.is(visited.add(-1, i, 0, 0), i);
  for (let i = 0; i < 9; i++) assert.is(visited.numberOf(-1, i), i);
  assert.is(visited.numberOf(-1, 9), -1);
});

test("the way to a state is that by which it was first found", () => {
  const visited = new Visited();
  const parents = [0];
  const random = randomFrom(8);
  visited.add(0, 0, 0, 0);
  const ways: number[][] = [[]];
  for (let i = 1; i < 10_000; i++) {
    const parent = Math.floor(random() * i);
    const action = i % 200;
    visited.add(i, i, parent, action);
    visited.add(i, i, i - 1, 7);
    parents.push(parent);
    ways.push([...(ways[parent] as number[]), action]);
  }
  for (const i of [0, 1, 77, 9999]) assert.equal(visited.wayTo(i), ways[i]);
  assert.ok(visited.bytes > 10_000 * 17 && visited.bytes < 10_000 * 80, `${visited.bytes}`);
});

test("the chance of a collision is bounded by n squared / 2^65", () => {
  assert.is(collisionBound(0), 0);
  assert.is(collisionBound(2 ** 20), 2 ** -25);
  assert.is(collisionBound(2 ** 40), 1);
});

/** Entries of many lengths, in the order in which a frontier gives them back. */
function through(
  frontier: QueueFrontier | StackFrontier,
  entries: number,
  words: number,
): number[] {
  const random = randomFrom(5);
  const taken: number[] = [];
  const take = () => {
    const { block, at } = frontier.take();
    const [number, length] = [block[at] as number, block[at + 1] as number];
    for (let i = 2; i < length; i++) assert.is(block[at + i], number ^ i, "it is as it was put");
    taken.push(number);
  };
  for (let number = 0; number < entries; number++) {
    const length = 2 + Math.floor(random() * words);
    const { block, at } = frontier.reserve(length + 50); // more than it then takes
    block[at] = number;
    block[at + 1] = length;
    for (let i = 2; i < length; i++) block[at + i] = number ^ i;
    frontier.push(at + length);
    if (number % 3 === 2) take();
  }
  while (frontier.length > 0) take();
  return taken;
}

test("breadth first: first come first, in blocks that are used again", () => {
  const frontier = new QueueFrontier();
  const taken = through(frontier, 3000, 3000); // 4.5 million words: several blocks
  assert.equal(
    taken,
    Array.from({ length: 3000 }, (_, i) => i),
  );
  assert.ok(frontier.bytes >= 2 ** 22 * 2);
  assert.equal(through(frontier, 10, 3).length, 10, "it can be used again");
});

test("depth first: last come first, and what was taken stays while others are put", () => {
  const taken = through(new StackFrontier(), 3000, 3000);
  assert.equal(
    [...taken].sort((a, b) => a - b),
    Array.from({ length: 3000 }, (_, i) => i),
  );
  assert.equal(taken.slice(0, 2), [2, 5]);
  assert.equal(taken.slice(1000, 1003), [2998, 2997, 2995]);
  const frontier = new StackFrontier();
  const put = (value: number) => {
    const { block, at } = frontier.reserve(2);
    block.fill(value, at, at + 2);
    frontier.push(at + 2);
  };
  put(1);
  const { block, at } = frontier.take();
  put(2);
  assert.equal([block[at], block[at + 1]], [1, 1]);
});

test("a state larger than a block has one of its own", () => {
  for (const frontier of [new QueueFrontier(), new StackFrontier()]) {
    const words = (1 << 20) + 5;
    const { block, at } = frontier.reserve(words);
    block[at + words - 1] = 9;
    frontier.push(at + words);
    assert.equal(through(frontier, 9, 20).length, 10);
  }
});

test("states that fill a block to its last word, new or used again, are whole", () => {
  const whole = (frontier: QueueFrontier, words: number, value: number) => {
    const { block, at } = frontier.reserve(words);
    block.fill(value, at, at + words);
    frontier.push(at + words);
    return () => {
      const taken = frontier.take();
      const state = taken.block.subarray(taken.at, taken.at + words);
      assert.ok(state.length === words && state.every((word) => word === value), `${words} words`);
    };
  };
  for (let words = 4080; words < 4110; words++) {
    const frontier = new QueueFrontier();
    const [first, second, third] = [1000, words - 1001, 3000].map((n, i) =>
      whole(frontier, n, i + 1),
    );
    first?.();
    second?.();
    third?.();
    const checks = [words, 1000].map((n, i) => whole(frontier, n, i + 7)); // the blocks are there again
    for (const check of checks) check();
  }
});

test("the chance of something new is the share of what was seen once", () => {
  const sightings = new Sightings();
  assert.is(sightings.chanceOfNew, 0);
  for (let i = 0; i < 10_000; i++) sightings.add(i, i);
  assert.is(sightings.chanceOfNew, 1);
  for (let i = 0; i < 5_000; i++) sightings.add(i, i);
  assert.is(sightings.chanceOfNew, 5_000 / 15_000);
  sightings.add(0, 0);
  assert.is(sightings.states, 10_000);
  assert.is(sightings.chanceOfNew, 5_000 / 15_001);
});

test.run();
