// SPDX-License-Identifier: GPL-2.0-only
/** The SRCU scenario: each body alone, and what its end notices. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EBUSY, Solo, solo } from "./solo.ts";

const scenario = () => new Solo("check_srcu");

solo("srcu: the object is replaced, and read", scenario, [
  ["reader", [2]],
  ["updater", [2]],
  ["synchronizer", [2]],
  ["reader", [1]],
  ["follower", []],
  ["publisher", []],
  ["opener", [], EBUSY],
  ["closer", []],
]);

test("srcu: a section that is left open is noticed", () => {
  const open = scenario();
  open.call("srcu_read_lock", open.at + 16);
  open.run("end");
  assert.equal(open.warnings(), ["WARN_SRCU_CLEANUP_WITH_READERS"]);
});

test.run();
