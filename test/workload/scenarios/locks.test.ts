// SPDX-License-Identifier: GPL-2.0-only
/** The scenarios of the locks: each body alone, and what their ends notice. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EBUSY, EIO, Solo, type Step, solo } from "./solo.ts";

/** To each of them: locked by a writer; owned by a task; locked. */
const TAKEN = 0x41;

interface Lock {
  readonly bodies: readonly string[];
  readonly tries: readonly string[];
  /** First word of a lock that turns its tries away; default TAKEN. */
  readonly taken?: number;
  /** Offsets of the words that are 0 while nobody has, or waits for, the lock. */
  readonly words: readonly number[];
}

const LOCKS: Record<string, Lock> = {
  rwsem: {
    bodies: ["reader", "writer", "downgrader"],
    tries: ["try_reader", "try_writer"],
    words: [0, 8, 12, 16],
  },
  percpu_rwsem: { bodies: ["reader", "writer", "try_reader"], tries: [], words: [8] },
  mutex: { bodies: ["locker"], tries: ["try_locker"], words: [0, 4, 8, 12] },
  spinlock: { bodies: ["locker"], tries: ["try_locker"], words: [0] },
  ldsem: {
    bodies: ["reader", "writer", "timed_reader", "timed_writer"],
    tries: ["try_reader", "try_writer"],
    taken: -0xffff,
    words: [0, 4, 8, 12, 20],
  },
  qrwlock: {
    bodies: ["reader", "writer"],
    tries: ["try_reader", "try_writer"],
    taken: 0xff,
    words: [0],
  },
  osq: { bodies: ["locker"], tries: [], words: [0] },
};

/** Where a record has its lock. */
const LOCK = 64;

for (const [lock, { bodies, tries, taken: held = TAKEN, words }] of Object.entries(LOCKS)) {
  const make = () => new Solo(`check_${lock}`);
  const steps = [...bodies, ...tries].map((role): Step => [role, [2]]);
  solo(`${lock}: every body works alone`, make, steps);

  test(`${lock}: a lost update, a pair that differs and a lock left taken are noticed`, () => {
    const lost = make();
    lost.run(bodies[0] ?? "", 1);
    lost.bend(lost.constant("OFFSETOF_GUARDED_A"));
    lost.bend(lost.constant("OFFSETOF_GUARDED_B"));
    lost.endsWith("VIOLATION_GUARDED_UPDATE_LOST");

    const differs = make();
    differs.bend(differs.constant("OFFSETOF_GUARDED_B"));
    assert.is(differs.run(bodies[0] ?? "", 1), EIO);
    differs.endsWith("VIOLATION_GUARDED_PAIR_DIFFERS", "VIOLATION_GUARDED_PAIR_DIFFERS");

    const taken = make();
    for (const word of words) taken.bend(LOCK + word);
    taken.endsWith(...words.map(() => "VIOLATION_LOCK_NOT_FREE"));
  });

  for (const role of tries) {
    test(`${lock}: ${role} that finds the lock taken says EBUSY`, () => {
      const scenario = make();
      scenario.poke(scenario.at + LOCK, held);
      assert.is(scenario.run(role, 1), EBUSY);
      scenario.poke(scenario.at + LOCK, 0);
      scenario.endsWell();
    });
  }
}

solo("ticket: every body works alone", () => new Solo("check_ticket"), [["locker", [3]]]);

test("ticket: a section out of turn, and a queue that is not empty are noticed", () => {
  const early = new Solo("check_ticket");
  early.bend(LOCK);
  early.bend(LOCK + 4);
  assert.is(early.run("locker", 1), EIO);
  assert.equal(early.end(), { said: 0, log: ["VIOLATION_TICKET_OUT_OF_TURN"] });
  const taken = new Solo("check_ticket");
  taken.bend(LOCK);
  taken.endsWith("VIOLATION_QUEUE_NOT_EMPTY");
  const queue = new Solo("check_qrwlock");
  queue.bend(LOCK + queue.constant("QRWLOCK_WAIT_LOCK"));
  queue.endsWith("VIOLATION_QUEUE_NOT_EMPTY");
});

test.run();
