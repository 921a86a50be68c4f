// SPDX-License-Identifier: GPL-2.0-only
/** The read section by itself, through every gate: what the hot loop leaves pending is finished. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BUSTED, GATES, type GateName, House } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";

/** Gates that let entrants in at all times, who find no pointer then. */
const FIND_NULL = new Set(["qsbr", "revocable"]);
/** Those that block, and have no fast path once a removal has been: they enter, and find 0. */
const SLOW_AFTER = new Set(["bravo"]);
const BURSTS = 5;
const ONE_CPU = { cpus: 1 };

/** Runs BURSTS bursts on CPU `cpu`. */
async function sections(house: House, cpu = 0) {
  house.set(cpu, "CONTENDER", house.gate.id);
  house.set(cpu, "DEVICE", house.device);
  house.set(cpu, "VISITS", BURSTS);
  const said = await house.stage.call(cpu, "gate_sections", house.guest(cpu));
  const result = ["DONE", "CLOSED", "BAD"][said] ?? `${said}`;
  return { result, left: house.get(cpu, "VISITS"), pendingEntry: house.get(cpu, "STATE") === 1 };
}

/** That everybody is outside: a removal does not wait. */
async function assertEmpty(house: House): Promise<void> {
  const removal = house.remove();
  assert.ok(await house.settled(removal), "somebody is still inside");
}

for (const gate of GATES) {
  staged(`S1, S2: ${gate.name}: the loop of an open device runs to its end`, ONE_CPU, async (s) => {
    const house = await House.build(s, gate);
    assert.equal(await sections(house), { result: "DONE", left: 0, pendingEntry: false });
    await assertEmpty(house);
  });

  staged(
    `S1-S3: ${gate.name}: the loop of a removed one ends at its first section: CLOSED`,
    ONE_CPU,
    async (s) => {
      const house = await House.build(s, gate);
      await house.remove().result;
      const fails = (await s.call(0, "gate_entrants", gate.id)) === s.constant("ENTRANTS_FAIL");
      const leavesFast = fails ? !FIND_NULL.has(gate.name) : SLOW_AFTER.has(gate.name);
      const closed = { result: "CLOSED", left: BURSTS - 1, pendingEntry: leavesFast };
      for (let i = 0; i < 3; i++) assert.equal(await sections(house), closed);
      await house.clear();
    },
  );

  staged(
    `S2, S3: ${gate.name}: a context that is not alive is BAD, and nobody is left inside`,
    ONE_CPU,
    async (s) => {
      const house = await House.build(s, gate);
      const context = s.get(house.device + s.constant("DEVICE_SLOT"));
      const alive = s.get(context);
      s.set(context, 1);
      assert.equal(await sections(house), { result: "BAD", left: BURSTS - 1, pendingEntry: false });
      s.set(context, alive);
      assert.equal(await sections(house), { result: "DONE", left: 0, pendingEntry: false });
      await assertEmpty(house);
    },
  );
}

/** The loop on CPU 1 while CPU 0 waits for a guest, CPU 2, to leave. */
async function duringRemoval(s: Stage, gate: GateName) {
  const entrants = await s.call(0, "gate_entrants", gate.id);
  const waits = ["ENTRANTS_BLOCK", "ENTRANTS_SPIN"].some((name) => s.constant(name) === entrants);
  const house = await House.build(s, gate);
  const guest = await house.visit(2);
  const removal = house.remove();
  await house.settled(removal);
  const loop = sections(house, 1);
  if (waits) await house.held(1);
  else await loop;
  await guest.leave();
  await removal.result;
  return await loop;
}

for (const gate of GATES) {
  staged(
    `S2, S3: ${gate.name}: an entry that is not granted at once is finished outside the loop`,
    { cpus: 3 },
    async (s) => {
      const closed = {
        result: "CLOSED",
        left: BURSTS - 1,
        pendingEntry: !FIND_NULL.has(gate.name),
      };
      assert.equal(await duringRemoval(s, gate), closed);
    },
  );
}

staged("S2: who leaves last wakes the remover, from the loop too", { cpus: 2 }, async (s) => {
  for (const gate of GATES) {
    const house = await House.build(s, gate);
    const churn = s.call(1, "gate_churn", house.guest(1));
    await s.until("it is at it", () => house.get(1, "VISITS") > 0);
    await house.remove().result;
    await churn;
  }
});

staged("S4: the loop ends early when a grace period waits for its CPU", ONE_CPU, async (s) => {
  const house = await House.build(s, BUSTED);
  const begin = () => s.add64(s.constant("RCU_GP_SEQ"), 2n);
  await s.invoke(0, "cpu_enter", { bracket: false });
  begin(); // behind the CPU's back: its slot is old
  house.set(0, "VISITS", BURSTS);
  house.set(0, "CONTENDER", BUSTED.id);
  house.set(0, "DEVICE", house.device);
  const args = [house.guest(0)];
  assert.is(await s.invoke(0, "gate_sections", { args, bracket: false }), 0);
  assert.is(house.get(0, "VISITS"), BURSTS - 1);
});

staged("S2: a system call before leaves no half section behind", ONE_CPU, async (s) => {
  const house = await House.build(s, GATES[0] as GateName);
  const driver = (s.constant("REV_PUT_DEVICE") << 8) | s.constant("GATE_RWSEM");
  const handle = await s.call(0, "sys_probe", driver);
  const fd = await s.call(0, "sys_open", await s.call(0, "sys_minor", handle));
  const arg = BigInt(s.machine.userMemory(0) + 3);
  for (const cmd of [s.constant("CXL_MEM_QUERY_COMMANDS"), 1, 2, 3, 4]) {
    await s.invoke(0, "sys_ioctl", { args: [fd, cmd, arg] });
    assert.equal(await sections(house), { result: "DONE", left: 0, pendingEntry: false });
  }
  await assertEmpty(house);
});

test.run();
