// SPDX-License-Identifier: GPL-2.0-only
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Meeting } from "../../host/check/parallel/meeting.ts";
import { CONTROL, newShared } from "../../host/check/parallel/protocol.ts";

/** Far less than it takes to start a thread and have it call. */
const SOON_MS = 20;
const LATE_MS = 1_000;

/** Wakes whoever waits at the word, again and again, though nothing has come of it. */
const WAKES_FOR_NOTHING = `
const { workerData, parentPort } = require("node:worker_threads");
const { words, at } = workerData;
setInterval(() => Atomics.notify(words, at), 1);
parentPort.postMessage("begun");
`;

test("who waits too long for another worker gives up, and names it", () => {
  const meeting = new Meeting(newShared(2, "late", SOON_MS), 0);
  try {
    assert.throws(() => meeting.meet(), /^worker 1 did not come$/);
  } finally {
    meeting.close();
  }
});

test("a wake-up that comes late, of the meeting before, ends no wait", async () => {
  const shared = newShared(2, "woken", LATE_MS);
  const meeting = new Meeting(shared, 0);
  const workerData = { words: shared.control, at: CONTROL.meetings };
  const waker = new Worker(WAKES_FOR_NOTHING, { eval: true, execArgv: [], workerData });
  try {
    await once(waker, "message");
    assert.throws(() => meeting.meet(), /^worker 1 did not come$/);
  } finally {
    await waker.terminate();
    meeting.close();
  }
});

test("the last to come decides, for all", () => {
  const shared = newShared(1, "alone", SOON_MS);
  const meeting = new Meeting(shared, 0);
  try {
    assert.equal([meeting.meet(() => 7), meeting.meet(() => 8), meeting.meet()], [7, 8, 0]);
  } finally {
    meeting.close();
  }
});

test("all wait while one decides, and the next meeting begins with nobody there", () => {
  const shared = newShared(1, "deciding", SOON_MS);
  const meeting = new Meeting(shared, 0);
  const look = () => [CONTROL.meetings, CONTROL.arrived].map((at) => shared.control[at]);
  try {
    for (const meetings of [0, 1, 2]) {
      const seen: unknown[] = [];
      meeting.meet(() => seen.push(...look()));
      assert.equal(seen, [meetings, 0]);
      assert.equal(look(), [meetings + 1, 0]);
    }
  } finally {
    meeting.close();
  }
});

test("signals of several add up, and one that is cleared leaves the others", () => {
  const shared = newShared(2, "signals", SOON_MS);
  const both = [0, 1].map((worker) => new Meeting(shared, worker));
  try {
    both[0]?.signal(1);
    both[1]?.signal(6);
    both[1]?.clear(2);
    assert.equal(
      both.map(({ signals }) => signals),
      [5, 5],
    );
  } finally {
    for (const meeting of both) meeting.close();
  }
});

test.run();
