// SPDX-License-Identifier: GPL-2.0-only
/** The revocable controls, one thread: the wrong ones are right as long as nobody else is there. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalMachine } from "../../drivers/local-machine.ts";

const ENODEV = 19;

class Control {
  readonly m = new LocalMachine(2);
  readonly name: string;
  readonly at: number;

  constructor(name: string) {
    this.name = name;
    this.at = this.m.call(0, `${name}_init`);
    assert.ok(this.at > 0);
  }

  call(fn: string, cpu = 0): number {
    return this.m.call(cpu, `${this.name}_${fn}`, this.at);
  }

  /** Objects that are left. */
  get objects(): number {
    return this.m.census()["REVOCABLE"] ?? 0;
  }

  /** What is left of a machine on which nothing went wrong. */
  get left(): unknown[] {
    return [this.m.census(), this.m.call(0, "percpu_used"), this.m.warnings()];
  }
}

const NOTHING = [{}, 0, []];

for (const name of ["revocable", "revocable_v1", "revocable_v2"]) {
  test(`R1, R2: the resource is there until it is revoked (${name})`, () => {
    const control = new Control(name);
    const live = control.m.constant("REVOCABLE_RESOURCE_LIVE");
    assert.equal([control.call("use"), control.call("use", 1)], [live, live]);
    assert.is(control.call("revoke", 1), 0);
    assert.is(control.m.events()["EV_SRCU_GP"], 1n);
    assert.equal([control.call("use"), control.call("use", 1)], [-ENODEV, -ENODEV]);
    assert.is(control.call("end"), 0);
    assert.equal(control.left, NOTHING);
  });

  test(`R4: what was not revoked goes with the end (${name})`, () => {
    const control = new Control(name);
    control.call("use");
    control.call("end");
    assert.equal(control.left, NOTHING);
  });

  test(`${name}: without memory there is none, and nothing is left`, () => {
    const m = new LocalMachine(1, 1 << 20);
    const hoard: number[] = [];
    for (let p = 1; p !== 0; hoard.push(p)) p = m.call(0, "kmalloc", 64, m.constant("SLAB_MISC"));
    for (let free = 0; m.call(0, `${name}_init`) === 0; free++) {
      assert.ok(free < 10, "a few objects are enough");
      assert.is(m.census()["REVOCABLE"], undefined);
      assert.is(m.call(0, "percpu_used"), 0);
      hoard.pop();
      m.call(0, "kfree", hoard.pop() ?? 0);
    }
  });
}

test("R3: an entry's index is its own; v1 keeps the last one's in the handle", () => {
  const control = new Control("revocable_v1");
  const idx = () => control.m.u32(control.at + 4);
  assert.is(idx(), 0);
  control.call("revoke"); // flips
  control.call("use");
  assert.is(idx(), 1);
  const right = new Control("revocable");
  right.call("revoke");
  const before = right.m.u32(right.at);
  right.call("use");
  assert.is(right.m.u32(right.at), before, "nothing but the provider is in it");
});

test("R4: a revoked provider lives on while a handle has a reference; in v2 it does not", () => {
  const counts = ["revocable", "revocable_v2"].map((name) => {
    const control = new Control(name);
    control.call("revoke");
    return control.objects;
  });
  assert.equal(counts, [2, 1]);
});

test.run();
