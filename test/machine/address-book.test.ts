// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseLayouts } from "../../host/abi/layouts.ts";
import { AddressBook } from "../../host/machine/address-book.ts";
import type { HeapObject } from "../../host/machine/heap-kinds.ts";
import { describeLock } from "../../host/machine/lock-text.ts";
import { readLock } from "../../host/machine/locks.ts";
import {
  objectParts,
  SLAB_HEADER,
  staticParts,
  unitParts,
} from "../../host/machine/memory-parts.ts";
import { extentOf, type Part } from "../../host/machine/parts.ts";
import { kernelSources } from "../../host/machine/summaries.ts";
import { COMPLETE, type DriverName, driverId } from "../drivers/cxl/memdev/drivers.ts";
import { LocalMachine } from "../drivers/local-machine.ts";
import { gatesOf } from "../gates/guests.ts";

const layouts = parseLayouts(kernelSources());

/** Every object that was ever allocated, in the order of addresses; each block is walked. */
function objectsOf(m: LocalMachine): HeapObject[] {
  const header = layouts.get("slab_header");
  const at = (name: string) => header?.fields.find((field) => field.name === name)?.offset ?? 0;
  const brk = m.u32(m.constant("SLAB_STATE") + 0x40);
  const counts = new Map<number, number>();
  const objects: HeapObject[] = [];
  for (let block = m.map.arenaStart; block < brk; ) {
    const size = m.u32(block + at("size"));
    const type = m.view.getUint8(block + at("type"));
    if (m.u32(block + at("generation")) > 0) {
      const ordinal = (counts.get(type) ?? 0) + 1;
      counts.set(type, ordinal);
      objects.push({ base: block + SLAB_HEADER, size, type, ordinal });
    }
    block += 128 << m.view.getUint8(block + at("cls"));
  }
  return objects;
}

interface Scene {
  readonly m: LocalMachine;
  readonly book: AddressBook;
  /** Address of a name: of the first byte that has it. */
  at(name: string): number;
  word(name: string): number;
}

/** A machine with one device, which CPU 1 has open. */
function sceneOf(driver: DriverName, named: readonly Part[] = []): Scene {
  const m = new LocalMachine(2);
  m.call(0, "sys_probe", driverId(m.kernel, driver));
  assert.is(m.call(1, "sys_open", 0), 0);
  const objects = objectsOf(m);
  const objectAt = (address: number) =>
    objects.find(({ base, size }) => address >= base && address < base + size) ?? null;
  const gate = driver.gate === "" ? driver.name : driver.gate.toLowerCase();
  const contents = { view: m.view, objects: () => objects };
  const book = new AddressBook({
    ...{ abi: m.kernel, layouts, map: m.map, gate, objectAt, named, contents },
  });
  const addresses = new Map<string, number>();
  const learn = (from: number, to: number) => {
    for (let address = from; address < to; address += 4) {
      const name = book.name(address);
      if (!addresses.has(name)) addresses.set(name, address);
    }
  };
  learn(m.constant("BOOT_INFO"), m.constant("PERCPU_BASE") + 0x2000);
  for (const { base, size } of objects) learn(base, base + Math.min(size, 0x200));
  const at = (name: string) => {
    const address = addresses.get(name);
    if (address === undefined) throw new Error(`no address is called ${name}`);
    return address;
  };
  return { m, book, at, word: (name) => m.u32(at(name)) };
}

const driverOf = (gate: string) => COMPLETE.find((one) => one.gate === gate) as DriverName;

test("every class that a part is laid out by is there", () => {
  const { kernel } = new LocalMachine(1);
  const parts = [...staticParts(kernel, layouts), ...unitParts(kernel)];
  for (const { name } of gatesOf(kernel)) {
    parts.push(...Object.values(objectParts(kernel, layouts, name)).flat());
  }
  for (const { layout } of parts) if (layout) assert.ok(layouts.has(layout), layout);
});

test("no two statics, and no two parts of a unit, overlap", () => {
  const { kernel } = new LocalMachine(1);
  for (const parts of [staticParts(kernel, layouts), unitParts(kernel)]) {
    const sorted = parts.toSorted((a, b) => a.at - b.at);
    for (const [i, part] of sorted.entries()) {
      const end = part.at + extentOf(layouts, part);
      assert.ok(end <= (sorted[i + 1]?.at ?? Number.POSITIVE_INFINITY), part.name);
    }
  }
});

test("what the statics are called is where a kernel keeps it", () => {
  const { m, word, at } = sceneOf(driverOf("RWSEM"));
  assert.is(word("boot_info.ncpus"), 2);
  assert.is(word("slab.start"), m.map.arenaStart);
  assert.is(word("fd_ida.max_ids"), m.constant("NR_OPEN"));
  assert.is(word("fd_ida_bitmap[0]"), 1);
  assert.is(word("fd_array[0]"), at("file#1.f_count"));
  assert.is(word("cxl_memdev_ida.max_ids"), m.constant("CXL_MEM_MAX_DEVS") + 1);
  assert.is(word("cxl_memdev_ida_bitmap[0]"), 1);
  assert.is(word("inode_hashtable[0]"), at("inode#1.i_count"));
  // CHRDEV_MAJOR << 20 is a multiple of the number of lists.
  assert.is(word("cdev_map[0]"), at("cdev#1.next"));
  assert.is(word("cxl_globals.generation"), 1);
  assert.is(word("rcu_state.gp_seq") % 2, 1);
  assert.is(at("cdev_lock") + 4, m.constant("CDEV_LIVE_WINDOW"));
  assert.is(at("cxl_memdev_rwsem.count"), m.constant("CXL_MEMDEV_RWSEM"));
});

test("the parts of a unit are where the CPU keeps them", () => {
  const { m, book, word } = sceneOf(driverOf("RWSEM"));
  const unit = m.constant("PERCPU_BASE") + m.constant("PERCPU_STRIDE");
  assert.is(book.name(unit), "cpu1.task.state");
  assert.is(book.name(unit + m.constant("PERCPU_RCU_SLOT")), "cpu1.rcu_slot");
  const waiter = unit + m.constant("PERCPU_RWSEM_WAITER");
  assert.is(book.name(waiter + m.constant("OFFSETOF_RWSEM_WAITER_TASK")), "cpu1.rwsem_waiter.task");
  assert.is(book.name(unit + m.constant("PERCPU_DYNAMIC") + 8), "cpu1.percpu+0x8");
  assert.is(book.name(unit + 0x60), "cpu1+0x60");
  assert.is(word("cpu0.slab_counts[cxl_memdev].allocs"), 1);
  assert.is(m.u32(unit + m.constant("PERCPU_EVENTS") + 8 * m.constant("EV_OPEN")), 1);
  assert.is(
    book.name(unit + m.constant("PERCPU_EVENTS") + 8 * m.constant("EV_OPEN")),
    "cpu1.events[open]",
  );
});

test("the parts of the driver's objects point at each other", () => {
  const { m, book, word, at } = sceneOf(driverOf("RWSEM"));
  assert.is(word("cxl_memdev#1.cxlm"), at("cxl_mem#1.pdev"));
  assert.is(word("cxl_memdev#1.dev.parent"), at("pdev#1.dev.kobj_ref"));
  assert.is(word("cxl_memdev#1.cdev.kobj_parent"), at("cxl_memdev#1.dev.kobj_ref"));
  assert.is(word("cxl_mem#1.pdev"), at("pdev#1.dev.kobj_ref"));
  assert.is(word("cxl_mem#1.mbox_regs"), at("cxl_hw#1.mbox_regs"));
  assert.is(word("cxl_mem#1.memdev_regs"), at("cxl_hw#1.memdev_regs"));
  assert.is(word("pdev#1.hw"), at("cxl_hw#1.service_ns"));
  assert.is(word("inode#1.i_cdev"), at("cxl_memdev#1.cdev.kobj_ref"));
  assert.is(word("file#1.private_data"), at("cxl_memdev#1.cxlm"));
  assert.is(word("cxl_memdev#1.dev.name"), at("name#1"));
  assert.is(word("cdev#1.data"), at("cxl_memdev#1.cdev.kobj_ref"));
  const memdev = at("cxl_memdev#1.cxlm");
  assert.is(book.name(memdev - SLAB_HEADER), "cxl_memdev#1.header.state");
  assert.is(book.name(memdev + 0x40), "cxl_memdev#1+0x40");
  assert.is(at("cxl_mem#1.mbox_mutex.owner"), at("cxl_mem#1.pdev") + 56);
  assert.is(m.u32(at("file#1.rcu.next")), 0);
});

test("what a gate keeps in a device is called by the gate's names", () => {
  const percpu = sceneOf(driverOf("PERCPU_REF"));
  const memdev = percpu.at("cxl_memdev#1.cxlm");
  assert.is(
    percpu.book.name(memdev + percpu.m.constant("SIZEOF_CXL_MEMDEV")),
    "cxl_memdev#1.ops_active.percpu_count_ptr",
  );
  assert.is(percpu.word("cxl_memdev#1.ops_active.data"), percpu.at("percpu_ref#1.count"));
  assert.is(percpu.word("percpu_ref#1.count"), 0x80000001);
  assert.is(percpu.word("cxl_memdev#1.ops_dead.done"), 0);
  const refcount = sceneOf(driverOf("REFCOUNT"));
  assert.is(refcount.word("cxl_memdev#1.gate.active_users"), 1);
  assert.is(refcount.at("cxl_memdev#1.drained.done"), refcount.at("cxl_memdev#1.gate.dying") + 4);
  const rwsem = sceneOf(driverOf("RWSEM_PER_DEVICE"));
  assert.is(rwsem.word("cxl_memdev#1.rwsem.count"), 0);
});

test("what a gate's structures have behind their fields is a part of them", () => {
  const { at, m } = sceneOf(driverOf("PERCPU_RWSEM"));
  const sem = at("cxl_memdev#1.sem.read_count");
  assert.is(at("cxl_memdev#1.sem.rss.gp_state"), sem + m.constant("PERCPU_RWSEM_RSS"));
  const head = at("cxl_memdev#1.sem.rss.cb_head.next");
  assert.is(head, sem + m.constant("PERCPU_RWSEM_RSS") + m.constant("RCU_SYNC_CB_HEAD"));
  assert.is(head + m.constant("SIZEOF_RCU_HEAD"), sem + m.constant("SIZEOF_PERCPU_RW_SEMAPHORE"));
  const srcu = sceneOf(driverOf("SRCU"));
  const domain = srcu.at("cxl_memdev_srcu_fast.srcu_ctrp");
  assert.is(domain, m.constant("CXL_MEMDEV_SRCU_FAST"));
  const end = srcu.at("cxl_memdev_srcu_fast.queue.last") + 4;
  assert.is(end, domain + m.constant("SIZEOF_SRCU_FAST_STRUCT"));
});

test("a CPU's dynamic memory is called by what has it, and belongs to that one's lock", () => {
  const { m, book, at, word } = sceneOf(driverOf("PERCPU_REF"));
  const offset = word("cxl_memdev#1.ops_active.percpu_count_ptr");
  const counter = m.constant("PERCPU_BASE") + m.constant("PERCPU_STRIDE") + offset;
  const { name, lock } = book.place(counter);
  assert.is(name, "cpu1.cxl_memdev#1.ops_active.percpu_count");
  assert.is(lock?.name, "cxl_memdev#1.ops_active");
  assert.is(lock?.base, at("cxl_memdev#1.ops_active.percpu_count_ptr"));
});

test("an object of a kind that the caller gives is called by it, by address or by size", () => {
  const { m } = sceneOf(driverOf("RWSEM"));
  const misc = m.constant("SLAB_MISC");
  const objects: HeapObject[] = [1, 2, 3].map((ordinal) => ({
    base: m.map.arenaStart + ordinal * 64,
    ...{ size: ordinal === 3 ? 8 : 4, type: misc, ordinal: 1 },
  }));
  const [first, second, third] = objects.map(({ base }) => base) as [number, number, number];
  const book = new AddressBook({
    ...{ abi: m.kernel, layouts, map: m.map, gate: null },
    objectAt: (address) => objects.find(({ base }) => base === address - (address % 64)) ?? null,
    kinds: [
      { name: "record", at: first, row: [{ name: "word" }] },
      { name: "payload", slab: "misc", row: [{ name: "" }] },
    ],
  });
  assert.equal(
    [first, second, third].map((at) => book.name(at)),
    ["record#1.word", "payload#1", "misc#1"],
  );
  assert.is(book.place(first).target, "record#1");
});

test("what is no object is called by its region", () => {
  const { m, book } = sceneOf(driverOf("RWSEM"));
  assert.is(book.name(0), "null");
  assert.is(book.name(8), "null+0x8");
  assert.is(book.name(0x3400), "0x3400");
  assert.is(book.name(m.map.arenaEnd - 8).replace(/0x.*/, ""), "arena+");
  assert.is(book.name(m.map.userStart + m.map.userBytesPerCpu + 16), "cpu1.user+0x10");
  assert.is(book.name(m.map.hostStart), "host");
  assert.is(book.name(m.map.hostEnd), `0x${m.map.hostEnd.toString(16)}`);
});

test("a name that the caller gives goes first", () => {
  const { map } = new LocalMachine(2);
  const named = [
    { at: map.hostStart, name: "sem", layout: "rw_semaphore" },
    { at: map.hostStart + 64, name: "turn", count: 2 },
  ];
  const { book } = sceneOf(driverOf("RWSEM"), named);
  assert.is(book.name(map.hostStart + 4), "sem.owner");
  assert.is(book.name(map.hostStart + 64), "turn[0]");
  assert.is(book.name(map.hostStart + 70), "turn[1]+0x2");
});

test("the lock that a byte belongs to is found, and read", () => {
  const { m, book, at } = sceneOf(driverOf("RWSEM_PER_DEVICE"));
  const told = (name: string) => {
    const { lock } = book.place(at(name));
    if (lock === null) return null;
    const values = readLock(m.kernel, m.view, layouts, lock);
    return describeLock(m.kernel, lock.name, lock.class, values);
  };
  assert.equal(told("cxl_memdev#1.rwsem.wait_lock"), [
    "cxl_memdev#1.rwsem.count = 0x0: free",
    "cxl_memdev#1.rwsem.owner = 0: nobody known",
  ]);
  assert.equal(told("cxl_memdev#1.dev.kobj_ref"), ["cxl_memdev#1.dev.kobj_ref = 3: 3 references"]);
  assert.equal(told("file#1.f_count"), ["file#1.f_count = 1: 1 reference"]);
  assert.equal(told("cdev_lock"), ["cdev_lock = 0: free"]);
  assert.equal(told("fd_ida.lock"), ["fd_ida.lock = 0: free"]);
  assert.equal(told("cxl_mem#1.mbox_mutex.first"), ["cxl_mem#1.mbox_mutex.owner = 0x0: free"]);
  assert.is(told("cxl_memdev#1.cxlm"), null);
});

test.run();
