// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boot } from "../../../host/machine/machine.ts";
import { LocalMachine } from "../local-machine.ts";
import { inFlight, until } from "../until.ts";

const ENOMEM = 12;
const OBJECT_BYTES = 200; // of a size class that nothing else here uses

/** Objects that a devm action frees, in the order in which they are added. */
function addObjects(m: LocalMachine, dev: number, n: number): number[] {
  const free = m.constant("DEVM_CXL_MEM_FREE");
  return Array.from({ length: n }, () => {
    const p = m.call(0, "kmalloc", OBJECT_BYTES, m.constant("SLAB_CXL_MEM"));
    assert.is(m.call(0, "devm_add_action", dev, free, p), 0);
    return p;
  });
}

test("V1: actions run newest first, each once", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "cxl_pci_create", 9);
  const added = addObjects(m, dev, 4);
  assert.is(m.call(0, "devres_count", dev), 4);
  assert.is(m.call(0, "devres_release_all", dev), 4);
  assert.is(m.census()["CXL_MEM"], undefined);
  // The allocator gives out first what was freed last: reading it back is reading the order.
  const again = added.map(() => m.call(0, "kmalloc", OBJECT_BYTES, m.constant("SLAB_CXL_MEM")));
  assert.equal(again, added);
  assert.is(m.call(0, "devres_release_all", dev), 0);
  assert.equal(m.warnings(), []);
});

test("V3: what cannot be added has run when add_action_or_reset() returns", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "cxl_pci_create", 9);
  const before = m.census();
  const p = m.call(0, "kmalloc", OBJECT_BYTES, m.constant("SLAB_CXL_MEM"));
  m.fail(0, "DEVM");
  const rc = m.call(0, "devm_add_action_or_reset", dev, m.constant("DEVM_CXL_MEM_FREE"), p);
  assert.is(rc, -ENOMEM);
  assert.equal(m.census(), before);
  assert.is(m.call(0, "devres_count", dev), 0);
  assert.is(m.call(0, "devres_release_all", dev), 0);
});

test("an entry that finds no memory is -ENOMEM, and the action has not run", () => {
  const m = new LocalMachine(1);
  const dev = m.call(0, "cxl_pci_create", 9);
  const p = m.call(0, "kmalloc", OBJECT_BYTES, m.constant("SLAB_CXL_MEM"));
  while (m.call(0, "kmalloc", 16, m.constant("SLAB_MISC")) !== 0);
  assert.is(m.call(0, "devm_add_action", dev, m.constant("DEVM_CXL_MEM_FREE"), p), -ENOMEM);
  assert.is(m.call(0, "slab_live", m.constant("SLAB_CXL_MEM")), 1);
});

test("V2: an action may sleep: meanwhile others add, and what they add stays", async () => {
  const m = await boot({ cpus: 2, deadlineMs: 10_000 });
  try {
    const rwsem = m.kernel.constant("CXL_MEMDEV_RWSEM");
    const driver = m.kernel.constant("REV_RWSEM") << 8;
    const dev = await m.call(0, "sys_probe", driver);
    // A reader that no ioctl holds: unregister() waits for it, inside devres_release_all().
    await m.call(1, "down_read", rwsem);
    const unbound = inFlight(m.call(0, "sys_unbind", dev));
    await until("the writer waits", () => m.tasks()[0]?.wait === "WAIT_RWSEM_WRITE");
    const p = await m.call(1, "kmalloc", OBJECT_BYTES, m.kernel.constant("SLAB_CXL_MEM"));
    const free = m.kernel.constant("DEVM_CXL_MEM_FREE");
    assert.is(await m.call(1, "devm_add_action", dev, free, p), 0);
    await m.call(1, "up_read", rwsem);
    assert.is(await unbound, 0);
    assert.is(await m.call(0, "devres_count", dev), 1);
    assert.is(await m.call(0, "devres_release_all", dev), 1);
  } finally {
    await m.close();
  }
});

test.run();
