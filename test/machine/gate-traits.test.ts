// SPDX-License-Identifier: GPL-2.0-only
/** What each gate says of itself, for lists. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checksOfGate } from "../../host/check/listing.ts";
import { isControlGate, isDriverGate } from "../../host/machine/driver.ts";
import { gateTraits } from "../../host/machine/gate-traits.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { paragraphIn } from "../../host/machine/summaries.ts";
import { gatesOf } from "../gates/guests.ts";

const { abi } = kernelImage("default");
const traits = gateTraits();
const named = (wanted: string) => traits.find(({ name }) => name === wanted);

test("every gate of the table is there, with an outcome for who comes", () => {
  assert.equal(
    traits.map(({ name }) => name).sort(),
    gatesOf(abi)
      .map(({ name }) => name)
      .sort(),
  );
  for (const { name, entrants, mayBodySleep } of traits) {
    assert.ok(["blocks", "fails", "passes", "spins"].includes(entrants), name);
    assert.is(mayBodySleep, isDriverGate(abi, name), name);
    assert.is(entrants === "passes", isControlGate(abi, name), name);
  }
});

test("every gate says in its header who waits for what at a removal", () => {
  for (const { name, removal } of traits) assert.match(removal, /^[a-z].{10,}\.$/, name);
});

test("bytes are where the gate has them", () => {
  const { device, deviceAndCpu, global, globalAndCpu } = named("srcu")?.bytes ?? {};
  const domain = abi.constant("SIZEOF_SRCU_STRUCT");
  assert.equal(
    [device, deviceAndCpu, global, globalAndCpu],
    [4, 0, domain, abi.constant("SIZEOF_SRCU_DATA")],
  );
  assert.is(named("percpu_ref")?.bytes.deviceAndCpu, abi.constant("PERCPU_REF_COUNTER_BYTES"));
});

test("a driver's gate is checked in a driver too; a control must be caught", () => {
  const scenarios = (gate: string) => checksOfGate(abi, gate).checks.map((one) => one.scenario);
  assert.ok(scenarios("rwsem").includes("removal/client-remover"));
  assert.ok(scenarios("rwsem").includes("gate/entrant-remover"));
  assert.not(scenarios("qsbr").some((name) => name.startsWith("removal/")));
  assert.equal(checksOfGate(abi, "qsbr").commands, ["hotunplug check gate --gate qsbr"]);
  const expected = checksOfGate(abi, "busted").checks.map((one) => one.expected);
  assert.ok(expected.includes("violated"));
});

test("a paragraph is the one with that title, as one line", () => {
  const header =
    "// SPDX\n/**\n * x — y\n *\n * Cost:    a.\n * Removal: b\n *          c.\n * Trade: d\n */\n";
  assert.is(paragraphIn(header, "Removal"), "b c.");
  assert.is(paragraphIn(header, "Cost"), "a.");
  assert.is(paragraphIn(header, "Source"), "");
  assert.is(paragraphIn(`${header}\n/**\n * Source: e\n */`, "Source"), "", "of the header alone");
});

test.run();
