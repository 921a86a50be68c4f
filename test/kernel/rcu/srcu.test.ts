// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "./stage.ts";

const SLEEPY = { spinLimit: 0, rcuStallMs: 0 }; // an updater sleeps at once, and for ever if not woken
const ENOMEM = 12;

/** A domain in host memory, and what a test does with it. A section spans calls: it belongs to no CPU. */
class Domain {
  readonly at: number;
  readonly #stage: Stage;

  private constructor(stage: Stage) {
    this.#stage = stage;
    this.at = stage.alloc(stage.constant("SIZEOF_SRCU_STRUCT"));
  }

  static async make(stage: Stage): Promise<Domain> {
    const domain = new Domain(stage);
    assert.is(await stage.call(0, "init_srcu_struct", domain.at), 0);
    return domain;
  }

  lock(cpu: number): Promise<number> {
    return this.#stage.call(cpu, "srcu_read_lock", this.at);
  }

  unlock(cpu: number, idx: number): Promise<number> {
    return this.#stage.call(cpu, "srcu_read_unlock", this.at, idx);
  }

  /** A grace period on `cpu`, and whether it has ended. */
  sync(cpu: number): { done: Promise<number>; over: boolean } {
    const sync = { done: this.#stage.call(cpu, "synchronize_srcu", this.at), over: false };
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
    return this.#stage.get(this.at + this.#stage.constant(`OFFSETOF_SRCU_STRUCT_${name}`));
  }

  get state(): number {
    return this.field("SRCU_GP_SEQ") & 3;
  }

  get sleepers(): number {
    return this.#stage.get(this.#stage.constant("SRCU_STATE"));
  }

  /** Address of a count: "LOCK" or "UNLOCK", of a rank, on a CPU. */
  count(which: string, idx: number, cpu: number): number {
    const offset = this.#stage.constant(`OFFSETOF_SRCU_DATA_${which}_COUNT`);
    return this.#stage.percpu(this.field("SDA") + offset + 4 * idx, cpu);
  }
}

function withDomain(
  name: string,
  cpus: number,
  body: (stage: Stage, domain: Domain) => Promise<void>,
): void {
  staged(name, { cpus, ...SLEEPY }, async (stage) => body(stage, await Domain.make(stage)));
}

withDomain(
  "S1: a grace period waits for every section that is open, not for one",
  3,
  async (_, domain) => {
    const sections = [await domain.lock(1), await domain.lock(2), await domain.lock(2)];
    assert.equal(sections, [0, 0, 0]);
    const sync = domain.sync(0);
    for (const idx of sections) {
      await domain.sleeps(0);
      assert.not(sync.over);
      await domain.unlock(2, idx);
    }
    await sync.done;
  },
);

withDomain("S1: a section of one domain holds up no other", 2, async (stage, domain) => {
  const other = await Domain.make(stage);
  const idx = await domain.lock(1);
  await other.sync(0).done;
  const sync = domain.sync(0);
  await domain.sleeps(0);
  const woken = await other.lock(1);
  await other.unlock(1, woken);
  await domain.sleeps(0);
  assert.not(sync.over, "it looks again and goes back to sleep");
  await domain.unlock(1, idx);
  await sync.done;
});

withDomain("S1: a section may end on another CPU than it began on", 3, async (_, domain) => {
  const idx = await domain.lock(1);
  const sync = domain.sync(0);
  await domain.sleeps(0);
  await domain.unlock(2, idx);
  await sync.done;
});

withDomain("S2: the sums may wrap", 3, async (stage, domain) => {
  stage.set(domain.count("LOCK", 0, 1), 0xffffffff);
  stage.set(domain.count("UNLOCK", 0, 2), 0xffffffff);
  const idx = await domain.lock(1);
  const sync = domain.sync(0);
  await domain.sleeps(0);
  await domain.unlock(1, idx);
  await sync.done;
});

withDomain(
  "S3: who counts late on the rank before the last flip is waited for, before the next",
  2,
  async (stage, domain) => {
    await domain.sync(0).done; // somebody has fetched index 0 by now, and has yet to count
    assert.is(domain.field("SRCU_IDX"), 1);
    stage.set(domain.count("LOCK", 0, 1), 1);
    const sync = domain.sync(0);
    await domain.sleeps(0);
    assert.is(domain.state, stage.constant("SRCU_STATE_SCAN1"));
    assert.is(domain.field("SRCU_IDX"), 1, "no flip yet");
    await domain.unlock(1, 0);
    await sync.done;
    assert.is(domain.field("SRCU_IDX"), 2);
    assert.is(domain.state, stage.constant("SRCU_STATE_IDLE"));
  },
);

withDomain(
  "S4: sections that begin after the flip are not waited for",
  2,
  async (stage, domain) => {
    const idx = await domain.lock(1);
    const sync = domain.sync(0);
    await domain.sleeps(0);
    assert.is(domain.state, stage.constant("SRCU_STATE_SCAN2"));
    const late = await domain.lock(1);
    assert.equal([idx, late], [0, 1]);
    await domain.unlock(1, idx);
    await sync.done;
    await domain.unlock(1, late);
  },
);

withDomain(
  "S5: a grace period under way is not enough for who asks now",
  3,
  async (stage, domain) => {
    const idx = await domain.lock(1);
    const first = domain.sync(0);
    await domain.sleeps(0);
    const second = domain.sync(2);
    await stage.waits(2, "WAIT_MUTEX");
    await domain.unlock(1, idx);
    await Promise.all([first.done, second.done]);
    assert.is(stage.event("EV_SRCU_GP"), 2);
  },
);

withDomain("S5: who was overtaken by a whole grace period shares it", 5, async (stage, domain) => {
  const idx = await domain.lock(4);
  const calls = [domain.sync(0)];
  await domain.sleeps(0);
  for (const cpu of [1, 2, 3]) {
    calls.push(domain.sync(cpu));
    await stage.waits(cpu, "WAIT_MUTEX");
  }
  await domain.unlock(4, idx);
  await Promise.all(calls.map(({ done }) => done));
  assert.is(stage.event("EV_SRCU_GP"), 2, "one for CPU 0, one for the other three");
});

withDomain(
  "S6: an updater that sleeps is offline for RCU, and says so",
  2,
  async (stage, domain) => {
    const idx = await domain.lock(1);
    const sync = domain.sync(0);
    await domain.sleeps(0);
    const slot = stage.percpu(stage.constant("PERCPU_RCU_SLOT"), 0);
    await stage.until("it is offline", () => stage.get64(slot) === 0n);
    assert.is(stage.machine.tasks()[0]?.state, "TASK_PARKED");
    assert.is(domain.sleepers, 1);
    await stage.call(1, "synchronize_rcu");
    await domain.unlock(1, idx);
    await sync.done;
    assert.is(domain.sleepers, 0);
  },
);

staged(
  "S6: an updater that has not used up its looks does not sleep",
  { cpus: 2 },
  async (stage) => {
    const domain = await Domain.make(stage);
    for (let i = 0; i < 100; i++) await domain.sync(0).done;
    for (let i = 0; i < 10; i++) await domain.unlock(1, await domain.lock(1));
    assert.equal([stage.event("EV_SCHED_SLEEP"), stage.event("EV_SCHED_WAKE")], [0, 0]);
    assert.is(stage.event("EV_SRCU_GP"), 100);
  },
);

staged("S6: no wake-up is lost in a crowd", { cpus: 4, ...SLEEPY }, async (stage) => {
  const domain = await Domain.make(stage);
  const rounds = 400;
  await Promise.all([
    ...[0, 1].map((cpu) => stage.call(cpu, "srcu_test_updater", domain.at, rounds)),
    ...[2, 3].map((cpu) => stage.call(cpu, "srcu_test_readers", domain.at, rounds)),
  ]);
  assert.is(await stage.call(0, "srcu_readers_active", domain.at), 0);
  assert.is(domain.sleepers, 0);
});

withDomain(
  "S7: the domain may go as soon as the grace period is over",
  2,
  async (stage, domain) => {
    const idx = await domain.lock(1);
    const sync = domain.sync(0);
    await domain.sleeps(0);
    await domain.unlock(1, idx);
    await sync.done;
    await stage.call(0, "cleanup_srcu_struct", domain.at);
    assert.is(await stage.call(0, "percpu_used"), 0);
    assert.equal(stage.warnings(), []);
  },
);

withDomain(
  "S8: a domain with an open section is leaked, with a warning",
  2,
  async (stage, domain) => {
    const idx = await domain.lock(1);
    await stage.call(0, "cleanup_srcu_struct", domain.at);
    const [{ code, a, b } = { code: "", a: 0, b: 0 }] = stage.machine.log();
    assert.equal([code, a, b], ["WARN_SRCU_CLEANUP_WITH_READERS", domain.at, 1]);
    await domain.unlock(1, idx);
    await domain.sync(0).done;
    await stage.call(0, "cleanup_srcu_struct", domain.at);
    assert.is(stage.warnings().length, 1);
    assert.is(await stage.call(0, "percpu_used"), 0);
  },
);

withDomain("S8: so is one whose grace period runs", 2, async (stage, domain) => {
  const seq = domain.at + stage.constant("OFFSETOF_SRCU_STRUCT_SRCU_GP_SEQ");
  stage.set(seq, 5);
  await stage.call(0, "cleanup_srcu_struct", domain.at);
  assert.equal(stage.warnings(), ["WARN_SRCU_CLEANUP_DURING_GP"]);
  stage.set(seq, 8);
});

staged("init_srcu_struct() without memory says so", { cpus: 1 }, async (stage) => {
  while ((await stage.call(0, "alloc_percpu", 32768)) !== 0);
  for (let bytes = 16384; bytes >= 16; bytes /= 2) {
    while ((await stage.call(0, "alloc_percpu", bytes)) !== 0);
  }
  const at = stage.alloc(stage.constant("SIZEOF_SRCU_STRUCT"));
  assert.is(await stage.call(0, "init_srcu_struct", at), -ENOMEM);
});

test.run();
