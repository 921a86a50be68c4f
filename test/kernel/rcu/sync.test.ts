// SPDX-License-Identifier: GPL-2.0-only
/** rcu_sync: when readers may take the fast path, and what writers pay to take it from them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";
import { type Stage, staged } from "./stage.ts";

class Sync extends Local {
  readonly at = this.alloc(this.constant("SIZEOF_RCU_SYNC"));

  constructor() {
    super();
    this.call("rcu_sync_init", this.at);
  }

  state(): string {
    const value = this.word(this.at + this.constant("OFFSETOF_RCU_SYNC_GP_STATE"));
    return ["GP_IDLE", "GP_ENTER", "GP_PASSED", "GP_EXIT", "GP_REPLAY"][value] ?? `${value}`;
  }

  /** Grace periods so far. */
  grace(): number {
    return this.word(this.constant("RCU_COMPLETED"));
  }

  /** Calls on it, in turn. @returns the state after each */
  after(...calls: string[]): string[] {
    return calls.map((call) => {
      if (call === "rcu_core") this.call(call);
      else this.call(`rcu_sync_${call}`, this.at);
      return this.state();
    });
  }
}

test("Y1, Y3: a writer waits for a grace period, and a grace period after it all is as before", () => {
  const sync = new Sync();
  const before = sync.grace();
  assert.equal(sync.after("enter"), ["GP_PASSED"]);
  assert.is(sync.grace(), before + 2, "one grace period");
  assert.equal(sync.after("exit", "rcu_core"), ["GP_EXIT", "GP_IDLE"]);
});

test("Y2: who comes while the state is not idle pays no grace period", () => {
  const sync = new Sync();
  sync.after("enter");
  const before = sync.grace();
  assert.equal(sync.after("enter", "exit"), ["GP_PASSED", "GP_PASSED"], "one is still in");
  assert.equal(sync.after("exit", "enter"), ["GP_EXIT", "GP_EXIT"]);
  assert.is(sync.grace(), before);
  assert.equal(sync.after("rcu_core"), ["GP_PASSED"], "a writer is in: not idle");
});

test("Y4: who comes and leaves while a callback is under way makes it wait once more", () => {
  const sync = new Sync();
  sync.after("enter", "exit", "enter");
  assert.equal(sync.after("exit"), ["GP_REPLAY"]);
  const before = sync.grace();
  assert.equal(sync.after("rcu_core"), ["GP_IDLE"]);
  assert.is(sync.grace(), before + 4, "two grace periods");
});

test("Y5: a destroyed one has no callback left, from whatever state", () => {
  const sync = new Sync();
  assert.equal(sync.after("dtor"), ["GP_IDLE"]);
  assert.equal(sync.after("enter", "exit", "dtor"), ["GP_PASSED", "GP_EXIT", "GP_IDLE"]);
  assert.equal(sync.after("enter", "exit", "enter", "exit", "dtor").slice(3), [
    "GP_REPLAY",
    "GP_IDLE",
  ]);
  assert.equal(sync.warnings(), []);
});

test("an exit without an enter, and a dtor of one in use, warn", () => {
  const sync = new Sync();
  sync.after("exit");
  assert.equal(sync.warnings(), ["WARN_RCU_SYNC_EXIT_WITHOUT_ENTER"]);
  sync.after("enter", "dtor");
  assert.is(sync.warnings()[1], "WARN_RCU_SYNC_DTOR_DURING_USE");
});

staged(
  "Y1, Y2: writers that come during a grace period share it",
  { cpus: 4 },
  async (s: Stage) => {
    const at = s.alloc(s.constant("SIZEOF_RCU_SYNC"));
    const reader = await s.enter(3, "rcu_test_reader", s.alloc());
    const first = s.call(0, "rcu_sync_enter", at);
    await s.waits(0, "WAIT_RCU_GP");
    const second = s.call(1, "rcu_sync_enter", at);
    await s.waits(1, "WAIT_QUEUE");
    const before = s.event("EV_RCU_GP");
    await reader.leave();
    await Promise.all([first, second]);
    assert.is(s.event("EV_RCU_GP"), before + 1);
  },
);

test.run();
