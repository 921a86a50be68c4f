// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { staged } from "./stage.ts";

const SLEEPY = { spinLimit: 0, rcuStallMs: 0 }; // an updater sleeps at once, and for ever if not woken

staged("Q1: what a reader saw first stays until it leaves", { cpus: 2 }, async (stage) => {
  const word = stage.alloc();
  stage.set(word, 1);
  const reader = await stage.enter(0, "rcu_test_reader", word);
  const publish = stage.call(1, "rcu_test_publish", word, 2);
  await stage.waits(1, "WAIT_RCU_GP", 0);
  assert.is(stage.get(word), 1);
  assert.is(await reader.leave(), (1 << 16) | 1);
  await publish;
  assert.is(stage.get(word), 2);
});

staged("Q1: rcu_qs() on an offline CPU reports nothing", { cpus: 1 }, async (stage) => {
  const slot = stage.percpu(stage.constant("PERCPU_RCU_SLOT"), 0);
  await stage.invoke(0, "rcu_qs", { bracket: false });
  assert.is(stage.get64(slot), 0n);
  assert.is(await stage.invoke(0, "rcu_need_qs", { bracket: false }), 0);
});

staged("Q2: a grace period writes no other CPU's slot", { cpus: 2 }, async (stage) => {
  const slot = stage.percpu(stage.constant("PERCPU_RCU_SLOT"), 0);
  const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
  const before = stage.get64(slot);
  const sync = stage.call(1, "synchronize_rcu");
  await stage.waits(1, "WAIT_RCU_GP", 0);
  assert.is(stage.get64(slot), before);
  assert.is.not(stage.get64(stage.constant("RCU_GP_SEQ")), before, "a grace period runs");
  await reader.leave();
  await sync;
});

staged("Q3: a grace period waits for every reader, not for one", { cpus: 4 }, async (stage) => {
  const readers = [];
  for (const cpu of [0, 1, 2])
    readers.push(await stage.enter(cpu, "rcu_test_reader", stage.alloc()));
  const completed = stage.constant("RCU_COMPLETED");
  const before = stage.get64(completed);
  const sync = stage.call(3, "synchronize_rcu");
  for (const [cpu, reader] of readers.entries()) {
    await stage.waits(3, "WAIT_RCU_GP", cpu);
    assert.is(stage.get64(completed), before, `CPU ${cpu} is inside`);
    await reader.leave();
  }
  await sync;
  assert.is(stage.get64(completed), before + 2n);
});

staged("Q3: offline CPUs are not waited for", { cpus: 3, ...SLEEPY }, async (stage) => {
  await stage.call(0, "synchronize_rcu");
  assert.is(stage.event("EV_RCU_GP"), 1);
});

staged(
  "Q4: a grace period under way is not enough for who asks now",
  { cpus: 3 },
  async (stage) => {
    const completed = stage.constant("RCU_COMPLETED");
    const before = stage.get64(completed);
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    const first = stage.call(1, "synchronize_rcu");
    await stage.waits(1, "WAIT_RCU_GP", 0);
    const second = stage.call(2, "synchronize_rcu");
    await stage.waits(2, "WAIT_RCU_GP", 1); // for CPU 1, which drives
    await reader.leave();
    await Promise.all([first, second]);
    assert.is(stage.get64(completed), before + 4n);
  },
);

staged(
  "Q4: updaters that need the same grace period share it",
  { cpus: 5, ...SLEEPY },
  async (stage) => {
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    const sync = (cpu: number) => stage.call(cpu, "synchronize_rcu");
    const calls = [sync(1)];
    await stage.waits(1, "WAIT_RCU_GP", 0);
    for (const cpu of [2, 3, 4]) {
      calls.push(sync(cpu));
      await stage.waits(cpu, "WAIT_RCU_GP", 1);
    }
    await reader.leave();
    await Promise.all(calls);
    assert.is(stage.event("EV_RCU_GP"), 2, "one for CPU 1, one for the other three");
  },
);

staged("Q5: going online loads gp_seq again after the slot", { cpus: 1 }, async (stage) => {
  const gpSeq = stage.constant("RCU_GP_SEQ");
  // Grace periods begin all the time; some begin between the slot's store and the second load.
  const deadline = performance.now() + 5_000;
  while (stage.event("EV_RCU_ONLINE_RETRY") === 0 && performance.now() < deadline) {
    const toggling = stage.call(0, "rcu_test_toggle", 200_000);
    let busy = true;
    void toggling.finally(() => {
      busy = false;
    });
    while (busy) {
      for (let i = 0; i < 20_000; i++) stage.add64(gpSeq, 2n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await toggling;
  }
  assert.ok(stage.event("EV_RCU_ONLINE_RETRY") > 0, "no second load ever differed");
});

staged("Q5: going online agrees with gp_seq before anything else", { cpus: 1 }, async (stage) => {
  stage.add64(stage.constant("RCU_GP_SEQ"), 40n);
  await stage.invoke(0, "rcu_cpu_online", { bracket: false });
  const slot = stage.percpu(stage.constant("PERCPU_RCU_SLOT"), 0);
  assert.is(stage.get64(slot), stage.get64(stage.constant("RCU_GP_SEQ")));
});

staged(
  "Q6: a report wakes an updater that sleeps for ever",
  { cpus: 2, ...SLEEPY },
  async (stage) => {
    const waiting = stage.percpu(stage.constant("PERCPU_RCU_SLOT"), 0) + 8;
    assert.is(stage.get(waiting), 0);
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    const sync = stage.call(1, "synchronize_rcu");
    await stage.until("the updater has set the waiting word", () => stage.get(waiting) === 1);
    await reader.leave();
    await sync;
    assert.is(stage.get(waiting), 0);
  },
);

staged("Q6: a busy CPU's report wakes, too", { cpus: 2, ...SLEEPY }, async (stage) => {
  const busy = await stage.enter(0, "rcu_test_busy");
  await stage.call(1, "rcu_torture_fakewriter", 300);
  assert.is(stage.event("EV_RCU_GP"), 300);
  await busy.leave();
});

staged(
  "Q7: two online updaters do not wait for one another",
  { cpus: 2, ...SLEEPY },
  async (stage) => {
    await stage.machine.callAll("rcu_torture_fakewriter", () => [500]);
    const gps = stage.event("EV_RCU_GP");
    assert.ok(gps >= 500 && gps <= 1000, `${gps} grace periods for 1000 requests`);
  },
);

staged(
  "Q7: the updater is online again afterwards, or offline as before",
  { cpus: 1 },
  async (stage) => {
    const bare = { bracket: false };
    await stage.invoke(0, "synchronize_rcu", bare);
    assert.is(await stage.invoke(0, "rcu_is_online", bare), 0);
    await stage.invoke(0, "rcu_cpu_online", bare);
    await stage.invoke(0, "synchronize_rcu", bare);
    assert.is(await stage.invoke(0, "rcu_is_online", bare), 1);
  },
);

staged(
  "Q8: a stall is reported once a period and names each CPU",
  { cpus: 3, rcuStallMs: 20 },
  async (stage) => {
    const first = await stage.enter(0, "rcu_test_reader", stage.alloc());
    const second = await stage.enter(1, "rcu_test_reader", stage.alloc());
    const sync = stage.call(2, "synchronize_rcu");
    await stage.until("two reports", () => stage.event("EV_RCU_STALL") >= 4);
    const gp = Number(stage.get64(stage.constant("RCU_GP_SEQ")));
    const reports = stage.machine.log().filter(({ code }) => code === "WARN_RCU_STALL");
    assert.equal(
      reports.slice(0, 4).map(({ a, b }) => [a, b]),
      [
        [0, gp],
        [1, gp],
        [0, gp],
        [1, gp],
      ],
    );
    const [one, , two] = reports;
    assert.ok(one !== undefined && two !== undefined && two.timeNs - one.timeNs >= 20_000_000n);
    await first.leave();
    await second.leave();
    await sync;
  },
);

staged("Q8: no report when readers are quick", { cpus: 2 }, async (stage) => {
  const busy = await stage.enter(0, "rcu_test_busy");
  await stage.call(1, "rcu_torture_fakewriter", 100);
  await busy.leave();
  assert.is(stage.event("EV_RCU_STALL"), 0);
  assert.equal(stage.warnings(), []);
});

test.run();
