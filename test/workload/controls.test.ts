// SPDX-License-Identifier: GPL-2.0-only
/** The known-bad corpus: alone, each of its bodies works; it takes two to find them out. */
import { test } from "uvu";
import { ENXIO, Solo, type Step, solo } from "./scenarios/solo.ts";

const CONTROLS: Record<string, Step[]> = {
  completion_wake_first: [
    ["completer", [2]],
    ["waiter", [1]],
  ],
  ldsem_no_release: [["timed_writer", []]],
  lock_busted: [["locker", [2]]],
  percpu_ref_no_confirm: [
    ["user", [2]],
    ["killer", []],
    ["user", [1], ENXIO],
  ],
  qsbr_no_reload: [
    ["returner", []],
    ["updater", [2]],
    ["returner", []],
  ],
  rcu_busted: [
    ["reader", [1]],
    ["updater", [2]],
    ["reader", [1]],
  ],
  rwsem_no_last_wake: [
    ["reader", [2]],
    ["writer", [2]],
  ],
  wait_no_pass_on: [
    ["giver", [2]],
    ["taker", [1]],
  ],
};

for (const [name, steps] of Object.entries(CONTROLS)) {
  solo(`${name}: nothing is wrong with it alone`, () => new Solo(name), steps);
}

for (const [name, offset, code] of [
  ["ldsem_no_release", 64, "VIOLATION_LOCK_NOT_FREE"],
  ["lock_busted", 8, "VIOLATION_GUARDED_UPDATE_LOST"],
  ["rwsem_no_last_wake", 64, "VIOLATION_LOCK_NOT_FREE"],
  ["qsbr_no_reload", 12, "VIOLATION_RCU_CALLBACKS_LEFT"],
  ["rcu_busted", 12, "VIOLATION_RCU_CALLBACKS_LEFT"],
  ["percpu_ref_no_confirm", 16, "VIOLATION_PERCPU_REF_RELEASES"],
  ["completion_wake_first", 12, "VIOLATION_COMPLETION_MISCOUNTED"],
  ["wait_no_pass_on", 4, "VIOLATION_WAIT_TOKENS"],
] as const) {
  test(`${name}: its end notices a wrong final state`, () => {
    const control = new Solo(name);
    control.bend(offset);
    control.endsWith(code);
  });
}

test.run();
