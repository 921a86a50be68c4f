// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage } from "../../host/machine/image.ts";
import type { LockClass, LockValues } from "../../host/machine/lock-classes.ts";
import { describeLock } from "../../host/machine/lock-text.ts";

const { abi } = kernelImage("default");
const tell = (kind: LockClass, values: LockValues) => describeLock(abi, "x", kind, values);
const task = (cpu: number) => abi.constant("PERCPU_BASE") + cpu * abi.constant("PERCPU_STRIDE");

test("an rwsem says who is in, who waits and who came last", () => {
  assert.equal(tell("rw_semaphore", { count: 0x102, owner: task(1) | 1 }), [
    "x.count = 0x102: 1 reader, waiters",
    "x.owner = cpu1, reader",
  ]);
  const waiting = task(2) + abi.constant("PERCPU_RWSEM_WAITER");
  const held = { count: 7, owner: task(0), wait_lock: 2, wait_head: waiting };
  assert.equal(tell("rw_semaphore", held), [
    "x.count = 0x7: writer, waiters, handoff",
    "x.owner = cpu0, writer",
    "x.wait_lock = 2: locked, somebody may sleep on it",
    "x.wait_head = cpu2, waits",
  ]);
  assert.equal(tell("rw_semaphore", { count: 0x300, owner: task(3) | 3 }), [
    "x.count = 0x300: 3 readers",
    "x.owner = cpu3, reader, not spinnable",
  ]);
  assert.is(
    tell("rw_semaphore", { count: -256 })[0],
    "x.count = 0xffffff00: 8388607 readers, reader overflow",
  );
});

test("a mutex says who has it, and who is to get it", () => {
  assert.equal(tell("mutex", { owner: 0 }), ["x.owner = 0x0: free"]);
  assert.equal(tell("mutex", { owner: task(1) | 3, wait_lock: 1, first: task(0) + 0x100 }), [
    "x.owner = cpu1, waiters, handoff",
    "x.wait_lock = 1: locked",
    "x.first = cpu0, waits",
  ]);
  assert.equal(tell("mutex", { owner: task(2) | 4 }), ["x.owner = cpu2, handed over"]);
  assert.equal(tell("mutex", { owner: 0x40 }), ["x.owner = 0x40"], "an owner that is no task");
});

test("a completion says how many may pass", () => {
  assert.equal(tell("completion", { done: 0 }), ["x.done = 0: not completed"]);
  assert.equal(tell("completion", { done: 2 }), ["x.done = 2: 2 may pass"]);
  assert.equal(tell("completion", { done: 0xffffffff }), [
    "x.done = 0xffffffff: completed for good",
  ]);
});

test("counts say whether what they count is alive", () => {
  assert.equal(tell("refcount", { word: 0 }), ["x = 0: dead"]);
  assert.equal(tell("refcount", { word: 1 }), ["x = 1: 1 reference"]);
  assert.equal(tell("refcount", { word: -1 << 30 }), ["x = 0xc0000000: saturated"]);
  assert.equal(tell("percpu_ref", { percpu_count_ptr: 0x2000 }), [
    "x.percpu_count_ptr = 0x2000: per-CPU, live",
  ]);
  assert.equal(tell("percpu_ref", { percpu_count_ptr: 0x2003 }), [
    "x.percpu_count_ptr = 0x2003: atomic, dead",
  ]);
  assert.equal(tell("refcount_gate", { active_users: 2, dying: 1 }), [
    "x.active_users = 2: 2 references",
    "x.dying = 1: closed",
  ]);
  assert.equal(tell("kernfs_node", { active: 2 }), ["x.active = 2: open, 2 inside"]);
  assert.equal(tell("kernfs_node", { active: abi.constant("KN_DEACTIVATED_BIAS") + 1 }), [
    "x.active = 0x80000002: deactivated, 1 inside",
  ]);
});

test("an ldsem says how many are active, and how many write or wait", () => {
  assert.equal(tell("ld_semaphore", { count: 0 }), ["x.count = 0x0: free"]);
  assert.equal(tell("ld_semaphore", { count: 2 }), ["x.count = 0x2: 2 active"]);
  const writer = abi.constant("LDSEM_WRITE_BIAS");
  assert.equal(tell("ld_semaphore", { count: writer }), [
    "x.count = 0xffff0001: 1 active, 1 that writes or waits",
  ]);
  const waiting = task(1) + abi.constant("PERCPU_LDSEM_WAITER");
  const held = { count: writer + 2 * abi.constant("LDSEM_WAIT_BIAS"), read_first: waiting };
  assert.equal(tell("ld_semaphore", held), [
    "x.count = 0xfffd0001: 1 active, 3 that write or wait",
    "x.read_first = cpu1, waits",
  ]);
});

test("a qrwlock says who is inside, and its queue how many are behind the first", () => {
  assert.equal(tell("qrwlock", { cnts: 0 }), ["x.cnts = 0x0: free"]);
  assert.equal(tell("qrwlock", { cnts: 0x4ff }), ["x.cnts = 0x4ff: 2 readers, writer"]);
  assert.equal(tell("qrwlock", { cnts: 0x300 }), ["x.cnts = 0x300: 1 reader, a writer waits"]);
  assert.equal(tell("arch_spinlock", { owner: 3, next: 3 }), ["x.owner = 3: free"]);
  assert.equal(tell("arch_spinlock", { owner: 3, next: 5 }), ["x.owner = 3: locked, 1 behind"]);
});

test("what sleeps and spins in queues is told by the queue", () => {
  assert.equal(tell("wait_queue_head", { first: 0, lock: 0 }), ["x.first = 0: nobody waits"]);
  const waiting = task(1) + abi.constant("PERCPU_WAIT_ENTRY");
  assert.equal(tell("wait_queue_head", { first: waiting, lock: 1 }), [
    "x.first = cpu1, waits",
    "x.lock = 1: locked",
  ]);
  assert.equal(tell("osq", { word: 0 }), ["x = 0: nobody queues"]);
  assert.equal(tell("osq", { word: 3 }), ["x = 3: cpu2 is the last in the queue"]);
  assert.is(
    tell("mutex", { owner: task(0), osq: 1 })[1],
    "x.osq = 1: cpu0 is the last in the queue",
  );
});

test("an SRCU domain says where readers count, and what was counted on all CPUs", () => {
  const counts = { "cpu0.lock_count": 2, "cpu1.lock_count": 1, "cpu1.unlock_count": 2 };
  assert.equal(tell("srcu_struct", { srcu_idx: 1, srcu_gp_seq: 6, ...counts }), [
    "x.srcu_idx = 1: readers count on rank 1",
    "x.srcu_gp_seq = 0x6: in its second scan, 1 grace period before",
    "x.sda = rank 0: 3 locks, 2 unlocks; rank 1: 0 locks, 0 unlocks",
  ]);
  const fast = { "cpu0[1].srcu_locks": 1, "cpu1[0].srcu_unlocks": 1 };
  assert.equal(tell("srcu_fast_struct", { srcu_ctrp: 0x2018, srcu_gp_seq: 3, ...fast }), [
    "x.srcu_ctrp = 0x2018: readers count on rank 1",
    "x.srcu_gp_seq = 3: in a grace period, 1 before",
    "x.ctrs = rank 0: 0 locks, 1 unlock; rank 1: 1 lock, 0 unlocks",
  ]);
  assert.equal(tell("srcu_gate", { unplugged: 1 }), ["x.unplugged = 1: closed"]);
});

test("a percpu_rwsem says how many readers its CPUs count together", () => {
  assert.equal(
    tell("percpu_rw_semaphore", { block: 1, writer: task(2), cpu0: 2, cpu1: 0xffffffff }),
    [
      "x.read_count = 1: 1 reader",
      "x.block = 1: a writer is in, or waits for the readers",
      "x.writer = cpu2, waits",
    ],
  );
  assert.equal(tell("rcu_sync", { gp_state: 2, gp_count: 1 }), [
    "x.gp_state = 2: passed, readers may not take the fast path",
    "x.gp_count = 1: 1 writer",
  ]);
});

test("a count whose bias the CPUs' counters keep says so", () => {
  const bias = abi.constant("PERCPU_COUNT_BIAS");
  assert.equal(tell("biased_count", { word: bias + 1 }), [
    "x = 0x80000001: 1 reference beside those of the CPUs",
  ]);
  assert.equal(tell("biased_count", { word: 2 }), ["x = 2: 2 references"]);
  const ref = { percpu_count_ptr: 0x2000, cpu0: 2, cpu1: 0xffffffff };
  assert.is(tell("percpu_ref", ref)[1], "x.percpu_count = 1: of all CPUs together");
});

test("a gate of seats says who is in them", () => {
  assert.equal(tell("brlock_gate", { writer: 1, cpu0: 1, cpu1: 0x80000000, cpu2: 0 }), [
    "x.writer = 1: closed",
    "x.flags = cpu0: 1 inside, cpu1: all out for good",
  ]);
  assert.equal(tell("brlock_gate", {}), ["x.writer = 0: open", "x.flags = nobody inside"]);
  assert.equal(tell("hazard_gate", { state: 0x102, seats: 1 }), [
    "x.state = 0x102: cpu1 removes it, 1 inside without a seat",
    "x.seats = 1 taken",
  ]);
  assert.equal(tell("bravo_bias", { rbias: 1, seats: 0 }), [
    "x.rbias = 1: readers pass the rwsem by",
    "x.seats = 0 taken",
  ]);
  assert.equal(tell("seqlock_gate", { sequence: 1 }), ["x.sequence = 1: a writer is at it"]);
});

test("RCU's lock says who drives a grace period, the yardstick's who is inside", () => {
  assert.equal(tell("gp_lock", { word: 0 }), ["x = 0: free"]);
  assert.equal(tell("gp_lock", { word: 2 }), ["x = 2: cpu1 drives a grace period"]);
  assert.equal(tell("yardstick", { word: 0x201 }), ["x = 0x201: 2 readers, remover"]);
});

test("a spinlock is free, locked, or locked with somebody who may sleep", () => {
  assert.equal(tell("spinlock", { word: 0 }), ["x = 0: free"]);
  assert.equal(tell("spinlock", { word: 1 }), ["x = 1: locked"]);
});

test.run();
