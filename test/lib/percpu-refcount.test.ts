// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PanicError } from "../../host/errors.ts";
import { LocalKernel } from "../drivers/cxl/kernel.ts";
import { staged } from "../kernel/rcu/stage.ts";
import { ATOMIC, BIAS, DEAD, refTest } from "./ref.ts";

async function panics(promise: Promise<unknown>, bug: RegExp): Promise<void> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, PanicError);
    assert.match((error as Error).message, bug);
    return;
  }
  assert.unreachable(`no panic: ${bug}`);
}

refTest(
  "init without flags: live, per-CPU, BIAS and the initial reference",
  { cpus: 2 },
  [],
  async (ref) => {
    assert.is(ref.flags(), 0);
    assert.is(ref.count(), BIAS + 1);
    assert.equal(ref.counters(), [0, 0]);
  },
);

refTest(
  "INIT_ATOMIC: exact from the start, and sticky over kill and reinit",
  { cpus: 1 },
  ["INIT_ATOMIC"],
  async (ref) => {
    assert.equal([ref.flags(), ref.count()], [ATOMIC, 1]);
    await ref.call(0, "kill");
    await ref.call(0, "reinit");
    assert.equal([ref.flags(), ref.count()], [ATOMIC, 1]);
    await ref.call(0, "switch_to_percpu");
    assert.equal([ref.flags(), ref.count()], [0, BIAS + 1]);
  },
);

refTest(
  "INIT_DEAD: count 0, nobody comes in, until reinit",
  { cpus: 1 },
  ["INIT_DEAD"],
  async (ref) => {
    assert.equal([ref.flags(), ref.count()], [ATOMIC | DEAD, 0]);
    assert.is(await ref.call(0, "tryget"), 0);
    assert.is(await ref.call(0, "tryget_live"), 0);
    assert.is(await ref.call(0, "is_zero"), 1);
    await ref.call(0, "reinit");
    assert.equal([ref.flags(), ref.count()], [0, BIAS + 1]);
  },
);

staged(
  "init returns -ENOMEM and keeps nothing when the counters or the data cannot be had",
  { cpus: 1 },
  async (stage) => {
    const init = () => stage.call(0, "percpu_ref_init", stage.alloc(8), 2, 0);
    const enomem = -stage.constant("ENOMEM");
    let off = 1;
    const taken: number[] = [];
    while (off !== 0) {
      off = await stage.call(0, "alloc_percpu", 4096);
      if (off !== 0) taken.push(off);
    }
    while ((await stage.call(0, "alloc_percpu", 8)) !== 0);
    const used = await stage.call(0, "percpu_used");
    assert.is(await init(), enomem);
    await stage.call(0, "free_percpu", taken[0] ?? 0, 4096);
    assert.is(await init(), 0);
    assert.is(await stage.call(0, "percpu_used"), used - 4096 + 8);
  },
);

test("init gives the counters back when the data cannot be had", () => {
  const kernel = new LocalKernel(512 * 1024);
  let size = 4096;
  while (size >= 8) {
    if (kernel.call("kmalloc", size, kernel.constant("SLAB_MISC")) === 0) size >>= 1;
  }
  const status = kernel.call("percpu_ref_init", kernel.map.hostStart, 1, 0);
  assert.is(status, -kernel.constant("ENOMEM"));
  assert.is(kernel.call("percpu_used"), 0);
});

staged("init fails by fault injection", { cpus: 1 }, async (stage) => {
  const site = 1 << stage.constant("FAULT_PERCPU_REF_INIT");
  await stage.call(0, "fault_setup", site, stage.constant("FAULT_RATE_ALWAYS"), 1);
  assert.ok((await stage.call(0, "percpu_ref_init", stage.alloc(8), 2, 0)) < 0);
  assert.is(await stage.call(0, "percpu_used"), 0);
});

refTest(
  "P2: per-CPU mode touches the CPU's own counter alone; it may wrap",
  { cpus: 2 },
  [],
  async (ref) => {
    await ref.call(0, "get_many", 5);
    assert.is(await ref.call(1, "tryget_live"), 1);
    await ref.call(1, "put_many", 4);
    assert.equal(ref.counters(), [5, 0xffff_fffd]);
    assert.is(ref.count(), BIAS + 1);
  },
);

refTest(
  "P1: a mode flag in the loaded word decides; DEAD alone is not per-CPU",
  { cpus: 1 },
  [],
  async (ref, stage) => {
    for (const flags of [ATOMIC, DEAD, ATOMIC | DEAD]) {
      const args = [ref.ptr() | flags, 1];
      assert.is(await stage.invoke(0, "percpu_ref_add_at", { args }), 0);
    }
    assert.equal(ref.counters(), [0]);
  },
);

refTest(
  "P3: the total is exact after a kill, whoever put what where",
  { cpus: 3 },
  [],
  async (ref) => {
    await ref.call(0, "get_many", 10);
    await ref.call(1, "put_many", 7);
    await ref.call(2, "get_many", 2);
    await ref.call(1, "kill");
    assert.equal([ref.flags(), ref.count()], [ATOMIC | DEAD, 5]);
    await ref.call(2, "put_many", 4);
    assert.is(ref.word("RELEASED"), 0);
    await ref.call(0, "put");
    assert.is(ref.word("RELEASED"), 1);
  },
);

refTest(
  "P3: count never looks like 0 before the users are in it",
  { cpus: 2 },
  [],
  async (ref, stage) => {
    await ref.call(0, "get_many", 3);
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    await ref.bare(1, "kill");
    assert.is(ref.count(), BIAS + 1, "initial - 1 + the callback's own");
    await ref.bare(1, "put_many", 3);
    assert.is(ref.count(), BIAS - 2);
    assert.is(ref.word("RELEASED"), 0);
    await reader.leave();
    await stage.call(1, "rcu_core");
    assert.equal([ref.count(), ref.word("RELEASED")], [0, 1]);
  },
);

refTest("P4: release() runs once, in the last put", { cpus: 2 }, [], async (ref) => {
  await ref.call(0, "get_many", 2);
  await ref.call(1, "kill");
  await ref.call(1, "put");
  assert.is(ref.word("RELEASED"), 0);
  assert.is(await ref.call(1, "is_zero"), 0);
  await ref.call(0, "put");
  assert.is(ref.word("RELEASED"), 1);
  assert.is(await ref.call(1, "is_zero"), 1);
});

refTest(
  "P4: release() may run inside kill(), when the ref is atomic",
  { cpus: 1 },
  ["INIT_ATOMIC"],
  async (ref) => {
    await ref.bare(0, "kill");
    assert.is(ref.word("RELEASED"), 1);
  },
);

refTest(
  "P4: release() of an idle ref runs in the callback, not in kill()",
  { cpus: 1 },
  [],
  async (ref, stage) => {
    await ref.bare(0, "kill");
    assert.is(ref.word("RELEASED"), 0);
    await stage.call(0, "rcu_core");
    assert.is(ref.word("RELEASED"), 1);
  },
);

refTest(
  "P5: who loaded the mode before kill() still gets in, and is counted",
  { cpus: 2 },
  [],
  async (ref, stage) => {
    const late = await stage.enter(0, "percpu_ref_test_late", ref.at);
    const confirm = stage.constant("PERCPU_REF_CONFIRM_TORTURE");
    await ref.bare(1, "kill_and_confirm", confirm);
    assert.equal([ref.flags(), ref.word("CONFIRMED")], [ATOMIC | DEAD, 0]);
    const core = stage.call(1, "rcu_core");
    await stage.waits(1, "WAIT_RCU_GP", 0);
    assert.is(ref.word("CONFIRMED"), 0, "not while somebody may still get in");
    assert.is(await late.leave(), 1, "got in after kill() had returned");
    await core;
    assert.equal([ref.word("CONFIRMED"), ref.word("RELEASED"), ref.count()], [1, 0, 1]);
    assert.is(await ref.call(0, "tryget_live"), 0);
    await ref.call(0, "put");
    assert.is(ref.word("RELEASED"), 1);
  },
);

refTest(
  "P5: after the confirmation tryget_live() fails everywhere; tryget() while users remain",
  { cpus: 2 },
  [],
  async (ref) => {
    await ref.call(0, "get");
    await ref.confirmedKill(1);
    assert.is(ref.word("CONFIRMED"), 1);
    for (const cpu of [0, 1]) assert.is(await ref.call(cpu, "tryget_live"), 0);
    assert.is(await ref.call(1, "tryget_many", 2), 1);
    await ref.call(0, "put_many", 3);
    assert.is(await ref.call(0, "tryget"), 0);
    assert.is(ref.word("RELEASED"), 1);
  },
);

refTest(
  "P5: on an atomic ref the confirmation comes at once",
  { cpus: 1 },
  ["INIT_ATOMIC"],
  async (ref, stage) => {
    await ref.bare(0, "get");
    await ref.bare(0, "kill_and_confirm", stage.constant("PERCPU_REF_CONFIRM_TORTURE"));
    assert.equal([ref.word("CONFIRMED"), ref.word("RELEASED")], [1, 0]);
  },
);

refTest("P6: a second kill warns", { cpus: 1 }, ["ALLOW_REINIT"], async (ref, stage) => {
  await ref.call(0, "get_many", 2);
  await ref.call(0, "kill");
  await ref.call(0, "kill");
  assert.equal(stage.warnings(), ["WARN_PERCPU_REF_KILLED_TWICE"]);
  assert.is(await ref.call(0, "is_dying"), 1);
});

refTest(
  "P6: a put without a get warns at the switch",
  { cpus: 1 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    await ref.call(0, "put_many", 2);
    await ref.call(0, "kill");
    assert.equal(stage.warnings(), ["WARN_PERCPU_REF_COUNT_NOT_POSITIVE_AFTER_SWITCH"]);
  },
);

refTest(
  "P7: without ALLOW_REINIT the switch frees the counters",
  { cpus: 1 },
  [],
  async (ref, stage) => {
    await ref.call(0, "get");
    assert.is(await stage.call(0, "percpu_used"), 8);
    await ref.call(0, "kill");
    assert.is(await stage.call(0, "percpu_used"), 0);
    assert.is(ref.ptr(), ATOMIC | DEAD);
    await panics(ref.call(0, "resurrect"), /BUG_PERCPU_REF_COUNTERS_ARE_FREED/);
  },
);

refTest(
  "P8: a switch waits for the one before",
  { cpus: 3 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    await ref.bare(1, "switch_to_atomic", stage.constant("PERCPU_REF_CONFIRM_TORTURE"));
    const back = ref.call(2, "switch_to_percpu");
    await stage.waits(2, "WAIT_PERCPU_REF_SWITCH", ref.at);
    assert.is(ref.flags(), ATOMIC);
    await reader.leave();
    await stage.call(1, "rcu_core");
    await back;
    // CPU 2 may be back in per-CPU mode before the callback on CPU 1 drops its own reference.
    assert.equal([ref.flags(), ref.total(), ref.word("CONFIRMED")], [0, BIAS + 1, 1]);
  },
);

refTest(
  "switch_to_atomic_sync() returns in exact mode; the ref stays live",
  { cpus: 2 },
  ["ALLOW_REINIT"],
  async (ref) => {
    await ref.call(1, "get_many", 4);
    await ref.call(0, "switch_to_atomic_sync");
    assert.equal([ref.flags(), ref.count()], [ATOMIC, 5]);
    assert.is(await ref.call(0, "tryget_live"), 1);
    await ref.call(0, "switch_to_percpu");
    assert.equal([ref.flags(), ref.count(), ref.counters()], [0, BIAS + 6, [0, 0]]);
  },
);

refTest(
  "reinit: per-CPU again with one reference; warns while users remain",
  { cpus: 2 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    await ref.call(1, "get");
    await ref.call(0, "kill");
    await ref.call(1, "put");
    await ref.call(0, "reinit");
    assert.equal([ref.flags(), ref.count(), ref.counters()], [0, BIAS + 1, [0, 0]]);
    assert.equal(stage.warnings(), []);
    await ref.call(1, "get");
    await ref.call(0, "kill");
    await ref.call(0, "reinit");
    assert.equal(stage.warnings(), ["WARN_PERCPU_REF_REINIT_OF_A_REF_IN_USE"]);
  },
);

refTest(
  "resurrect takes a kill back while users remain; of a live ref it warns",
  { cpus: 1 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    await ref.call(0, "get");
    await ref.call(0, "kill");
    await ref.call(0, "resurrect");
    assert.equal([ref.flags(), ref.count(), ref.word("RELEASED")], [0, BIAS + 2, 0]);
    assert.is(await ref.call(0, "tryget_live"), 1);
    assert.equal(stage.warnings(), []);
    await ref.call(0, "resurrect");
    assert.equal(stage.warnings(), ["WARN_PERCPU_REF_RESURRECT_OF_A_LIVE_REF"]);
  },
);

refTest(
  "switch_to_percpu on a dead ref waits for its reinit",
  { cpus: 1 },
  ["INIT_ATOMIC"],
  async (ref) => {
    await ref.call(0, "kill");
    await ref.call(0, "switch_to_percpu");
    assert.is(ref.flags(), ATOMIC | DEAD);
    await ref.call(0, "reinit");
    assert.is(ref.flags(), 0);
  },
);

refTest(
  "exit keeps the final count, frees the rest, and may run twice",
  { cpus: 1 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    await ref.call(0, "get_many", 3);
    await ref.call(0, "kill");
    await ref.call(0, "exit");
    await ref.call(0, "exit");
    assert.is(ref.ptr(), (3 << 2) | ATOMIC | DEAD);
    assert.is(await ref.call(0, "is_zero"), 0);
    assert.is(await stage.call(0, "percpu_used"), 0);
    assert.is(await stage.call(0, "slab_live", stage.constant("SLAB_PERCPU_REF")), 0);
    assert.is(await ref.call(0, "tryget_live"), 0);
    await panics(ref.call(0, "tryget"), /BUG_PERCPU_REF_NOT_INITIALISED/);
  },
);

refTest("exit during a switch warns", { cpus: 2 }, [], async (ref, stage) => {
  const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
  await ref.bare(1, "kill");
  await ref.bare(1, "exit");
  assert.equal(stage.warnings(), ["WARN_PERCPU_REF_EXIT_DURING_SWITCH"]);
  await reader.leave();
});

refTest(
  "is_zero is false in per-CPU mode, whatever the counters say",
  { cpus: 1 },
  [],
  async (ref) => {
    assert.is(await ref.call(0, "is_zero"), 0);
  },
);

test.run();
