// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Levels } from "../../host/check/parallel/levels.ts";
import { Meeting } from "../../host/check/parallel/meeting.ts";
import { newShared } from "../../host/check/parallel/protocol.ts";

/** Three states fill a block. */
const WORDS = 80_000;

/** What `workers` workers have, on one thread. */
function together(workers: number, run: (levels: readonly Levels[]) => void): void {
  const shared = newShared(workers, "levels");
  const meetings = Array.from({ length: workers }, (_, worker) => new Meeting(shared, worker));
  const all = meetings.map((meeting) => new Levels(meeting, shared));
  try {
    run(all);
  } finally {
    for (const one of [...all, ...meetings]) one.close();
  }
}

const alone = (run: (levels: Levels) => void) => together(1, ([levels]) => run(levels as Levels));

/** Puts states that are wholly one number into the next level. */
function fill(levels: Levels, numbers: readonly number[]): void {
  for (const number of numbers) {
    const at = levels.reserve(WORDS);
    levels.filling.fill(number, at, at + WORDS);
    levels.push(at + WORDS);
  }
}

/** Takes all that is left of the level: the number of each state. */
function takeAll(levels: Levels): number[] {
  const numbers: number[] = [];
  for (let at = levels.take(); at !== 0; at = levels.take()) {
    numbers.push(levels.block[at] as number);
    assert.is(levels.block[at + WORDS - 1], numbers.at(-1), "the state is whole");
  }
  return numbers;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test("what is put into a level is taken once, in the next", () => {
  alone((levels) => {
    fill(levels, range(1, 12));
    assert.equal(takeAll(levels), []);
    levels.next();
    assert.ok(levels.nextIsEmpty);
    assert.equal(takeAll(levels), range(1, 12));
  });
});

test("blocks that are done with are used again, while others of the level are not", () => {
  alone((levels) => {
    fill(levels, range(0, 12));
    const { bytes } = levels;
    levels.next();
    for (let next = 0; next < 12; next++) {
      const at = levels.take();
      assert.is(levels.block[at], next);
      if (next % 3 === 0 && next > 0) fill(levels, [next, next, next]);
      assert.is(levels.block[at + WORDS - 1], next, "the state is whole");
    }
    assert.is(levels.bytes, bytes);
  });
});

/** All take in turns until none is left: by worker, whose state it was and its number. */
function takeInTurns(all: readonly Levels[]): [owner: number, number: number][][] {
  const taken = all.map((): [number, number][] => []);
  for (let left = true; left; ) {
    left = false;
    for (const [worker, levels] of all.entries()) {
      const at = levels.take();
      if (at === 0) continue;
      left = true;
      taken[worker]?.push([levels.owner, levels.block[at] as number]);
      assert.is(levels.block[at + WORDS - 1], levels.block[at], "the state is whole");
    }
  }
  return taken;
}

test("whoever has put a state into a level, it is taken once, by whoever has none of its own left", () => {
  together(3, (all) => {
    const put = [range(100, 107), range(200, 201), [] as number[]];
    for (let level = 0; level < 3; level++) {
      for (const [worker, numbers] of put.entries()) fill(all[worker] as Levels, numbers);
      for (const levels of all) assert.not(levels.nextIsEmpty, "whoever has put something there");
      for (const levels of all) levels.next();
      for (const levels of all) assert.ok(levels.nextIsEmpty);
      const taken = takeInTurns(all);
      assert.equal(taken.flat().sort(), [
        ...range(100, 107).map((number) => [0, number]),
        [1, 200],
      ]);
      assert.equal(
        [taken[0]?.[0], taken[1]?.[0]],
        [
          [0, 100],
          [1, 200],
        ],
        "first one's own",
      );
      assert.ok(
        taken.every((numbers) => numbers.length > 1),
        "each has some of another's",
      );
    }
    fill(all[2] as Levels, [300]);
    for (const levels of all) assert.not(levels.nextIsEmpty, "the last one has");
  });
});

test("one that has taken all of its own takes all that others have", () => {
  together(3, (all) => {
    for (const [worker, levels] of all.entries())
      fill(levels, range(100 * worker, 100 * worker + 7));
    for (const levels of all) levels.next();
    const taken = takeInTurns(all.slice(1, 2)).flat();
    assert.equal(
      taken.map(([owner]) => owner),
      [1, 2, 0].flatMap((owner) => Array(7).fill(owner)),
    );
    assert.is(new Set(taken.map(([, number]) => number)).size, 21);
  });
});

test("a block is used again only when those who took its states are done with them", () => {
  together(2, (all) => {
    const [first, second] = all as [Levels, Levels];
    fill(first, range(0, 3));
    for (const levels of all) levels.next();
    const at = second.take();
    const number = second.block[at] as number;
    const { bytes } = first;
    for (let left = first.take(); left !== 0; left = first.take());
    fill(first, [77, 77, 77]);
    assert.is(second.block[at + WORDS - 1], number, "the state is whole");
    assert.ok(first.bytes > bytes);
    assert.is(second.take(), 0);
    fill(first, [78, 78, 78]);
    assert.is(first.bytes, 2 * bytes, "now it is used again");
  });
});

for (const before of [1, 2]) {
  test(`begun anew in the middle of level ${before}, nothing is left of what was there`, () => {
    alone((levels) => {
      for (let level = 0; level < before; level++) {
        fill(levels, range(0, 12));
        levels.next();
        levels.take();
        fill(levels, range(0, 12));
      }
      levels.clear();
      assert.ok(levels.nextIsEmpty);
      for (let level = 0; level < 3; level++) {
        fill(levels, range(100, 120));
        levels.next();
        assert.equal(takeAll(levels), range(100, 120));
      }
    });
  });
}

test("states that fill a block to the last word are whole", () => {
  for (let words = 162_138; words < 162_146; words++) {
    alone((levels) => {
      const sizes = [100_000, words];
      for (const [i, size] of sizes.entries()) {
        const at = levels.reserve(size);
        levels.filling.fill(i + 5, at, at + size);
        levels.push(at + size);
      }
      levels.next();
      for (const [i, size] of sizes.entries()) {
        const at = levels.take();
        const state = levels.block.subarray(at, at + size);
        assert.ok(state.length === size && state.every((word) => word === i + 5), `${words} words`);
      }
    });
  }
});

test("begun anew, of states that were taken at once none is left", () => {
  alone((levels) => {
    const put = (numbers: readonly number[]) => {
      for (const number of numbers) {
        const at = levels.reserve(1);
        levels.filling[at] = number;
        levels.push(at + 1);
      }
    };
    const takeNumbers = () => {
      const numbers: (number | undefined)[] = [];
      for (let at = levels.take(); at !== 0; at = levels.take()) numbers.push(levels.block[at]);
      return numbers;
    };
    put(range(0, 100));
    levels.next();
    levels.take();
    levels.clear();
    assert.is(levels.take(), 0);
    put(range(200, 300));
    levels.next();
    assert.equal(takeNumbers(), range(200, 300));
  });
});

test.run();
