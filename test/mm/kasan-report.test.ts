// SPDX-License-Identifier: GPL-2.0-only
/** What a CPU records of what it should not have done. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { image, reportsOf } from "../instrument/fixture.ts";
import { LocalCpus } from "./local-cpus.ts";

const BLOCK = 128; // of the smallest class

const boot = (quarantine = 0) => new LocalCpus({ image, shadow: true, quarantine });

test("P1, P2, P3: a CPU keeps a record for each of its first sites, and counts what recurs", () => {
  const kernel = boot(1 << 16);
  const records = kernel.constant("KASAN_RECORDS");
  const p = kernel.kmalloc(0, 40);
  kernel.kfree(0, p);
  for (const times of [1, 2]) {
    for (let site = 1; site <= records + 5; site++) kernel.call(0, "kasan_check", p, 4, site);
    const reports = reportsOf(kernel);
    assert.is(reports.length, records);
    assert.ok(reports.every(({ count }) => count === times));
    assert.equal(
      reports.map(({ site }) => site),
      Array.from({ length: records }, (_, i) => i + 1),
    );
    assert.is(kernel.event("EV_VIOLATION"), times * (records + 5), "P3: each is counted");
  }
});

test("P4: the upper half of a header belongs to the object behind it, the lower one to that before", () => {
  const kernel = boot();
  const [a, b] = [kernel.kmalloc(0, 64, "SLAB_FILE"), kernel.kmalloc(0, 64, "SLAB_NAME")].sort(
    (x, y) => x - y,
  ) as [number, number];
  assert.is(b - a, BLOCK);
  for (const [site, at] of [b - 64, b - 36, b - 32, b - 4].entries()) {
    kernel.call(0, "kasan_check", at, 4, site + 1);
  }
  const owners = reportsOf(kernel).map(({ object }) => object?.address);
  assert.equal(owners, [a, a, b, b]);
});

test("a report tells which life of a block it was", () => {
  const kernel = boot();
  const p = kernel.kmalloc(0, 40);
  kernel.kfree(0, p);
  assert.is(kernel.kmalloc(0, 20), p);
  kernel.kfree(0, p);
  kernel.call(0, "kasan_check", p, 4, 1);
  const [report] = reportsOf(kernel);
  assert.is(report?.object?.generation, 2);
  assert.is(report?.object?.size, 20);
});

test.run();
