// SPDX-License-Identifier: GPL-2.0-only
/** rwsem on one CPU: fast paths, trylocks, misuse, and made-up waiters where 64 CPUs are too few. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bugOf, Local } from "../../support/local.ts";
import {
  HANDOFF,
  NONSPINNABLE,
  READER,
  READER_OWNED,
  Rwsem,
  WAITERS,
  WL,
} from "../../support/rwsem.ts";

const NR_WAITERS = 300;
const BATCH = 256;
const READFAIL = 1 << 31;

let local: Local;
let sem: Rwsem;

test.before.each(() => {
  local = new Local();
  sem = new Rwsem(local, local.alloc(local.constant("SIZEOF_RW_SEMAPHORE")));
});

/** Queues a made-up reader or writer. @returns its waiter and its task */
function queue(reads: boolean, task = local.makeTask()): { waiter: number; task: number } {
  const waiter = local.alloc(local.constant("SIZEOF_RWSEM_WAITER"));
  sem.enqueue(waiter, task, reads);
  sem.count |= WAITERS;
  return { waiter, task };
}

test("R1: the fast paths of readers and of a writer move the count and name the owner", () => {
  local.call("down_read", sem.at);
  assert.equal([sem.count, sem.owner], [READER, local.task | READER_OWNED]);
  local.call("down_read", sem.at);
  assert.is(sem.count, 2 * READER);
  local.call("up_read", sem.at);
  local.call("up_read", sem.at);
  assert.equal([sem.count, sem.owner], [0, local.task | READER_OWNED]);
  local.call("down_write", sem.at);
  assert.equal([sem.count, sem.owner], [WL, local.task]);
  local.call("up_write", sem.at);
  assert.equal([sem.count, sem.owner], [0, 0]);
});

test("R4, R9: a batch is 256 readers; the first one in uses up the handoff", () => {
  local.call("down_write", sem.at);
  const readers = Array.from({ length: NR_WAITERS }, () => queue(true));
  sem.count |= HANDOFF;
  local.call("up_write", sem.at);
  assert.is(sem.count, (BATCH * READER) | WAITERS);
  assert.is(sem.waiters.length, NR_WAITERS - BATCH);
  const inside = readers.filter(({ waiter }) => sem.field(waiter, "TASK") === 0);
  assert.equal(inside, readers.slice(0, BATCH));
  assert.ok(inside.every(({ task }) => !local.isParked(task)));
  assert.ok(readers.slice(BATCH).every(({ task }) => local.isParked(task)));
  for (let i = 0; i < BATCH; i++) local.call("up_read", sem.at);
  assert.is(sem.count, (NR_WAITERS - BATCH) * READER, "R13: the last one wakes the rest");
});

test("R8: all biases are in before the first of a batch may run", () => {
  local.call("down_write", sem.at);
  const misaligned = 2; // an atomic access to that task traps: a stop behind the first grant
  const first = queue(true, misaligned);
  const second = queue(true);
  assert.throws(
    () => local.call("up_write", sem.at),
    (error: unknown) => error instanceof WebAssembly.RuntimeError,
  );
  assert.is(sem.field(first.waiter, "TASK"), 0, "the first one may run");
  assert.is.not(sem.field(second.waiter, "TASK"), 0);
  assert.is(sem.count, 2 * READER);
});

test("R9: readers wake the readers that are first, past a writer, and join them", () => {
  local.call("down_read", sem.at);
  const reader = queue(true);
  const writer = queue(false);
  local.call("down_read", sem.at); // R6: queues; its own waking lets it in
  assert.is(sem.count, (3 * READER) | WAITERS);
  assert.equal(sem.waiters, [writer.waiter]);
  assert.not(local.isParked(reader.task));
  assert.ok(local.isParked(writer.task));
});

test("R9: ANY wakes the writer that is first, and nobody behind it", () => {
  local.call("down_read", sem.at);
  const writer = queue(false);
  const reader = queue(true);
  local.call("up_read", sem.at);
  assert.is(sem.count, WAITERS, "R10: woken, not granted");
  assert.equal(sem.waiters, [writer.waiter, reader.waiter]);
  assert.not(local.isParked(writer.task));
  assert.ok(local.isParked(reader.task));
});

test("R17: a trylock that fails changes no word and leaves nobody in the queue", () => {
  const words = () => local.words.slice(sem.at >>> 2, (sem.at >>> 2) + 6);
  for (const count of [WL, WL | WAITERS, WAITERS, WAITERS | HANDOFF, READFAIL, READER | WAITERS]) {
    sem.count = count;
    const before = words();
    assert.is(local.call("down_read_trylock", sem.at), 0, `read, ${count}`);
    assert.is(local.call("down_write_trylock", sem.at), 0, `write, ${count}`);
    assert.equal(words(), before);
  }
  sem.count = READER;
  assert.is(local.call("down_write_trylock", sem.at), 0);
  assert.is(local.call("down_read_trylock", sem.at), 1);
  assert.is(sem.count, 2 * READER);
  assert.equal(
    Object.values(local.events()).filter((n) => n !== 0n),
    [],
    "no slow path was taken",
  );
});

test("R16: a reader keeps NONSPINNABLE, a writer takes it away", () => {
  sem.owner = NONSPINNABLE | READER_OWNED;
  local.call("down_read", sem.at);
  assert.is(sem.owner, local.task | READER_OWNED | NONSPINNABLE);
  local.call("up_read", sem.at);
  local.call("down_write", sem.at);
  assert.is(sem.owner, local.task);
});

test("R18: downgrading an uncontended lock leaves one reader", () => {
  local.call("down_write", sem.at);
  local.call("downgrade_write", sem.at);
  assert.equal([sem.count, sem.owner], [READER, local.task | READER_OWNED]);
});

test("the reader count that overflows is warned of, and spinning on it ends", () => {
  sem.count = READFAIL;
  sem.owner = local.task | READER_OWNED;
  local.call("down_read", sem.at);
  assert.equal(local.warnings(), ["WARN_RWSEM_READER_OVERFLOW"]);
  assert.is(sem.owner & NONSPINNABLE, NONSPINNABLE);
});

test("R15: NONSPINNABLE is not set over a writer: no reader would clear it", () => {
  sem.count = READFAIL;
  sem.owner = local.makeTask();
  local.call("down_read", sem.at);
  assert.is(sem.owner, local.task | READER_OWNED);
});

test("R9: nobody is let in while the reader count overflows", () => {
  local.call("down_write", sem.at);
  const { task } = queue(true);
  sem.count |= READFAIL;
  local.call("up_write", sem.at);
  assert.ok(local.isParked(task));
  assert.is(sem.count, READFAIL | WAITERS);
});

test("the pieces of the read fast path are down_read() and up_read()", () => {
  let count = local.call("rwsem_read_trylock_add", sem.at);
  assert.is(count, READER);
  assert.is(local.call("rwsem_read_acquired", count), 1);
  local.call("rwsem_set_reader_owned", sem.at);
  assert.is(sem.owner, local.task | READER_OWNED);
  for (const bits of [WL, WAITERS, HANDOFF, READFAIL]) {
    assert.is(local.call("rwsem_read_acquired", READER | bits), 0);
  }
  count = local.call("rwsem_up_read_sub", sem.at);
  assert.is(count, 0);
  assert.is(local.call("rwsem_up_read_wakes", count), 0);
  assert.is(local.call("rwsem_up_read_wakes", WAITERS), 1);
  assert.is(local.call("rwsem_up_read_wakes", WAITERS | HANDOFF), 1);
  assert.is(local.call("rwsem_up_read_wakes", READER | WAITERS), 0);
  assert.is(local.call("rwsem_up_read_wakes", WL | WAITERS), 0);
});

test("unlocking what is not held is a bug", () => {
  const semOf = (l: Local) => l.alloc(l.constant("SIZEOF_RW_SEMAPHORE"));
  const bug = (...names: string[]) =>
    bugOf((l) => {
      const at = semOf(l);
      for (const name of names) l.call(name, at);
    });
  assert.is(bug("up_read"), "BUG_RWSEM_UP_READ_WITHOUT_READERS");
  assert.is(bug("down_read", "up_read", "up_read"), "BUG_RWSEM_UP_READ_WITHOUT_READERS");
  assert.is(bug("up_write"), "BUG_RWSEM_UP_WRITE_BY_NON_OWNER");
  assert.is(bug("down_read", "up_write"), "BUG_RWSEM_UP_WRITE_BY_NON_OWNER");
  assert.is(bug("down_read", "downgrade_write"), "BUG_RWSEM_DOWNGRADE_BY_NON_OWNER");
});

test.run();
