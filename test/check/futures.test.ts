// SPDX-License-Identifier: GPL-2.0-only
/** What threads may still access: what is not known of that would leave schedules out. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Futures } from "../../host/check/futures.ts";

const read = (word: number) => Int32Array.of(word << 1);
const write = (word: number) => Int32Array.of((word << 1) | 1);
const NOTHING = new Int32Array(0);

test("a write conflicts with all that is to come, a read with writes alone", () => {
  const futures = new Futures();
  futures.learn(1, 2, read(7), 1);
  futures.learn(3, 4, write(7), 1);
  assert.is(futures.conflicts(1, read(7), 1), false);
  assert.is(futures.conflicts(1, write(7), 1), true);
  assert.is(futures.conflicts(3, read(7), 1), true);
  assert.is(futures.conflicts(3, write(7), 1), true);
  assert.is(futures.conflicts(2, write(7), 1), false, "it is behind that");
});

test("of where nobody was seen, and of words that nobody was seen at, all is possible", () => {
  const futures = new Futures();
  futures.learn(1, 2, read(7), 1);
  assert.is(futures.conflicts(9, read(7), 1), true);
  assert.is(futures.conflicts(1, read(8), 1), true);
  futures.learn(3, 4, write(8), 1);
  assert.is(futures.conflicts(1, write(8), 1), false);
});

test("what follows is known of all that comes before, round cycles too, whenever it is learnt", () => {
  const futures = new Futures();
  futures.learn(3, 4, write(5), 1);
  futures.learn(2, 3, NOTHING, 0); // behind what is known
  futures.learn(1, 2, NOTHING, 0);
  futures.learn(2, 1, NOTHING, 0); // a cycle
  assert.is(futures.conflicts(1, read(5), 1), true);
  futures.learn(4, 4, write(6), 1); // before what is known
  for (const at of [1, 2, 3, 4]) assert.is(futures.conflicts(at, read(6), 1), true, `${at}`);
});

test("who decided by less is told: each place, access and way that is new counts", () => {
  const futures = new Futures();
  const grows = (learn: () => void) => {
    const before = futures.grown;
    learn();
    return futures.grown > before;
  };
  const twice = (learn: () => void) => [grows(learn), grows(learn)];
  assert.equal(
    twice(() => futures.learn(1, 2, NOTHING, 0)),
    [true, false],
    "places",
  );
  assert.equal(
    twice(() => futures.learn(1, 2, read(3), 1)),
    [true, false],
    "a read",
  );
  assert.equal(
    twice(() => futures.learn(1, 2, write(3), 1)),
    [true, false],
    "a write as well",
  );
  assert.equal(
    twice(() => futures.learn(2, 1, NOTHING, 0)),
    [true, false],
    "a way back",
  );
});

test("of words there may be many", () => {
  const futures = new Futures();
  for (let word = 0; word < 2000; word++) futures.learn(1, 2, write(word), 1);
  futures.learn(3, 4, write(1999), 1); // the first that is known of the place
  futures.learn(4, 3, read(1998), 1);
  const { grown } = futures;
  futures.learn(3, 4, write(1999), 1);
  assert.is(futures.grown, grown);
  assert.is(futures.conflicts(3, read(1999), 1), true);
  assert.is(futures.conflicts(4, write(1998), 1), true);
  assert.is(futures.conflicts(3, write(0), 1), false);
});

test.run();
