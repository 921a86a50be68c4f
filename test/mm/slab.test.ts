// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readLog } from "../../host/machine/inspect.ts";
import { plainImage } from "../instrument/fixture.ts";
import { withMachine } from "../machine/with-machine.ts";
import { LocalCpus } from "./local-cpus.ts";

const LINE = 64;
const BATCH = 32; // blocks in a magazine of small objects
const SMALL_MEMORY = 16 << 20;
const SIZES = [0, 1, 8, 63, 64, 65, 191, 192, 193, 1000, 4096, 70_000];

const roundUp = (n: number, to: number) => Math.ceil(n / to) * to;

test("M1: an object starts a line, and shares none with another or with a header", () => {
  const kernel = new LocalCpus();
  const lines = new Map<number, string>();
  const claim = (from: number, to: number, owner: string) => {
    for (let line = from; line < to; line += LINE) {
      assert.is(lines.get(line), undefined, `${owner} shares line ${line}`);
      lines.set(line, owner);
    }
  };
  for (let round = 0; round < 5; round++) {
    for (const size of SIZES) {
      const p = kernel.kmalloc(0, size);
      assert.is(p % LINE, 0);
      claim(p - LINE, p, `header of ${size}`);
      claim(p, p + roundUp(size, LINE), `object of ${size}`);
      assert.ok(p >= kernel.map.arenaStart && p + size <= kernel.map.arenaEnd);
    }
  }
});

test("M2: a second free is a violation, and changes nothing", () => {
  const kernel = new LocalCpus({ cpus: 2 });
  const p = kernel.kmalloc(0, 100);
  kernel.kfree(0, p);
  kernel.kfree(1, p);
  assert.is(kernel.event("EV_VIOLATION"), 1);
  assert.is(readLog(kernel).at(-1)?.b, kernel.constant("SLAB_MISC"));
  assert.is(kernel.live(), 0);
  const [a, b] = [kernel.kmalloc(0, 100), kernel.kmalloc(1, 100)];
  assert.is(a, p, "it is in one magazine");
  assert.is.not(b, p, "and in no other");
});

test("M2: only what kmalloc() returned can be freed", () => {
  const kernel = new LocalCpus();
  const p = kernel.kmalloc(0, 200);
  const { arenaStart, arenaEnd } = kernel.map;
  const bad = [p + 64, p + 1, p - 64, 64, arenaStart, arenaEnd, 0xffffffc0, kernel.map.hostStart];
  for (const at of bad) kernel.kfree(0, at);
  assert.is(kernel.event("EV_VIOLATION"), bad.length);
  assert.is(kernel.live(), 1);
  kernel.kfree(0, p);
  assert.is(kernel.event("EV_VIOLATION"), bad.length);
  assert.is(kernel.live(), 0);
});

test("M2: of two CPUs that free an object at once, one does", async () => {
  const rounds = 50;
  await withMachine({ cpus: 2 }, async (machine) => {
    for (let i = 0; i < rounds; i++) {
      const p = await machine.call(0, "kmalloc", 48, 0);
      await machine.callAll("kfree", () => [p]);
    }
    assert.is(machine.events()["EV_VIOLATION"], BigInt(rounds));
    assert.is(await machine.call(0, "slab_live", 0), 0);
  });
});

test("M3: what one CPU frees reaches the other in whole magazines", () => {
  const kernel = new LocalCpus({ cpus: 2 });
  const count = 5 * BATCH;
  const first = Array.from({ length: count }, () => kernel.kmalloc(0, 50));
  for (const p of first) kernel.kfree(1, p);
  const again = Array.from({ length: count }, () => kernel.kmalloc(0, 50));
  const known = new Set(first);
  // CPU 1 keeps its loaded magazine and the previous one.
  const reused = again.filter((p) => known.has(p)).length;
  assert.is(reused, count - 2 * BATCH);
  assert.is(new Set(again).size, count);
});

test("M3: large objects are in magazines as well", () => {
  const kernel = new LocalCpus({ cpus: 2 });
  const first = Array.from({ length: 4 }, () => kernel.kmalloc(0, 70_000));
  for (const p of first) kernel.kfree(1, p);
  const again = Array.from({ length: 2 }, () => kernel.kmalloc(0, 70_000));
  assert.equal(
    again.sort(),
    first.slice(0, 2).sort(),
    "a magazine holds one: the oldest two moved on",
  );
});

test("M4: a block never changes its class", () => {
  const kernel = new LocalCpus();
  const small = new Set(Array.from({ length: 100 }, () => kernel.kmalloc(0, 20)));
  for (const p of small) kernel.kfree(0, p);
  const large = Array.from({ length: 100 }, () => kernel.kmalloc(0, 100));
  assert.not(large.some((p) => small.has(p)));
});

test("M5: when memory is out kmalloc() returns 0, and goes on once something is freed", () => {
  const kernel = new LocalCpus({ memoryBytes: SMALL_MEMORY });
  const taken: number[] = [];
  for (let p = kernel.kmalloc(0, 4000); p !== 0; p = kernel.kmalloc(0, 4000)) taken.push(p);
  assert.ok(taken.length > 1000);
  assert.is(kernel.live(), taken.length);
  assert.is(kernel.event("EV_SLAB_ENOMEM"), 1);
  assert.is(kernel.call(0, "kzalloc", 4000, 0), 0);
  assert.is(kernel.live(), taken.length);
  for (const p of taken) kernel.kfree(0, p);
  assert.is(kernel.live(), 0);
  const again = new Set(taken.map(() => kernel.kmalloc(0, 4000)));
  assert.is(again.size, taken.length, "every block comes back");
  assert.not(again.has(0));
});

test("M5: an object that is too large is refused", () => {
  const kernel = new LocalCpus();
  const most = kernel.constant("SLAB_OBJECT_MAX");
  assert.is(kernel.kmalloc(0, most + 1), 0);
  assert.is(kernel.kmalloc(0, 0xffffffff), 0);
  assert.is.not(kernel.kmalloc(0, most), 0);
  assert.is(kernel.live(), 1);
});

test("M6: the block freed last is the next of its class", () => {
  const kernel = new LocalCpus();
  const taken = Array.from({ length: 3 * BATCH }, () => kernel.kmalloc(0, 50));
  for (const p of taken) kernel.kfree(0, p);
  for (const p of taken.toReversed().slice(0, BATCH)) assert.is(kernel.kmalloc(0, 64), p);
});

test("kzalloc() zeroes what an earlier object left, and no more than was asked for", () => {
  const kernel = new LocalCpus();
  const p = kernel.kmalloc(0, 64);
  kernel.bytes.fill(0xee, p, p + 64);
  kernel.kfree(0, p);
  assert.is(kernel.call(0, "kzalloc", 40, 0), p);
  assert.ok(kernel.bytes.subarray(p, p + 40).every((byte) => byte === 0));
  assert.ok(kernel.bytes.subarray(p + 40, p + 64).every((byte) => byte === 0xee));
});

test("kfree(0) does nothing", () => {
  const kernel = new LocalCpus();
  kernel.kfree(0, 0);
  assert.is(kernel.event("EV_VIOLATION"), 0);
});

test("live objects are counted by type, whichever CPU frees them", () => {
  const kernel = new LocalCpus({ cpus: 3 });
  const files = [0, 1, 2].map((cpu) => kernel.kmalloc(cpu, 30, "SLAB_FILE"));
  const name = kernel.kmalloc(1, 30, "SLAB_NAME");
  for (const p of files) kernel.kfree(2, p);
  assert.is(kernel.live("SLAB_FILE"), 0);
  assert.is(kernel.live("SLAB_NAME"), 1);
  kernel.kfree(0, name);
  assert.is(kernel.live("SLAB_NAME"), 0);
  assert.is(kernel.call(0, "slab_live", 0x2400), 0, "no such type");
});

test("D1: no object has two owners while CPUs allocate and free each other's", async () => {
  await withMachine({ cpus: 4, image: plainImage }, async (machine) => {
    const nr = 97;
    const slots = machine.hostAlloc(nr * 4);
    const args = (cpu: number) => [slots, nr, 30_000, cpu * 7919 + 1];
    assert.equal(await machine.callAll("test_exchange", args), [0, 0, 0, 0]);
    for (const p of new Uint32Array(machine.memory.buffer, slots, nr)) {
      await machine.call(0, "kfree", p);
    }
    assert.is(await machine.call(0, "slab_live", machine.kernel.constant("SLAB_NAME")), 0);
    assert.is(machine.events()["EV_VIOLATION"], 0n);
  });
});

test.run();
