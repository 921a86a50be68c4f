// SPDX-License-Identifier: GPL-2.0-only
/** The RCU scenario: each body alone, and what its end notices. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EIO, ENOENT, Solo, solo } from "./solo.ts";

const make = () => new Solo("check_qsbr");

solo("readers find an object until it is removed", make, [
  ["reader", [2]],
  ["updater", [2]],
  ["reader", [1]],
  ["returner", []],
  ["remover", []],
  ["reader", [1], ENOENT],
  ["returner", [], ENOENT],
  ["remover", [], ENOENT],
]);
solo("who publishes, and who follows it or polls until it is done", make, [
  ["publisher", []],
  ["follower", []],
  ["announcer", []],
  ["poller", []],
]);
solo("a callback frees, and a barrier waits for it", make, [
  ["barrier", []],
  ["caller", []],
  ["reader", [1], ENOENT],
  ["barrier", []],
  ["caller", [], ENOENT],
]);

test("the synchronizer comes back", () => {
  const scenario = make();
  assert.is(scenario.run("synchronizer", 2), 0);
  scenario.endsWell();
});

test("an object that is dead under a reader is noticed", () => {
  const scenario = make();
  scenario.poke(scenario.word(scenario.at) + 20, 0);
  assert.is(scenario.run("reader", 1), EIO);
  const twice = ["VIOLATION_OBJECT_IS_DEAD", "VIOLATION_OBJECT_IS_DEAD"];
  assert.equal(scenario.end(), { said: 0, log: twice });
});

test("a callback that has not run is noticed", () => {
  const scenario = make();
  scenario.bend(12); // one more was queued, says the tally
  scenario.endsWith("VIOLATION_RCU_CALLBACKS_LEFT");
});

test("a barrier behind which the callback has not run is noticed", () => {
  const scenario = make();
  scenario.poke(scenario.at + 4, 1); // called, says CPU 0
  assert.is(scenario.run("barrier"), EIO);
  assert.equal(scenario.end(), { said: 0, log: ["VIOLATION_RCU_BARRIER_TOO_EARLY"] });
});

test.run();
