// SPDX-License-Identifier: GPL-2.0-only
/** rcuwait: one task that sleeps, and whoever wakes it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";

const SLEEPING = 1; // TASK_SLEEPING

class Wait extends Local {
  readonly at = this.alloc(this.constant("SIZEOF_RCUWAIT"));

  prepare(): void {
    this.call("prepare_to_rcuwait", this.at, this.constant("WAIT_GATE"), this.at);
  }

  state(): number {
    return this.word(this.task + this.constant("OFFSETOF_TASK_STRUCT_STATE"));
  }
}

test("W6: who waits is published and about to sleep before it tests, until it finishes", () => {
  const wait = new Wait();
  wait.call("rcuwait_init", wait.at);
  wait.prepare();
  assert.is(wait.word(wait.at), wait.task);
  assert.is(wait.state(), SLEEPING);
  wait.call("finish_rcuwait", wait.at);
  assert.equal([wait.word(wait.at), wait.state()], [0, 0]);
});

test("W6: a wake-up after that is not lost: the sleep ends at once, and the next is announced", () => {
  const wait = new Wait();
  wait.prepare();
  wait.call("rcuwait_wake_up", wait.at);
  assert.is(wait.state(), 0);
  wait.call("rcuwait_schedule", wait.constant("WAIT_GATE"), wait.at, 0n);
  assert.is(wait.state(), SLEEPING);
});

test("W7: with nobody waiting a wake-up does nothing", () => {
  const wait = new Wait();
  wait.call("rcuwait_wake_up", wait.at);
  assert.equal([wait.word(wait.at), wait.state()], [0, 0]);
});

test.run();
