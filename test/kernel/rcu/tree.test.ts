// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PanicError } from "../../../host/errors.ts";
import { type Stage, staged } from "./stage.ts";

const BARE = { bracket: false };

/** `n` objects whose callbacks leave notes. */
class Notes {
  readonly n: number;
  readonly base: number;
  readonly stride: number;
  readonly #stage: Stage;
  readonly #counter: number;

  constructor(stage: Stage, n: number, again = 0) {
    this.#stage = stage;
    this.n = n;
    this.stride = stage.constant("SIZEOF_RCU_NOTE");
    this.base = stage.alloc(n * this.stride);
    this.#counter = stage.alloc();
    for (let i = 0; i < n; i++) {
      stage.set(this.#field(i, "COUNTER"), this.#counter);
      stage.set(this.#field(i, "AGAIN"), again);
    }
  }

  #field(i: number, name: string): number {
    return this.base + i * this.stride + this.#stage.constant(`OFFSETOF_RCU_NOTE_${name}`);
  }

  all(name: string): number[] {
    return Array.from({ length: this.n }, (_, i) => this.#stage.get(this.#field(i, name)));
  }

  /** How many callbacks have run. */
  ran(): number {
    return this.#stage.get(this.#counter);
  }

  /** Queues them all, on CPU `cpu`, and leaves them queued. */
  async queue(cpu: number): Promise<void> {
    const func = this.#stage.constant("RCU_TEST_NOTE");
    const args = [this.base, func, this.n, this.stride];
    await this.#stage.invoke(cpu, "rcu_test_call", { args, ...BARE });
  }
}

staged("C1: callbacks run on the CPU that queued them, in order", { cpus: 2 }, async (stage) => {
  const notes = new Notes(stage, 5);
  await notes.queue(1);
  await stage.call(0, "synchronize_rcu");
  assert.is(notes.ran(), 0, "CPU 0 runs none of CPU 1's");
  await stage.call(1, "rcu_core");
  assert.equal(notes.all("ORDER"), [1, 2, 3, 4, 5]);
  assert.equal(notes.all("CPU"), [1, 1, 1, 1, 1]);
});

staged(
  "C1: a callback waits for the readers that were inside when it was queued",
  { cpus: 2 },
  async (stage) => {
    const notes = new Notes(stage, 1);
    const reader = await stage.enter(0, "rcu_test_reader", stage.alloc());
    await notes.queue(1);
    const core = stage.call(1, "rcu_core");
    await stage.waits(1, "WAIT_RCU_GP", 0);
    assert.is(notes.ran(), 0);
    await reader.leave();
    await core;
    assert.is(notes.ran(), 1);
  },
);

staged("C1: a grace period that began before does not do", { cpus: 3 }, async (stage) => {
  const notes = new Notes(stage, 1);
  const early = await stage.enter(0, "rcu_test_reader", stage.alloc());
  const sync = stage.call(2, "synchronize_rcu");
  await stage.waits(2, "WAIT_RCU_GP", 0);
  await notes.queue(1); // needs the next one
  await early.leave();
  await sync;
  await stage.invoke(1, "rcu_softirq", BARE);
  assert.is(notes.ran(), 0);
  await stage.call(2, "synchronize_rcu");
  await stage.invoke(1, "rcu_softirq", BARE);
  assert.is(notes.ran(), 1);
});

staged("C2: a callback runs online, whether its CPU was or not", { cpus: 1 }, async (stage) => {
  const notes = new Notes(stage, 2);
  await notes.queue(0);
  await stage.invoke(0, "rcu_core", BARE);
  assert.equal(notes.all("ONLINE"), [1, 1]);
  assert.is(await stage.invoke(0, "rcu_is_online", BARE), 0);
});

staged("C2: a callback that sleeps is a bug", { cpus: 1 }, async (stage) => {
  const func = stage.constant("RCU_TEST_SLEEP");
  try {
    await stage.call(0, "rcu_test_call", stage.alloc(16), func, 1, 16);
    assert.unreachable("it slept");
  } catch (error) {
    assert.instance(error, PanicError);
    assert.match((error as Error).message, /BUG_RCU_CALLBACK_SLEEPS/);
  }
});

staged("C2: a quiescent state follows each callback", { cpus: 2, rcuStallMs: 0 }, async (stage) => {
  const stride = stage.constant("SIZEOF_RCU_HOLD");
  const first = stage.alloc(2 * stride);
  const at = (hold: number, name: string) => hold + stage.constant(`OFFSETOF_RCU_HOLD_${name}`);
  const args = [first, stage.constant("RCU_TEST_HOLD"), 2, stride];
  await stage.invoke(0, "rcu_test_call", { args, ...BARE });
  const core = stage.call(0, "rcu_core");
  await stage.until("the first runs", () => stage.get(at(first, "ENTERED")) === 1);
  const sync = stage.call(1, "synchronize_rcu");
  await stage.waits(1, "WAIT_RCU_GP", 0);
  stage.set(at(first, "LEAVE"), 1);
  await sync;
  const second = first + stride;
  assert.is(stage.get(at(second, "LEAVE")), 0, "the second is inside, or has not begun");
  stage.set(at(second, "LEAVE"), 1);
  await core;
});

staged("C2: a callback may queue its own head again", { cpus: 1 }, async (stage) => {
  const notes = new Notes(stage, 3, 4);
  await notes.queue(0);
  await stage.call(0, "rcu_core");
  assert.is(notes.ran(), 15);
  assert.is(stage.event("EV_RCU_CALLBACK"), 15);
  assert.is(stage.event("EV_RCU_GP"), 5, "each round needs a grace period of its own");
});

staged("C3: a CPU leaves the kernel without callbacks", { cpus: 1 }, async (stage) => {
  const notes = new Notes(stage, 7, 1);
  const args = [notes.base, stage.constant("RCU_TEST_NOTE"), notes.n, notes.stride] as const;
  await stage.call(0, "rcu_test_call", ...args);
  assert.is(notes.ran(), 14);
});

staged("C3: a task that sleeps runs its callbacks first", { cpus: 1 }, async (stage) => {
  const notes = new Notes(stage, 2);
  await notes.queue(0);
  await stage.invoke(0, "schedule", BARE); // has announced no sleep: comes back at once
  assert.is(notes.ran(), 2);
});

staged("C4: rcu_softirq() neither waits nor starts a grace period", { cpus: 2 }, async (stage) => {
  const notes = new Notes(stage, 3);
  const reader = await stage.enter(1, "rcu_test_reader", stage.alloc());
  await notes.queue(0);
  await stage.invoke(0, "rcu_softirq", BARE);
  assert.is(notes.ran(), 0);
  assert.is(stage.event("EV_RCU_GP"), 0);
  await reader.leave();
  await stage.call(1, "synchronize_rcu");
  await stage.invoke(0, "rcu_softirq", BARE);
  assert.is(notes.ran(), 3);
});

staged(
  "C6: the end of a system call waits only above QHIMARK callbacks",
  { cpus: 1 },
  async (stage) => {
    const mark = stage.constant("QHIMARK");
    const few = new Notes(stage, mark);
    const more = new Notes(stage, 1);
    await few.queue(0);
    await stage.machine.invoke(0, "rcu_user_enter", BARE);
    assert.is(few.ran(), 0, "at the mark it neither waits nor drives a grace period");
    await more.queue(0);
    await stage.machine.invoke(0, "rcu_user_enter", BARE);
    assert.is(few.ran() + more.ran(), mark + 1);
  },
);

staged("C5: rcu_barrier() waits for another CPU's callbacks", { cpus: 3 }, async (stage) => {
  const notes = new Notes(stage, 4);
  await notes.queue(0);
  const reader = await stage.enter(0, "rcu_test_reader", stage.alloc()); // neither reports nor runs any
  const barrier = stage.call(1, "rcu_barrier");
  await stage.waits(1, "WAIT_RCU_GP", 0);
  assert.is(notes.ran(), 0);
  await reader.leave();
  await barrier;
  assert.is(notes.ran(), 4);
});

staged(
  "C5: rcu_barrier() makes callbacks ripe for a CPU that never sleeps",
  { cpus: 2, rcuStallMs: 0 },
  async (stage) => {
    const notes = new Notes(stage, 4);
    await notes.queue(0);
    const busy = await stage.enter(0, "rcu_test_busy");
    await stage.call(1, "rcu_barrier");
    assert.is(notes.ran(), 4);
    await busy.leave();
  },
);

staged(
  "C5: rcu_barrier() names the CPU that does not run its callbacks",
  { cpus: 2, rcuStallMs: 20 },
  async (stage) => {
    const notes = new Notes(stage, 4);
    await notes.queue(0); // outside, and nobody calls it
    const barrier = stage.call(1, "rcu_barrier");
    await stage.until("a report", () => stage.warnings().includes("WARN_RCU_BARRIER_STALL"));
    const report = stage.machine.log().find(({ code }) => code === "WARN_RCU_BARRIER_STALL");
    assert.equal([report?.a, report?.b], [0, 4]);
    await stage.call(0, "rcu_core");
    await barrier;
  },
);

staged(
  "C5: rcu_barrier() runs its own CPU's callbacks, and costs nothing without any",
  { cpus: 2 },
  async (stage) => {
    await stage.call(0, "rcu_barrier");
    assert.is(stage.event("EV_RCU_GP"), 0);
    const notes = new Notes(stage, 3, 1);
    await notes.queue(0);
    await stage.call(0, "rcu_barrier");
    assert.is(notes.ran(), 6);
  },
);

staged("C5: barriers on every CPU, callbacks on every CPU", { cpus: 3 }, async (stage) => {
  const notes = [0, 1, 2].map(() => new Notes(stage, 50));
  for (let round = 1; round <= 20; round++) {
    await Promise.all(notes.map((note, cpu) => note.queue(cpu)));
    await stage.machine.callAll("rcu_barrier");
    assert.equal(
      notes.map((note) => note.ran()),
      [50 * round, 50 * round, 50 * round],
    );
  }
});

test.run();
