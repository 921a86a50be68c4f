// SPDX-License-Identifier: GPL-2.0-only
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";
import { wakeInVain } from "../../support/rwsem.ts";
import { onMachine, type Scenario } from "../../support/scenario.ts";

const UINT_MAX = 0xffff_ffff;
const RUNS = 300;

interface Host {
  constant(name: string): number;
  alloc(bytes: number): number;
  word(at: number): number;
  poke(at: number, value: number): void;
}

/** A completion as a test reads it from memory. */
class Completion {
  readonly at: number;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    this.at = host.alloc(host.constant("SIZEOF_COMPLETION"));
  }

  get done(): number {
    return this.#host.word(this.at + this.#host.constant("OFFSETOF_COMPLETION_DONE"));
  }

  set done(value: number) {
    this.#host.poke(this.at + this.#host.constant("OFFSETOF_COMPLETION_DONE"), value);
  }

  /** Address. */
  get lock(): number {
    return this.at + this.#host.constant("OFFSETOF_COMPLETION_LOCK");
  }

  get hasWaiters(): boolean {
    return this.#host.word(this.at + this.#host.constant("OFFSETOF_COMPLETION_FIRST")) !== 0;
  }
}

async function wait(on: Scenario, cpu: number, done: Completion) {
  const call = on.start(cpu, "wait_for_completion", done.at);
  await on.asleep(cpu, "WAIT_COMPLETION");
  return call;
}

test("C1: each complete() lets one waiter pass, past or to come", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const done = new Completion(on);
    await on.call(1, "complete", done.at);
    await on.call(1, "complete", done.at);
    assert.is(done.done, 2);
    await on.finish(on.start(0, "wait_for_completion", done.at));
    await on.finish(on.start(0, "wait_for_completion", done.at));
    assert.is(done.done, 0);
    const waiter = await wait(on, 0, done);
    await on.call(1, "complete", done.at);
    await on.finish(waiter);
    assert.equal([done.done, done.hasWaiters], [0, false]);
    assert.is(on.events()["SCHED_SLEEP"], 1, "only the third wait slept");
  });
});

test("C2: waiters pass in the order in which they came", async () => {
  await onMachine({ cpus: 4 }, async (on) => {
    const done = new Completion(on);
    const waiters = [await wait(on, 2, done), await wait(on, 0, done), await wait(on, 1, done)];
    for (const [i, waiter] of waiters.entries()) {
      await on.call(3, "complete", done.at);
      await on.finish(waiter);
      assert.ok(waiters.slice(i + 1).every(({ returned }) => !returned));
      assert.ok(waiters.slice(i + 1).every(({ cpu }) => on.task(cpu).state === "TASK_PARKED"));
    }
  });
});

test("C1: a waiter that is woken for nothing is not let pass", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const done = new Completion(on);
    const waiter = await wait(on, 0, done);
    await wakeInVain(on, 0, 1);
    assert.not(waiter.returned);
    await on.call(1, "complete", done.at);
    await on.finish(waiter);
  });
});

test("C3: after complete_all() every waiter passes, until reinit_completion()", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const done = new Completion(on);
    const waiters = [await wait(on, 0, done), await wait(on, 1, done)];
    await on.call(2, "complete_all", done.at);
    for (const waiter of waiters) await on.finish(waiter);
    await on.finish(on.start(0, "wait_for_completion", done.at));
    assert.is(done.done, UINT_MAX);
    await on.call(2, "reinit_completion", done.at);
    const again = await wait(on, 0, done);
    await on.call(2, "complete", done.at);
    await on.finish(again);
  });
});

test("C4: at UINT_MAX nothing is added nor taken", () => {
  const local = new Local();
  const done = new Completion(local);
  done.done = UINT_MAX - 1;
  local.call("complete", done.at);
  local.call("complete", done.at);
  assert.is(done.done, UINT_MAX);
  local.call("wait_for_completion", done.at);
  assert.is(local.call("try_wait_for_completion", done.at), 1);
  assert.is(done.done, UINT_MAX);
});

for (const fn of ["try_wait_for_completion", "completion_done", "wait_for_completion"]) {
  test(`C5: ${fn}() returns only after complete() has let go of the lock`, async () => {
    await onMachine({ cpus: 1 }, async (on) => {
      const done = new Completion(on);
      const thaw = on.freeze(done.lock); // the test is inside complete()
      done.done = 1;
      const waiter = on.start(0, fn, done.at);
      await on.blockedOn(0, done.lock);
      assert.is(done.done, 1, "nothing is taken without the lock");
      thaw();
      await on.finish(waiter);
    });
  });
}

test("C6: a wait that times out takes nothing, and leaves the list", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const done = new Completion(on);
    assert.is(await on.call(0, "wait_for_completion_timeout", done.at, 1_000_000n), 0);
    assert.equal([done.done, done.hasWaiters], [0, false]);
    assert.is(on.events()["SCHED_SLEEP"], 1);
    await on.call(1, "complete", done.at);
    assert.is(done.done, 1);
    assert.is(await on.call(0, "wait_for_completion_timeout", done.at, 0n), 1);
    assert.is(await on.call(0, "wait_for_completion_timeout", done.at, 0n), 0);
  });
});

test("C6: a wait with a limit passes when it is completed in time", async () => {
  await onMachine({ cpus: 2 }, async (on) => {
    const done = new Completion(on);
    const waiter = on.start(0, "wait_for_completion_timeout", done.at, 1_000_000_000_000n);
    await on.asleep(0, "WAIT_COMPLETION");
    await on.call(1, "complete", done.at);
    assert.is(await on.finish(waiter), 1);
    assert.is(done.done, 0);
  });
});

test("O1: completing and waiting at once, as often as not, never loses a completion", async () => {
  await onMachine({ cpus: 3 }, async (on) => {
    const done = new Completion(on);
    for (let i = 0; i < 100; i++) {
      const waiters = [i, i + 1].map((n) => on.start(n % 3, "wait_for_completion", done.at));
      const cpu = (i + 2) % 3;
      await on.call(cpu, "complete", done.at);
      await on.call(cpu, "complete", done.at);
      for (const waiter of waiters) await on.finish(waiter);
    }
    assert.equal([done.done, done.hasWaiters], [0, false]);
  });
});

const OPS = [
  "complete",
  "complete_all",
  "reinit_completion",
  "try_wait_for_completion",
  "wait_for_completion_timeout",
  "completion_done",
] as const;

/** `done` after an operation that needs no waiting, and what that returns. */
function model(op: (typeof OPS)[number], done: number): { done: number; result: number } {
  if (op === "complete") return { done: Math.min(done + 1, UINT_MAX), result: 0 };
  if (op === "complete_all") return { done: UINT_MAX, result: 0 };
  if (op === "reinit_completion") return { done: 0, result: 0 };
  const result = Number(done > 0);
  if (op === "completion_done" || done === 0 || done === UINT_MAX) return { done, result };
  return { done: done - 1, result };
}

test("C1, C3, C4, C6: any sequence of calls counts as the model does", () => {
  const local = new Local();
  const done = new Completion(local);
  const start = fc.constantFrom(0, 1, 2, UINT_MAX - 2, UINT_MAX - 1, UINT_MAX);
  const ops = fc.array(fc.constantFrom(...OPS), { maxLength: 30 });
  fc.assert(
    fc.property(start, ops, (count, sequence) => {
      done.done = count;
      for (const op of sequence) {
        const expected = model(op, done.done);
        const args = op === "wait_for_completion_timeout" ? [0n] : [];
        assert.is(local.call(op, done.at, ...args), expected.result, op);
        assert.is(done.done, expected.done, op);
        assert.equal([local.word(done.lock), done.hasWaiters], [0, false]);
      }
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

test.run();
