// SPDX-License-Identifier: GPL-2.0-only
/** The scenarios of kref, ida and the wait queues: each body alone, and what their ends notice. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EIO, ENOSPC, ENXIO, Solo, solo } from "./solo.ts";

solo("kref: the last put frees, and nobody comes in after it", () => new Solo("check_kref", 2), [
  ["getter", []],
  ["putter", []],
  ["putter", []],
  ["getter", [], ENXIO],
]);

test("kref: a reference that is left, and a use that is not seen, are noticed", () => {
  const left = new Solo("check_kref", 2);
  left.run("putter");
  left.endsWith("VIOLATION_KREF_RELEASES");

  const unseen = new Solo("check_kref", 1);
  unseen.bend(8); // two at first
  assert.is(unseen.run("putter"), EIO);
  assert.equal(unseen.end(), { said: 0, log: ["VIOLATION_KREF_USE_NOT_SEEN"] });
});

solo("ida: ids are kept and given back", () => new Solo("check_ida", 2), [
  ["borrower", [2]],
  ["allocator", []],
  ["allocator", []],
  ["allocator", [], ENOSPC],
  ["borrower", [1], ENOSPC],
]);

test("ida: an id that somebody holds, and one that nobody holds, are noticed", () => {
  const scenario = new Solo("check_ida", 2);
  scenario.bend(64); // id 0 is CPU 0's, says the table
  assert.is(scenario.run("allocator"), 0);
  scenario.call("ida_alloc_range", scenario.at, 0, 1);
  scenario.endsWith("VIOLATION_IDA_ID_IS_HELD", "VIOLATION_IDA_MISCOUNTED");
});

const queue = () => new Solo("check_wait");
for (const waker of ["waker", "all_waker"]) {
  solo(`wait: nobody sleeps whose flag is set by a ${waker}`, queue, [
    [waker, []],
    ["sleeper", []],
  ]);
}
solo("wait: tokens are taken, or left", queue, [
  ["giver", [3]],
  ["taker", [2]],
]);

test("wait: a token that is gone, and an entry that is left, are noticed", () => {
  const scenario = queue();
  scenario.run("giver", 2);
  scenario.bend(4, -1);
  scenario.bend(12, 64);
  scenario.endsWith("VIOLATION_WAIT_TOKENS", "VIOLATION_WAIT_QUEUE_NOT_IDLE");
});

test.run();
