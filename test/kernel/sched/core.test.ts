// SPDX-License-Identifier: GPL-2.0-only
/** Going to sleep and being woken. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { wakeInVain } from "../../support/rwsem.ts";
import { onMachine, type Scenario } from "../../support/scenario.ts";

const PERCPU_REF_ALLOW_REINIT = 4;

function announce(on: Scenario, cpu: number): Promise<number> {
  return on.call(cpu, "set_current_state", on.constant("TASK_SLEEPING"));
}

/** As announce(), without the bracket that would run the callbacks. */
async function announceOffline(on: Scenario, cpu: number): Promise<void> {
  const args = [on.constant("TASK_SLEEPING")];
  await on.finish(on.invoke(cpu, "set_current_state", { args, bracket: false }));
}

/** CPU `cpu`'s RCU slot: 0n while it is offline. */
function slot(on: Scenario, cpu: number): bigint {
  return on.u64(on.unit(cpu, on.constant("PERCPU_RCU_SLOT")));
}

/** Queues an RCU callback on CPU `cpu`, which stays offline. */
async function queueCallback(on: Scenario, cpu: number): Promise<void> {
  const ref = on.alloc(on.constant("SIZEOF_PERCPU_REF"));
  const offline = (fn: string, ...args: number[]) =>
    on.finish(on.invoke(cpu, fn, { args, bracket: false }));
  assert.is(await offline("percpu_ref_init", ref, 0, PERCPU_REF_ALLOW_REINIT), 0);
  const noConfirm = on.constant("PERCPU_REF_NO_CONFIRM");
  await offline("percpu_ref_switch_to_atomic", ref, noConfirm);
}

test("S1: a wake-up that comes between the announcement and schedule() is not lost", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    await announce(on, 0);
    assert.is(await on.call(1, "wake_up_process", on.unit(0)), 1);
    assert.is(on.task(0).state, "TASK_RUNNING");
    await on.finish(on.start(0, "schedule"));
    assert.equal(on.events(), {}, "S2: nobody was parked, nobody was notified");
  });
});

test("S1: nothing is slept that was not announced", async () => {
  await onMachine({ cpus: 1 }, async (on) => {
    await on.finish(on.start(0, "schedule"));
    assert.equal(on.events(), {});
  });
});

test("S2: a wake-up wakes the one parked task that it is for", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const sleeps = [0, 1].map(async (cpu) => {
      await announce(on, cpu);
      return on.start(cpu, "schedule");
    });
    const [first, second] = await Promise.all(sleeps);
    assert.ok(first && second);
    await on.asleep(0, "WAIT_NONE");
    await on.asleep(1, "WAIT_NONE");
    assert.is(await on.call(2, "wake_up_process", on.unit(1)), 1);
    await on.finish(second);
    assert.is(on.task(0).state, "TASK_PARKED");
    assert.is(await on.call(2, "wake_up_process", on.unit(1)), 0, "it is awake");
    assert.is(await on.call(2, "wake_up_process", on.unit(0)), 1);
    await on.finish(first);
    assert.equal(on.events(), { SCHED_SLEEP: 2, SCHED_WAKE: 2 });
  });
});

test("S2: a task that polls is woken without a notify", async () => {
  await onMachine({ cpus: 2, idlePoll: 0x7fff_ffff }, async (on) => {
    await announce(on, 0);
    const sleep = on.start(0, "schedule");
    await on.turns();
    assert.is(on.task(0).state, "TASK_SLEEPING");
    assert.is(await on.call(1, "wake_up_process", on.unit(0)), 1);
    await on.finish(sleep);
    assert.equal(on.events(), {});
  });
});

test("S3: a parked task delays no grace period, and is online again afterwards", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const raw = (fn: string, ...args: number[]) => on.invoke(0, fn, { args, bracket: false });
    await on.finish(raw("rcu_cpu_online"));
    assert.is.not(slot(on, 0), 0n);
    await on.finish(raw("set_current_state", on.constant("TASK_SLEEPING")));
    const sleep = raw("schedule");
    await on.asleep(0, "WAIT_NONE");
    await on.call(1, "synchronize_rcu");
    assert.is(slot(on, 0), 0n);
    await on.call(1, "wake_up_process", on.unit(0));
    await on.finish(sleep);
    assert.is.not(slot(on, 0), 0n);
    await on.finish(raw("rcu_cpu_offline"));
  });
});

test("S3: a CPU that was offline before it slept is offline after it", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    await announce(on, 0);
    const sleep = on.invoke(0, "schedule", { bracket: false });
    await on.asleep(0, "WAIT_NONE");
    await on.call(1, "wake_up_process", on.unit(0));
    await on.finish(sleep);
    assert.is(slot(on, 0), 0n);
  });
});

test("S4: a task runs its CPU's RCU callbacks before it parks", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    await queueCallback(on, 0);
    await announceOffline(on, 0);
    const sleep = on.invoke(0, "schedule", { bracket: false });
    await on.asleep(0, "WAIT_NONE");
    assert.is(on.events()["RCU_CALLBACK"], 1);
    await on.call(1, "wake_up_process", on.unit(0));
    await on.finish(sleep);
  });
});

test("S5: who is woken for nothing tests its condition, and sleeps again", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    const sleeper = on.start(0, "wait_for_completion", done);
    await on.asleep(0, "WAIT_COMPLETION");
    await wakeInVain(on, 0, 1);
    assert.not(sleeper.returned);
    await on.call(1, "complete", done);
    await on.finish(sleeper);
  });
});

test("S6: the time limit runs while callbacks wait for their grace period", async () => {
  const LIMIT_NS = 1_000_000_000_000n;
  const HELD_NS = 20_000_000n;
  await onMachine({ cpus: 2 }, async (on) => {
    const holder = (fn: string, ...args: number[]) =>
      on.finish(on.invoke(1, fn, { args, bracket: false }));
    await holder("rcu_cpu_online");
    await queueCallback(on, 0);
    await announceOffline(on, 0);
    await holder("wake_up_process", on.unit(0)); // so that it will not park
    const left = on.machine.call64(0, "schedule_timeout", LIMIT_NS);
    left.catch(() => {});
    await on.until("it waits for the grace period", () => on.task(0).wait === "WAIT_RCU_GP");
    const since = process.hrtime.bigint();
    await on.until("some time is gone", () => process.hrtime.bigint() - since > HELD_NS);
    await holder("rcu_qs");
    const ns = await left;
    assert.ok(ns < LIMIT_NS - HELD_NS, `${LIMIT_NS - ns} ns of the limit are gone`);
    await holder("rcu_cpu_offline");
  });
});

test("S6: a sleep with a limit ends when that has passed, and says how much is left", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    await announce(on, 0);
    assert.is(await on.machine.call64(0, "schedule_timeout", 1_000_000n), 0n);
    assert.is(on.task(0).state, "TASK_RUNNING");
    assert.equal(on.events(), { SCHED_SLEEP: 1 });
    await announce(on, 0);
    const limit = 1_000_000_000_000n;
    const left = on.machine.call64(0, "schedule_timeout", limit);
    left.catch(() => {});
    await on.asleep(0, "WAIT_NONE");
    await on.call(1, "wake_up_process", on.unit(0));
    const ns = await left;
    assert.ok(ns > 0n && ns < limit);
    assert.is(await on.machine.call64(0, "schedule_timeout", -1n), -1n, "no limit in, none out");
  });
});

test("O1: sleeper and waker that meet never both go by", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const ROUNDS = 100;
    const done = on.alloc(on.constant("SIZEOF_COMPLETION"));
    for (let i = 0; i < ROUNDS; i++) {
      const waiter = on.start(i % 2, "wait_for_completion", done);
      const waker = on.start((i + 1) % 2, "complete", done);
      await on.finish(waker);
      await on.finish(waiter);
    }
  });
});

test.run();
