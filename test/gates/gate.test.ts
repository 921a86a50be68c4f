// SPDX-License-Identifier: GPL-2.0-only
/**
 * The contract of gates/gate.ts, for every gate of the table. The control must break what it is there to
 * break: a test that it passes would find nothing in the others either.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { BUSTED, CONTROLS, GATES, type GateName, House } from "./guests.ts";

const CPUS = { cpus: 3 };
const [REMOVER, GUEST, OTHER] = [0, 1, 2] as const;

/** A guest who is inside during a removal. @returns whether it waited, and what the guest found */
async function removeUnderGuest(stage: Stage, gate: GateName) {
  const house = await House.build(stage, gate);
  const guest = await house.visit(GUEST);
  assert.is(guest.answer, "GUEST_INSIDE");
  assert.is(house.foundAtEntry(GUEST), "FOUND_ALIVE");
  const removal = house.remove();
  const early = await house.settled(removal);
  await guest.leave();
  await removal.result;
  await house.clear();
  return { early, found: house.foundAtExit(GUEST) };
}

/** Several guests at once, or none that waits for another: a gate that admits one has no such tests. */
async function admitsOne(stage: Stage, { id }: GateName): Promise<boolean> {
  return (await stage.call(0, "gate_admits", id)) === stage.constant("ADMITS_ONE");
}

for (const gate of GATES) {
  staged(
    `G1, G4: ${gate.name}: a removal waits for a guest, who finds all sound`,
    CPUS,
    async (s) => {
      assert.equal(await removeUnderGuest(s, gate), { early: false, found: "FOUND_ALIVE" });
    },
  );

  staged(
    `G4: ${gate.name}: a removal waits for every guest, in whatever order they leave`,
    CPUS,
    async (s) => {
      if (await admitsOne(s, gate)) return;
      for (const order of [
        [GUEST, OTHER],
        [OTHER, GUEST],
      ] as const) {
        const house = await House.build(s, gate);
        const guests = new Map([
          [GUEST as number, await house.visit(GUEST)],
          [OTHER as number, await house.visit(OTHER)],
        ]);
        const removal = house.remove();
        for (const cpu of order) {
          assert.not.ok(await house.settled(removal), `over before CPU ${cpu} has left`);
          await guests.get(cpu)?.leave();
        }
        await removal.result;
        assert.equal(
          [GUEST, OTHER].map((cpu) => house.foundAtExit(cpu)),
          ["FOUND_ALIVE", "FOUND_ALIVE"],
        );
        await house.clear();
      }
    },
  );

  staged(`G2: ${gate.name}: after a removal nobody finds the context`, CPUS, async (s) => {
    const house = await House.build(s, gate);
    await house.remove().result;
    for (const cpu of [REMOVER, GUEST, OTHER]) {
      const guest = await house.visit(cpu);
      if (guest.answer === "GUEST_INSIDE") assert.is(house.foundAtEntry(cpu), "FOUND_NULL");
      await guest.leave();
    }
    await house.clear();
  });

  staged(
    `G3: ${gate.name}: each entry of one CPU has its own exit, in any order`,
    CPUS,
    async (s) => {
      if (await admitsOne(s, gate)) return;
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        const house = await House.build(s, gate);
        const cookies = [await enter(s, gate, house), await enter(s, gate, house)];
        for (const i of order) {
          house.set(GUEST, "STATE", cookies[i] as number);
          assert.is(await s.call(GUEST, "gate_leave", house.guest(GUEST)), 0);
        }
        const removal = house.remove();
        assert.ok(await house.settled(removal), "nobody is left inside");
        await house.clear();
      }
    },
  );
}

async function enter(stage: Stage, { id }: GateName, house: House): Promise<number> {
  const cookie = await stage.call(GUEST, "gate_enter", id, house.device);
  assert.is.not(cookie, stage.constant("GATE_CLOSED"));
  return cookie;
}

for (const control of CONTROLS) {
  staged(
    `G1, G4: the control ${control.name} lets a removal pass, and the guest finds a spoilt context`,
    CPUS,
    async (s) => {
      assert.equal(await removeUnderGuest(s, control), { early: true, found: "FOUND_SPOILT" });
    },
  );
}

/** What ENTRANTS_* says becomes of who comes during a removal, in the order of its values. */
const COMES_DURING_REMOVAL = ["blocks", "fails", "passes", "spins"] as const;

for (const gate of [...GATES, ...CONTROLS]) {
  staged(`${gate.name}: who comes during a removal fares as the gate says`, CPUS, async (s) => {
    const said = COMES_DURING_REMOVAL[await s.call(REMOVER, "gate_entrants", gate.id)];
    const house = await House.build(s, gate);
    const guest = await house.visit(GUEST);
    const removal = house.remove();
    const over = await house.settled(removal);
    const entrant = house.send(OTHER);
    let fate: string;
    if (said === "blocks" || said === "spins") {
      fate = await house.held(OTHER);
      assert.is(house.get(OTHER, "STATE"), 0);
    } else {
      await house.answered(OTHER);
      const inside = house.get(OTHER, "STATE") === s.constant("GUEST_INSIDE");
      // Inside, and without a context while the removal lasts, it is turned away by its own test.
      const nothing = !over && inside && house.foundAtEntry(OTHER) === "FOUND_NULL";
      fate = inside && !nothing ? "passes" : "fails";
    }
    assert.is(fate, said);
    assert.is(over, said === "passes");
    house.set(OTHER, "LEAVE", 1);
    await guest.leave();
    await removal.result;
    await entrant;
    if (said === "blocks" || said === "spins") assert.is(house.foundAtEntry(OTHER), "FOUND_NULL");
    await house.clear();
  });

  staged(`${gate.name}: a device made and destroyed leaves nothing`, CPUS, async (s) => {
    const used = async () => [
      await s.call(0, "slab_live", s.constant("SLAB_MISC")),
      await s.call(0, "slab_live", s.constant("SLAB_PERCPU_REF")),
      await s.call(0, "slab_live", s.constant("SLAB_GATE")),
      await s.call(0, "percpu_used"),
    ];
    const before = await used();
    const house = await House.build(s, gate);
    await house.remove().result;
    await house.clear();
    assert.equal(await used(), before);
  });
}

/** Everybody goes in and out until the device is removed. @returns visits after it, spoilt ones */
async function churn(stage: Stage, gate: GateName): Promise<{ late: number; spoilt: number }> {
  const house = await House.build(stage, gate);
  const churns = [GUEST, OTHER].map((cpu) => stage.call(cpu, "gate_churn", house.guest(cpu)));
  const busy = () => [GUEST, OTHER].every((cpu) => house.get(cpu, "VISITS") > 0);
  await stage.until("both are at it", busy);
  const seen = await house.remove().result;
  await Promise.all(churns);
  const visits = house.get(GUEST, "VISITS") + house.get(OTHER, "VISITS");
  const spoilt = house.get(GUEST, "SPOILT") + house.get(OTHER, "SPOILT");
  await house.clear();
  return { late: (visits - seen) >>> 0, spoilt };
}

const ROUNDS = 15;
const ROUNDS_OF_CONTROL = 300;

for (const gate of GATES) {
  staged(
    `O1: ${gate.name}: a remover sees all that was done inside, and nothing is done after`,
    CPUS,
    async (s) => {
      for (let round = 0; round < ROUNDS; round++) {
        assert.equal(await churn(s, gate), { late: 0, spoilt: 0 }, `round ${round}`);
      }
    },
  );
}

staged("O1: the control is caught at work after the removal", CPUS, async (s) => {
  let late = 0;
  let spoilt = 0;
  for (let round = 0; round < ROUNDS_OF_CONTROL && (late === 0 || spoilt === 0); round++) {
    const found = await churn(s, BUSTED);
    late += found.late;
    spoilt += found.spoilt;
  }
  assert.ok(late > 0, "it works on after kill()");
  assert.ok(spoilt > 0, "on a context that is gone");
});

staged("what a gate says of its bodies agrees with its place in the table", CPUS, async (s) => {
  const many = s.constant("ADMITS_MANY");
  const one = s.constant("ADMITS_ONE");
  for (const { name, id } of [...GATES, ...CONTROLS]) {
    const atomic = (await s.call(0, "gate_body", id)) === s.constant("BODY_MAY_NOT_SLEEP");
    assert.is(atomic, id >= s.constant("FIRST_ATOMIC"), name);
    const passes = (await s.call(0, "gate_entrants", id)) === s.constant("ENTRANTS_PASS");
    assert.is(passes, id >= s.constant("FIRST_CONTROL") && !atomic, name);
    assert.ok([many, one].includes(await s.call(0, "gate_admits", id)), name);
  }
});

staged("an unknown gate is no gate", CPUS, async (s) => {
  assert.is(await s.call(0, "bench_device_create", 77), 0);
  assert.is(await s.call(0, "gate_entrants", 77), -1);
  assert.is(await s.call(0, "gate_bytes", 77, 0), -1);
});

test.run();
