// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drivers, SCENARIOS, suite } from "../../host/check/scenarios/table.ts";
import { select, type Wanted } from "../../host/check/select.ts";
import { UsageError } from "../../host/errors.ts";
import { driverName, gateNames } from "../../host/machine/driver.ts";
import { kernelImage } from "../../host/machine/image.ts";

const { abi } = kernelImage("default");
const NONE: Wanted = { scenario: null, variant: null, revision: null, gate: null, threads: null };

const subjects = (wanted: Partial<Wanted>) =>
  select({ ...NONE, ...wanted }, abi).map(({ driver }) => driver && driverName(driver));

function refused(wanted: Partial<Wanted>, message: RegExp): void {
  const select_ = () => select({ ...NONE, ...wanted }, abi);
  assert.throws(select_, (error: Error) => {
    return error instanceof UsageError && message.test(error.message);
  });
}

test("nothing asked for is the suite", () => {
  assert.equal(select(NONE, abi).length, suite(abi).length);
});

test("a scenario of a driver is for each driver, or for those that are named", () => {
  const all = drivers(abi).map(driverName);
  assert.equal([...new Set(subjects({ scenario: "removal" }))], all);
  assert.equal([...new Set(subjects({ scenario: "removal", revision: "rwsem" }))], ["rwsem"]);
  assert.equal(
    [...new Set(subjects({ scenario: "removal", gate: "busted" }))],
    ["put_device+busted"],
  );
  const open = subjects({ scenario: "removal", revision: "put_device" });
  assert.equal(
    [...new Set(open)],
    all.filter((name) => name.startsWith("put_device+")),
  );
});

test("of the suite, a gate leaves what is built with it", () => {
  const names = [...new Set(subjects({ gate: "rwsem" }))];
  assert.equal(names, ["rwsem", "put_device+rwsem"]);
});

test("a scenario of a gate is for each gate, without a driver", () => {
  assert.equal([...new Set(subjects({ scenario: "gate" }))], gateNames(abi));
  assert.equal([...new Set(subjects({ scenario: "gate", gate: "busted" }))], ["busted"]);
  refused({ scenario: "gate", revision: "put_device", gate: "rwsem" }, /no scenario is for it$/);
});

test("more threads are those of the role that there can be several of", () => {
  const [entry] = select({ ...NONE, scenario: "removal", revision: "rwsem", threads: 3 }, abi);
  assert.equal(entry?.variant.threads.length, 4);
});

test("with as many threads as are asked for each variant is there once", () => {
  for (const scenario of ["wait", "rwsem", "srcu", "percpu_ref", "yardstick", "gate"]) {
    for (const threads of [1, 2, 3]) {
      const names = select({ ...NONE, scenario, threads }, abi).map(
        ({ variant, driver }) => `${variant.name} ${driver?.gate}`,
      );
      assert.is(new Set(names).size, names.length, `${scenario}, ${threads}: ${names}`);
    }
  }
});

test("what there is none of is refused by the option and the value", () => {
  refused({ scenario: "removl" }, /no scenario "removl"; there are .*removal/);
  refused(
    { scenario: "removal", variant: "x" },
    /^removal\/x: removal has no such variant; its own: client-remover/,
  );
  const flood = { scenario: "gate", variant: "flood" };
  refused({ ...flood, gate: "srcu" }, /^--gate srcu: not with gate\/flood; but with entrant-/);
  refused({ scenario: "removal", revision: "rwsem", gate: "busted" }, /brings its own/);
  refused({ scenario: "removal", gate: "qsbr" }, /^--gate qsbr: .* may not sleep in it$/);
  refused({ revision: "put_device", gate: "qsbr" }, /may not sleep inside qsbr/);
  refused({ scenario: "removal", threads: 8 }, /^--threads 8: .* can have 8 at most$/);
  refused({ scenario: "controls", threads: 2 }, /^--threads 2: the threads of controls are always/);
  const primitive = SCENARIOS.find(({ of }) => of === "primitive");
  if (primitive === undefined) return;
  refused({ scenario: primitive.name, gate: "rwsem" }, /^--gate rwsem: .* is about no driver$/);
});

test.run();
