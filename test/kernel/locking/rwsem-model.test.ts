// SPDX-License-Identifier: GPL-2.0-only
/**
 * rwsem against a model that knows no bits: sequences of operations on one CPU, with made-up waiters in
 * the queue. Whatever the model says would sleep is left out.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";
import { NONSPINNABLE, READER, READER_OWNED, Rwsem, WAITERS, WL } from "../../support/rwsem.ts";

const RUNS = 300;
const MAX_OPS = 40;

interface Waiter {
  readonly reads: boolean;
  readonly waiter: number;
  readonly task: number;
  parked: boolean;
  granted: boolean;
}

/** What the rules say of one semaphore. `owner` is a task, its reader flag apart. */
class Model {
  readers = 0;
  writer = false;
  owner = 0;
  ownerReads = false;
  nonspinnable = false;
  readonly queue: Waiter[] = [];
  readonly #me: number;

  constructor(me: number) {
    this.#me = me;
  }

  get locked(): boolean {
    return this.writer || this.readers > 0;
  }

  #readerOwned(task: number): void {
    this.owner = task;
    this.ownerReads = true;
  }

  #letReadersIn(): void {
    for (const waiter of this.queue.filter(({ reads }) => reads)) {
      this.readers += 1;
      this.queue.splice(this.queue.indexOf(waiter), 1);
      waiter.parked = false;
      waiter.granted = true;
    }
  }

  #wakeAny(): void {
    const [first] = this.queue;
    if (first === undefined) return;
    if (first.reads) {
      this.#readerOwned(first.task);
      this.#letReadersIn();
    } else {
      first.parked = false; // R10
    }
  }

  tryRead(): boolean {
    if (this.writer || this.queue.length > 0) return false;
    this.readers += 1;
    this.#readerOwned(this.#me);
    return true;
  }

  tryWrite(): boolean {
    if (this.locked || this.queue.length > 0) return false;
    this.writer = true;
    this.owner = this.#me;
    this.ownerReads = false;
    this.nonspinnable = false;
    return true;
  }

  /** False when down_read() would sleep; nothing has changed then. */
  read(): boolean {
    if (this.tryRead()) return true;
    if (this.writer) return false;
    const [first] = this.queue;
    if (this.readers === 0) {
      this.readers = 1; // R5
      this.#readerOwned(this.#me);
      if (first?.reads) this.#letReadersIn();
      return true;
    }
    if (!first?.reads) return false; // R6
    this.#readerOwned(first.task);
    this.#letReadersIn();
    this.readers += 1; // itself: it had queued behind them
    return true;
  }

  upRead(): void {
    this.readers -= 1;
    if (this.readers > 0 || this.queue.length === 0) return;
    this.nonspinnable = false; // R16
    this.#wakeAny();
  }

  upWrite(): void {
    this.writer = false;
    this.owner = 0;
    this.#wakeAny();
  }

  downgrade(): void {
    this.writer = false;
    this.readers = 1;
    this.#readerOwned(this.#me);
    if (this.queue[0]?.reads) this.#letReadersIn();
  }
}

const OPS = [
  "down_read_trylock",
  "down_write_trylock",
  "down_read",
  "up_read",
  "up_write",
  "downgrade_write",
  "queue a reader",
  "queue a writer",
  "set NONSPINNABLE",
] as const;

class Run {
  readonly #local: Local;
  readonly #sem: Rwsem;
  readonly #model: Model;
  readonly #seen: Waiter[] = [];

  constructor(local: Local, sem: Rwsem) {
    this.#local = local;
    this.#sem = sem;
    this.#model = new Model(local.task);
  }

  step(op: (typeof OPS)[number]): void {
    const model = this.#model;
    if (op === "down_read_trylock") this.#try(op, model.tryRead());
    else if (op === "down_write_trylock") this.#try(op, model.tryWrite());
    else if (op === "down_read") this.#when(op, model.read());
    else if (op === "up_read") this.#when(op, model.readers > 0, () => model.upRead());
    else if (op === "up_write") this.#when(op, model.writer, () => model.upWrite());
    else if (op === "downgrade_write") this.#when(op, model.writer, () => model.downgrade());
    else if (op === "set NONSPINNABLE") this.#setNonspinnable();
    else if (model.locked) this.#enqueue(op === "queue a reader");
    this.#compare(op);
  }

  #try(name: string, expected: boolean): void {
    assert.is(this.#local.call(name, this.#sem.at), expected ? 1 : 0, name);
  }

  #when(name: string, allowed: boolean, inModel = (): void => {}): void {
    if (!allowed) return;
    inModel();
    this.#local.call(name, this.#sem.at);
  }

  #setNonspinnable(): void {
    if (this.#model.readers === 0) return;
    this.#model.nonspinnable = true;
    this.#sem.owner |= NONSPINNABLE;
  }

  #enqueue(reads: boolean): void {
    const waiter = this.#local.alloc(this.#local.constant("SIZEOF_RWSEM_WAITER"));
    const task = this.#local.makeTask();
    this.#sem.enqueue(waiter, task, reads);
    this.#sem.count |= WAITERS;
    const entry = { reads, waiter, task, parked: true, granted: false };
    this.#model.queue.push(entry);
    this.#seen.push(entry);
  }

  #compare(op: string): void {
    const model = this.#model;
    const lock = (model.writer ? WL : 0) + model.readers * READER;
    assert.is(this.#sem.count, lock | (model.queue.length > 0 ? WAITERS : 0), `count, ${op}`);
    const flags = (model.ownerReads && model.owner !== 0 ? READER_OWNED : 0) >>> 0;
    const nonspinnable = model.nonspinnable ? NONSPINNABLE : 0;
    assert.is(this.#sem.owner, model.owner | flags | nonspinnable, `owner, ${op}`);
    assert.equal(
      this.#sem.waiters,
      model.queue.map(({ waiter }) => waiter),
      `queue, ${op}`,
    );
    for (const { waiter, task, parked, granted } of this.#seen) {
      assert.is(this.#local.isParked(task), parked, `parked, ${op}`);
      assert.is(this.#sem.field(waiter, "TASK") === 0, granted, `granted, ${op}`);
    }
    assert.is(this.#local.call("wake_q_empty"), 1);
  }
}

test("R1, R3, R5, R6, R9, R13, R18: any sequence leaves the words that the rules say", () => {
  const ops = fc.array(fc.constantFrom(...OPS), { minLength: 1, maxLength: MAX_OPS });
  const local = new Local();
  const at = local.alloc(local.constant("SIZEOF_RW_SEMAPHORE"));
  const { mark } = local;
  fc.assert(
    fc.property(ops, (sequence) => {
      local.reset(mark);
      local.call("init_rwsem", at);
      const run = new Run(local, new Rwsem(local, at));
      for (const op of sequence) run.step(op);
    }),
    { numRuns: RUNS, seed: 20210330 },
  );
  const events = local.events();
  for (const name of ["RLOCK_STEAL", "RLOCK", "WAKE_READER", "WAKE_WRITER"]) {
    assert.ok((events[`EV_RWSEM_${name}`] ?? 0n) > 0n, `${name} was reached`);
  }
});

test.run();
