// SPDX-License-Identifier: GPL-2.0-only
/** The percpu_ref scenario: each body alone, and what its end notices. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EIO, ENXIO, Solo, solo } from "./solo.ts";

const REINIT = 4; // PERCPU_REF_ALLOW_REINIT
const oneWay = () => new Solo("check_percpu_ref", 0);
const reusable = () => new Solo("check_percpu_ref", REINIT);

solo("users come and go; the end kills", oneWay, [
  ["user", [2]],
  ["late_user", [2]],
]);
for (const killer of ["killer", "confirming_killer"]) {
  solo(`nobody comes in after a ${killer}`, oneWay, [
    ["user", [1]],
    [killer, []],
    ["user", [1], ENXIO],
    ["late_user", [1], ENXIO],
  ]);
}
solo("what is revived, or was in atomic mode, lets users in again", reusable, [
  ["reiniter", [2]],
  ["user", [1]],
  ["switcher", [2]],
  ["user", [1]],
  ["atomizer", []],
  ["synchronizer", []],
  ["user", [1]],
  ["killer", []],
]);

test("an object that is dead under a user is noticed", () => {
  const scenario = oneWay();
  const object = scenario.word(scenario.at + 8);
  scenario.poke(object + 20, 0);
  assert.is(scenario.run("user", 1), EIO);
  const twice = ["VIOLATION_OBJECT_IS_DEAD", "VIOLATION_OBJECT_IS_DEAD"];
  assert.equal(scenario.end(), { said: 0, log: twice });
});

test("a reference that nobody put is noticed", () => {
  const scenario = oneWay();
  scenario.call("percpu_ref_get", scenario.at);
  scenario.endsWith("VIOLATION_PERCPU_REF_RELEASES");
});

test.run();
