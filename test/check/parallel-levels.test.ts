// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Levels } from "../../host/check/parallel/levels.ts";
import { Meeting } from "../../host/check/parallel/meeting.ts";
import { newShared } from "../../host/check/parallel/protocol.ts";

/** Three states fill a block. */
const WORDS = 80_000;

function alone(run: (levels: Levels) => void): void {
  const shared = newShared(1, "levels");
  const meeting = new Meeting(shared, 0);
  const levels = new Levels(meeting, shared);
  try {
    run(levels);
  } finally {
    levels.close();
    meeting.close();
  }
}

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

test.run();
