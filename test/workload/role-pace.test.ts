// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { RoleRecords } from "./role-records.ts";

const FOREVER = 1n << 62n;
const HOUR = 3600e9;

/** A wait of CPU 0 for its n-th operation, in a window from 0 to `end`. */
function wait(s: Stage, job: RoleRecords, n: number, end: bigint) {
  const state = { done: false };
  const args = [job.job, job.cpu(0), BigInt(n), 0n, end];
  const result = s.invoke(0, "pace_wait", { args }).then((value) => {
    state.done = true;
    return value;
  });
  result.catch(() => {});
  return { state, result };
}

/** Until CPU 1, which spins in a body, is one that grace periods wait for. */
const spins = (s: Stage) =>
  s.until("CPU 1 is online", () => {
    return s.get64(s.percpu(s.constant("PERCPU_RCU_SLOT"), 1)) !== 0n;
  });

const sleeps = (s: Stage) =>
  s.until("it sleeps", () => s.machine.tasks()[0]?.state === "TASK_PARKED");

function records(s: Stage, pace: "RATE" | "THINK", paceNs: number, role: "READER" | "REMOVER") {
  return new RoleRecords(s, { contender: 0, cpus: [{ role, pace, paceNs }, { role: "REMOVER" }] });
}

staged("P1: an operation that is late is due at once", { cpus: 1 }, async (s) => {
  const job = records(s, "RATE", 1, "REMOVER");
  await wait(s, job, 1000, FOREVER).result; // due 1000 ns after time began
});

staged("P1: operation n is not begun before n periods are over", { cpus: 1 }, async (s) => {
  const paceNs = 100_000;
  const cpus = [{ role: "READER", pace: "RATE", paceNs }] as const;
  const job = new RoleRecords(s, { contender: 0, cpus, windowMs: 1e6 });
  await job.open();
  const run = job.run(0);
  await s.until("it got on", () => job.getCpu64(0, "OPS") > 20);
  s.machine.stop();
  assert.is(await run, 0);
  const [ops, elapsed] = [job.getCpu64(0, "OPS"), job.getCpu64(0, "ELAPSED_NS")];
  assert.ok((ops - 2) * paceNs <= elapsed, `${ops} in ${elapsed} ns`);
});

staged("P2: a wait ends when a CPU gave up", { cpus: 1 }, async (s) => {
  const job = records(s, "THINK", HOUR, "READER");
  const { state, result } = wait(s, job, 0, FOREVER);
  await sleeps(s);
  assert.not.ok(state.done);
  job.set("OVER", 1);
  await result;
});

staged("P2: a wait ends when the host wants an end", { cpus: 1 }, async (s) => {
  const job = records(s, "RATE", HOUR, "READER");
  const { state, result } = wait(s, job, 1_000_000, FOREVER);
  await sleeps(s);
  assert.not.ok(state.done);
  s.machine.stop();
  await result;
});

staged(
  "P2: a remover's wait ends with its window, a reader's with the removers",
  { cpus: 1 },
  async (s) => {
    await wait(s, records(s, "THINK", HOUR, "REMOVER"), 0, 1n).result;
    const job = records(s, "THINK", HOUR, "READER");
    const { state, result } = wait(s, job, 0, 1n);
    await sleeps(s);
    assert.not.ok(state.done);
    job.arrive("REMOVED");
    await result;
  },
);

for (const fn of ["body_spin", "body_sleep"]) {
  staged(`P3: ${fn} takes the time that was asked for, or longer`, { cpus: 1 }, async (s) => {
    const ns = 3_000_000n;
    const before = await s.machine.call64(0, "ktime_get");
    await s.invoke(0, fn, { args: fn === "body_spin" ? [ns, 0] : [ns] });
    assert.ok((await s.machine.call64(0, "ktime_get")) - before >= ns);
  });
}

staged(
  "P3: a body that may sleep holds up no grace period while it spins",
  { cpus: 2 },
  async (s) => {
    void s.invoke(1, "body_spin", { args: [FOREVER, 1] });
    await spins(s);
    assert.is(await s.call(0, "synchronize_rcu"), 0);
  },
);

staged("P3: one that may not sleep holds it up", { cpus: 2 }, async (s) => {
  void s.invoke(1, "body_spin", { args: [FOREVER, 0] });
  await spins(s);
  void s.call(0, "synchronize_rcu");
  await s.waits(0, "WAIT_RCU_GP");
});

staged("a service time is drawn from the table", { cpus: 1 }, async (s) => {
  const services = [10, 20, 30];
  const job = new RoleRecords(s, { contender: 0, cpus: [], services });
  const drawn = new Set<bigint>();
  for (let i = 0; i < 60; i++) drawn.add(await s.machine.call64(0, "draw_service", job.job));
  assert.equal([...drawn].sort(), [10n, 20n, 30n]);
});

test.run();
