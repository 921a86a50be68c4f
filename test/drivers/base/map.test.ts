// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../local-machine.ts";

const ENOMEM = 12;

/** An object with a kref of 1 in its first word. */
function object(m: LocalMachine): number {
  const p = m.call(0, "kmalloc", 64, m.constant("SLAB_MISC"));
  m.call(0, "kref_init", p);
  return p;
}

test("K1: a number is found from kobj_map() on, and only it", () => {
  const m = new LocalMachine(1);
  const p = object(m);
  assert.is(m.call(0, "kobj_lookup", 7), 0);
  assert.is(m.call(0, "kobj_map", 7, p), 0);
  assert.is(m.call(0, "kobj_lookup", 7), p);
  assert.is(m.call(0, "kobj_lookup", 7 + 64), 0); // same list
});

test("K2: a lookup takes a reference, and none from an object on its way out", () => {
  const m = new LocalMachine(1);
  const p = object(m);
  m.call(0, "kobj_map", 7, p);
  m.call(0, "kobj_lookup", 7);
  assert.is(m.call(0, "kref_read", p), 2);
  m.call(0, "kref_put", p);
  m.call(0, "kref_put", p);
  assert.is(m.call(0, "kobj_lookup", 7), 0);
  assert.is(m.call(0, "kref_read", p), 0);
});

test("K2: past a dying object of the same number, the lookup finds a living one", () => {
  const m = new LocalMachine(1);
  const [living, dying] = [object(m), object(m)];
  m.call(0, "kobj_map", 7, living);
  m.call(0, "kobj_map", 7, dying);
  assert.is(m.call(0, "kobj_lookup", 7), dying);
  m.call(0, "kref_put", dying);
  m.call(0, "kref_put", dying);
  assert.is(m.call(0, "kobj_lookup", 7), living);
});

test("K3: after kobj_unmap() the number is free, and its neighbours in the list stay", () => {
  const m = new LocalMachine(1);
  const objects = [7, 7 + 64, 7 + 128].map((dev) => ({ dev, p: object(m) }));
  for (const { dev, p } of objects) m.call(0, "kobj_map", dev, p);
  const before = m.census()["CDEV"] as number;
  m.call(0, "kobj_unmap", 7 + 64);
  assert.equal(
    objects.map(({ dev }) => m.call(0, "kobj_lookup", dev)),
    [objects[0]?.p, 0, objects[2]?.p],
  );
  assert.is(m.census()["CDEV"], before - 1);
  m.call(0, "kobj_unmap", 7 + 64); // not there: nothing happens
  assert.is(m.census()["CDEV"], before - 1);
});

test("a number that cannot be mapped is -ENOMEM, and is not found", () => {
  const m = new LocalMachine(1);
  m.fail(0, "CDEV_ADD");
  assert.is(m.call(0, "kobj_map", 7, object(m)), -ENOMEM);
  assert.is(m.call(0, "kobj_lookup", 7), 0);
  assert.is(m.census()["CDEV"], undefined);
});

test.run();
