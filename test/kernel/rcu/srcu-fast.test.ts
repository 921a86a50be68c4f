// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "./stage.ts";

const SLEEPY = { spinLimit: 0, rcuStallMs: 0 }; // an updater sleeps at once, and for ever if not woken

/** The static domain of the driver. A section spans calls: it belongs to no CPU. */
class Domain {
  readonly at: number;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.at = stage.constant("CXL_MEMDEV_SRCU_FAST");
  }

  lock(cpu: number): Promise<number> {
    return this.#stage.call(cpu, "srcu_read_lock_fast", this.at);
  }

  unlock(cpu: number, scp: number): Promise<number> {
    return this.#stage.call(cpu, "srcu_read_unlock_fast", this.at, scp);
  }

  /** A grace period on `cpu`, and whether it has ended. */
  sync(cpu: number): { done: Promise<number>; over: boolean } {
    const sync = { done: this.#stage.call(cpu, "synchronize_srcu_fast", this.at), over: false };
    sync.done.then(
      () => {
        sync.over = true;
      },
      () => {},
    );
    return sync;
  }

  /** Until CPU `cpu` sleeps for an unlock of this domain. */
  sleeps(cpu: number): Promise<void> {
    return this.#stage.waits(cpu, "WAIT_SRCU_GP", this.at);
  }

  field(name: string): number {
    return this.#stage.get(this.at + this.#stage.constant(`OFFSETOF_SRCU_FAST_STRUCT_${name}`));
  }
}

function withDomain(
  name: string,
  cpus: number,
  body: (stage: Stage, domain: Domain) => Promise<void>,
): void {
  staged(name, { cpus, ...SLEEPY }, async (stage) => body(stage, new Domain(stage)));
}

withDomain("F1: a grace period waits for every section that is open", 3, async (_, domain) => {
  const sections = [await domain.lock(1), await domain.lock(2), await domain.lock(2)];
  const sync = domain.sync(0);
  for (const scp of sections) {
    await domain.sleeps(0);
    assert.not(sync.over);
    await domain.unlock(1, scp); // not where all of them began
  }
  await sync.done;
});

withDomain("F1: the counts may wrap", 2, async (stage, domain) => {
  const counters = stage.percpu(domain.field("SRCU_CTRP"), 1);
  stage.set(counters, 0xffffffff);
  stage.set(counters + 4, 0xffffffff);
  const scp = await domain.lock(1);
  const sync = domain.sync(0);
  await domain.sleeps(0);
  await domain.unlock(1, scp);
  await sync.done;
});

withDomain("F2: a CPU that is online holds up a grace period", 3, async (stage, domain) => {
  const guest = await stage.enter(1, "rcu_test_reader", stage.alloc());
  const sync = domain.sync(0);
  await stage.waits(0, "WAIT_RCU_GP");
  assert.equal([domain.field("SRCU_GP_WAITS"), sync.over], [1, false]);
  await guest.leave();
  await sync.done;
});

withDomain("F3: an unlock is atomic, and wakes, while an updater waits", 2, async (s, domain) => {
  const wakes = () => s.event("EV_SCHED_WAKE");
  await domain.unlock(1, await domain.lock(1));
  assert.is(wakes(), 0);
  const scp = await domain.lock(1);
  const sync = domain.sync(0);
  await domain.sleeps(0);
  assert.is(domain.field("SRCU_GP_WAITS"), 1);
  await domain.unlock(1, scp);
  await sync.done;
  assert.ok(wakes() > 0);
  assert.is(domain.field("SRCU_GP_WAITS"), 0);
});

withDomain("F4: sections that begin after the flip are not waited for", 2, async (_, domain) => {
  const scp = await domain.lock(1);
  const sync = domain.sync(0);
  await domain.sleeps(0);
  const late = await domain.lock(1);
  assert.is.not(late, scp);
  await domain.unlock(1, scp);
  await sync.done;
  await domain.unlock(1, late);
});

withDomain("F5: a grace period under way is not enough", 3, async (stage, domain) => {
  const scp = await domain.lock(1);
  const first = domain.sync(0);
  await domain.sleeps(0);
  const second = domain.sync(2);
  await stage.waits(2, "WAIT_MUTEX");
  await domain.unlock(1, scp);
  await Promise.all([first.done, second.done]);
  assert.is(stage.event("EV_SRCU_GP"), 2);
});

withDomain("F5: who was overtaken by a whole grace period shares it", 5, async (stage, domain) => {
  const scp = await domain.lock(4);
  const calls = [domain.sync(0)];
  await domain.sleeps(0);
  for (const cpu of [1, 2, 3]) {
    calls.push(domain.sync(cpu));
    await stage.waits(cpu, "WAIT_MUTEX");
  }
  await domain.unlock(4, scp);
  await Promise.all(calls.map(({ done }) => done));
  assert.is(stage.event("EV_SRCU_GP"), 2, "one for CPU 0, one for the other three");
});

withDomain("F6: at rest nobody waits, however often it was used", 2, async (stage, domain) => {
  for (let i = 0; i < 50; i++) {
    await domain.unlock(1, await domain.lock(1));
    await domain.sync(0).done;
  }
  assert.equal([domain.field("SRCU_GP_SEQ"), domain.field("SRCU_GP_WAITS")], [100, 0]);
  assert.is(await stage.call(0, "percpu_used"), 0, "its counters have their own place");
});

test.run();
