// SPDX-License-Identifier: GPL-2.0-only
/** The table of states that workers share, as each of them uses it in its turn. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Meeting } from "../../host/check/parallel/meeting.ts";
import { Seen } from "../../host/check/parallel/seen.ts";
import { randomFrom } from "../../host/stats/random.ts";

type Key = readonly [number, number];

/** Three workers on one thread: while one waits for the others, the next does `meanwhile`. */
function three(meanwhile: (other: Seen) => void) {
  let made: SharedArrayBuffer;
  const meets = [0, 0, 0];
  const seat = (worker: number): Seen => {
    const meeting = {
      ...{ worker, workers: meets.length },
      share: (make: () => SharedArrayBuffer) => {
        if (worker === 0) made = make();
        return made;
      },
      meet: () => {
        meets[worker] = (meets[worker] as number) + 1;
        const next = all[worker + 1];
        if (meets[worker] === 1 && next !== undefined) meanwhile(next);
        return 0;
      },
    };
    return new Seen(meeting as unknown as Meeting);
  };
  const all: Seen[] = meets.map((_, worker) => seat(worker));
  return { all, first: all[0] as Seen, meets };
}

/** @returns the number of the state, which is `number` where it is new */
function add(seen: Seen, [key1, key2]: Key, number: number): number {
  const known = seen.claim(key1, key2);
  if (known < 0) seen.settle(number);
  return known < 0 ? number : known;
}

/** Some share a lane or the place, and some lanes are 0. */
function keys(count: number): Key[] {
  const random = randomFrom(4);
  const lane = () => Math.floor(random() * 2 ** 32) | 0;
  return Array.from({ length: count }, (_, i) => {
    if (i % 8 === 4) return [9, i];
    if (i % 8 === 0) return [lane(), 5];
    if (i % 4 === 1) return [i, 0];
    if (i % 4 === 2) return [(i << 7) | 0, lane() & 127];
    return [lane(), lane()];
  });
}

test("whoever adds a state, all know it by both lanes, before the table grows and behind", () => {
  const { all: seats, first, meets } = three((other) => other.grow());
  const all = keys(30_000);
  const half = all.length / 2;
  const check = (seen: Seen) => {
    for (const [i, [key1, key2]] of all.entries()) assert.is(seen.numberOf(key1, key2), i);
    assert.is(seen.numberOf(3, -3), -1);
    assert.is(add(seen, all[7] as Key, -7), 7);
  };
  for (const [i, key] of all.entries()) assert.is(add(seats[i % 3] as Seen, key, i), i);
  for (const seen of seats) check(seen);
  const { limit, bytes } = first;
  first.grow();
  assert.equal(meets, [2, 2, 2], "none goes on before all are done");
  assert.ok(first.limit > 1.9 * limit && first.bytes === 2 * bytes);
  for (const seen of seats) check(seen);
  assert.is(add(seats[1] as Seen, [3, -3], half), half);
  assert.is(first.numberOf(3, -3), half);
});

test("many are looked up at once as one by one", () => {
  const { first } = three(() => {});
  const all = keys(200);
  for (const [i, key] of all.entries()) if (i % 3 === 0) add(first, key, i);
  const numbers = new Int32Array(all.length + 1).fill(-7);
  const lane = (which: 0 | 1) => Int32Array.from(all, (key) => key[which]);
  first.numbersOf(lane(0), lane(1), all.length, numbers);
  assert.equal([...numbers], [...all.map((_, i) => (i % 3 === 0 ? i : -1)), -7]);
});

test("what all have cleared knows nothing", () => {
  const { all: seats, first } = three(() => {});
  const all = keys(2_000);
  for (const [i, key] of all.entries()) add(first, key, i);
  for (const seen of seats) seen.clear();
  for (const [key1, key2] of all) assert.is(first.numberOf(key1, key2), -1);
});

test.run();
