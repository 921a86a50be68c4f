// SPDX-License-Identifier: GPL-2.0-only
/** The completion scenario: each body alone, and what its end notices. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EBUSY, EIO, ETIMEDOUT, Solo, solo } from "./solo.ts";

const make = () => new Solo("check_completion");
const PAYLOAD = 16; // offset behind a struct completion

solo("as many waits as completions", make, [
  ["completer", [3]],
  ["waiter", [1]],
  ["trier", []],
  ["timed", [1000]],
  ["trier", [], EBUSY],
  ["timed", [1000], ETIMEDOUT],
]);
solo("what is not waited for stays in done", make, [
  ["publisher", [2]],
  ["subscriber", []],
]);
solo("all pass after complete_all()", make, [
  ["all_completer", []],
  ["subscriber", []],
  ["waiter", [2]],
]);
solo("the waiter frees the completion", make, [
  ["publisher", [1]],
  ["freer", []],
]);

test("a payload that is not there is noticed", () => {
  const scenario = make();
  scenario.run("publisher", 1);
  scenario.poke(scenario.call("check_completion_of", scenario.at) + PAYLOAD, 0);
  assert.is(scenario.run("subscriber"), EIO);
  assert.equal(scenario.end(), { said: 0, log: ["VIOLATION_COMPLETION_PAYLOAD_MISSING"] });
});

test("a completion too many, and a waiter left on the list, are noticed", () => {
  const scenario = make();
  const x = scenario.call("check_completion_of", scenario.at);
  scenario.poke(x + scenario.constant("OFFSETOF_COMPLETION_DONE"), 1);
  scenario.poke(x + scenario.constant("OFFSETOF_COMPLETION_FIRST"), 64);
  scenario.endsWith("VIOLATION_COMPLETION_MISCOUNTED", "VIOLATION_COMPLETION_NOT_IDLE");
});

test.run();
