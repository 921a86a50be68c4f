// SPDX-License-Identifier: GPL-2.0-only
/** The torture itself: that it sees what a lock that does not exclude lets happen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../support/local.ts";
import { type Tortured, torture } from "../support/torture.ts";

const SECTIONS = 5;
const FIELDS = ["write_held", "read_held", "a", "b"] as const;

/** One CPU's sections on data that says at first what `data` says. */
function sections(
  fn: string,
  data: Partial<Record<(typeof FIELDS)[number], number>>,
  type = "TORTURE_RWSEM_LOCK",
): { errors: number; a: number; b: number } {
  const local = new Local();
  const lock = local.alloc(64);
  const at = local.alloc(local.constant("SIZEOF_TORTURE_DATA"));
  for (const [i, field] of FIELDS.entries()) local.poke(at + 4 * i, data[field] ?? 0);
  const errors = local.call(fn, local.constant(type), lock, at, SECTIONS, 1, 0);
  const word = (name: string) => local.word(at + local.constant(`OFFSETOF_TORTURE_DATA_${name}`));
  return { errors, a: word("A"), b: word("B") };
}

test("T1: a writer sees a writer, and a reader", () => {
  assert.is(sections("locktorture_writer", {}).errors, 0);
  // Each flag that is set for ever; a writer's own sections clear theirs.
  assert.is(sections("locktorture_writer", { write_held: 1 }).errors, 1);
  assert.is(sections("locktorture_writer", { read_held: 1 }).errors, SECTIONS);
});

test("T1: a reader sees a writer, and does not mind a reader", () => {
  assert.is(sections("locktorture_reader", {}).errors, 0);
  assert.is(sections("locktorture_reader", { write_held: 1 }).errors, SECTIONS);
  assert.is(sections("locktorture_reader", { read_held: 1 }).errors, 0);
});

test("T2: a write section that is half done is seen by readers and by writers", () => {
  assert.is(sections("locktorture_reader", { a: 1 }).errors, SECTIONS);
  assert.is(sections("locktorture_writer", { a: 1 }).errors, SECTIONS);
});

for (const type of [
  "RAW_SPIN_LOCK",
  "MUTEX_LOCK",
  "RWSEM_LOCK",
  "OSQ_LOCK",
  "LDSEM_LOCK",
  "TICKET_LOCK",
  "QRWLOCK",
]) {
  test(`T3: both words count the write sections, ${type}`, () => {
    const done = { errors: 0, a: SECTIONS, b: SECTIONS };
    assert.equal(sections("locktorture_writer", {}, `TORTURE_${type}`), done);
    assert.equal(sections("locktorture_reader", {}, `TORTURE_${type}`).a, 0);
  });
}

for (const cpus of [2, 4]) {
  test(`T4: ${cpus} CPUs catch the lock that does nothing`, async () => {
    const load = { type: "TORTURE_LOCK_BUSTED", rounds: 4, sections: 200, spinLimit: 0 };
    const reaches = ({ errors, lost }: Tortured) => errors > 0 && lost > 0;
    const result = await torture({ ...load, cpus, seed: cpus, reaches });
    assert.ok(result.errors > 0, "broken rules were seen");
    assert.ok(result.lost > 0, "two wrote at once, and an update was lost");
  });
}

test.run();
