// SPDX-License-Identifier: GPL-2.0-only
/** kernfs active references: who gets one, and who waits until they are given up. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";
import { onMachine, type Scenario } from "../../support/scenario.ts";

const BIAS = -(2 ** 31) + 1;

/** A node that can be had. */
function newNode(on: Scenario): { at: number; active: () => number } {
  const at = on.alloc(on.constant("SIZEOF_KERNFS_NODE"));
  return { at, active: () => on.word(at + on.constant("OFFSETOF_KERNFS_NODE_ACTIVE")) | 0 };
}

test("K1: a reference is had while the count is not negative", () => {
  const local = new Local();
  const kn = local.alloc(local.constant("SIZEOF_KERNFS_NODE"));
  for (const [count, had] of [
    [0, 1],
    [7, 1],
    [-1, 0],
    [BIAS, 0],
    [BIAS + 3, 0],
  ] as const) {
    local.poke(kn, count);
    assert.is(local.call("kernfs_get_active", kn), had, `${count}`);
    assert.is(local.word(kn) | 0, count + had);
  }
});

test("K2, K4: a removal adds the bias, and waits for nobody where nobody is inside", () => {
  const local = new Local();
  const kn = local.alloc(local.constant("SIZEOF_KERNFS_NODE"));
  assert.is(local.constant("KN_DEACTIVATED_BIAS"), BIAS);
  local.call("kernfs_get_active", kn);
  local.call("kernfs_deactivate", kn);
  assert.is(local.word(kn) | 0, BIAS + 1);
  local.call("kernfs_put_active", kn);
  local.call("kernfs_drain", kn);
  assert.is(local.word(kn) | 0, BIAS);
});

test("K3, K4, O2: a removal waits for the last one, whoever comes meanwhile is turned away", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const kn = newNode(on);
    assert.is(await on.call(1, "kernfs_get_active", kn.at), 1);
    assert.is(await on.call(2, "kernfs_get_active", kn.at), 1);
    await on.call(0, "kernfs_deactivate", kn.at);
    const drain = on.start(0, "kernfs_drain", kn.at);
    await on.asleep(0, "WAIT_QUEUE");
    assert.is(await on.call(1, "kernfs_get_active", kn.at), 0);
    await on.call(1, "kernfs_put_active", kn.at);
    assert.is(kn.active(), BIAS + 1);
    assert.is(on.task(0).state, "TASK_PARKED", "one is inside still, and woke nobody");
    await on.call(2, "kernfs_put_active", kn.at);
    await on.finish(drain);
    assert.is(kn.active(), BIAS);
  });
});

test("K4: the last one out of one node wakes the removers of all, who look and sleep on", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const [one, other] = [newNode(on), newNode(on)];
    for (const [cpu, kn] of [
      [0, one],
      [1, other],
    ] as const) {
      await on.call(2, "kernfs_get_active", kn.at);
      await on.call(cpu, "kernfs_deactivate", kn.at);
    }
    const drains = [on.start(0, "kernfs_drain", one.at), on.start(1, "kernfs_drain", other.at)];
    await on.asleep(0, "WAIT_QUEUE");
    await on.asleep(1, "WAIT_QUEUE");
    on.events();
    await on.call(2, "kernfs_put_active", other.at);
    await on.finish(drains[1] as (typeof drains)[number]);
    await on.until("CPU 0 was woken, and sleeps again", () => {
      return (on.eventsSinceBoot()["SCHED_SLEEP"] ?? 0) === 3;
    });
    assert.is(on.events()["SCHED_WAKE"], 2);
    assert.not(drains[0]?.returned);
    await on.call(2, "kernfs_put_active", one.at);
    await on.finish(drains[0] as (typeof drains)[number]);
  });
});

test.run();
