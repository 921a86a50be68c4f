// SPDX-License-Identifier: GPL-2.0-only

import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";

const FOREVER_NS = 60_000_000_000n;
const SPIN_ON = 1 << 27; // loads that no test outlives

/** CPU `cpu` at a meeting of `n`. */
function meet(stage: Stage, cpu: number, counter: number, n: number, deadlineNs = FOREVER_NS) {
  const call = { done: false };
  const args = [counter, n, deadlineNs];
  const result = stage.machine.invoke(cpu, "rendezvous", { args }).then((rc) => {
    call.done = true;
    return rc;
  });
  result.catch(() => {});
  return { call, result };
}

staged("M1: nobody passes before all have arrived", { cpus: 3 }, async (s) => {
  const counter = s.alloc(64);
  const early = [0, 1].map((cpu) => meet(s, cpu, counter, 3));
  for (const cpu of [0, 1]) await s.waits(cpu, "WAIT_RENDEZVOUS", counter);
  assert.equal(
    early.map(({ call }) => call.done),
    [false, false],
  );
  assert.is(await meet(s, 2, counter, 3).result, 0);
  assert.equal(await Promise.all(early.map(({ result }) => result)), [0, 0]);
  assert.is(s.get(counter), 3);
});

staged(
  "M1: who only arrives lets the others pass, and waits for nobody",
  { cpus: 2 },
  async (s) => {
    const counter = s.alloc(64);
    const other = meet(s, 0, counter, 2);
    await s.waits(0, "WAIT_RENDEZVOUS", counter);
    await s.call(1, "arrive", counter, 2);
    assert.is(await other.result, 0);
  },
);

staged(
  "M2, M4: a wait for who never comes ends, and is over for the reports",
  { cpus: 1 },
  async (s) => {
    const counter = s.alloc(64);
    assert.is(await meet(s, 0, counter, 2, 1_000_000n).result, -s.constant("ETIMEDOUT"));
    assert.is(s.machine.tasks()[0]?.wait, "WAIT_NONE");
  },
);

staged("M2: the stop flag does not part those who meet", { cpus: 2 }, async (s) => {
  const counter = s.alloc(64);
  const first = meet(s, 0, counter, 2);
  await s.waits(0, "WAIT_RENDEZVOUS", counter);
  s.machine.stop();
  const naps = () => s.machine.tasks()[0]?.waitedMs ?? 0;
  const before = naps();
  await s.until("it naps on", () => naps() > before + 1);
  assert.not.ok(first.call.done);
  assert.is(await meet(s, 1, counter, 2).result, 0);
  assert.is(await first.result, 0);
});

for (const [how, options] of [
  ["spins", { cpus: 3, spinLimit: SPIN_ON }],
  ["naps", { cpus: 3, spinLimit: 10 }],
] as const) {
  staged(`M3: a CPU that ${how} at a meeting holds up no grace period`, options, async (s) => {
    const counter = s.alloc(64);
    const first = meet(s, 0, counter, 2);
    await s.until("it has arrived", () => s.get(counter) === 1);
    for (let i = 0; i < 3; i++) await s.call(1, "synchronize_rcu");
    assert.not.ok(first.call.done);
    await meet(s, 2, counter, 2).result;
    await first.result;
  });
}

staged(
  "M4: what a wait was for is not reported any more once it is over",
  { cpus: 2 },
  async (s) => {
    const counter = s.alloc(64);
    const first = meet(s, 0, counter, 2);
    await s.waits(0, "WAIT_RENDEZVOUS", counter);
    await meet(s, 1, counter, 2).result;
    await first.result;
    assert.equal(
      s.machine.tasks().map(({ wait }) => wait),
      ["WAIT_NONE", "WAIT_NONE"],
    );
  },
);

staged(
  "await_change returns at once when the word differs, and soon when it never does",
  { cpus: 1 },
  async (s) => {
    const word = s.alloc();
    s.set(word, 7);
    await s.call(0, "await_change", word, 6);
    await s.call(0, "await_change", word, 7);
    assert.is(s.get(word), 7);
  },
);

test.run();
