// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { refTest } from "./ref.ts";

refTest(
  "a kill among gets and puts leaves the exact total",
  { cpus: 4, deadlineMs: 60_000 },
  [],
  async (ref, stage) => {
    const keep = [3, 0, 11];
    await ref.call(3, "get"); // lets everybody in, even if the kill comes first
    const holders = keep.map((n, cpu) => ref.call(cpu, "torture_hold", 20_000, n, cpu + 1));
    await new Promise((resolve) => setTimeout(resolve, 2));
    await ref.confirmedKill(3);
    const held = (await Promise.all(holders)).reduce((sum, n) => sum + n, 0);
    assert.is(ref.count(), held + 1);
    await ref.call(0, "put_many", held);
    assert.is(ref.word("RELEASED"), 0);
    await ref.call(1, "put");
    assert.equal([ref.word("RELEASED"), ref.word("CONFIRMED")], [1, 1]);
    assert.equal(stage.warnings(), []);
  },
);

refTest(
  "kill and reinit under clients; release once each, never under a user",
  { cpus: 3, deadlineMs: 60_000 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    const cycles = 150;
    const clients = [1, 2].map((cpu) => ref.call(cpu, "torture_client", cpu, 100));
    await stage.until("both clients are in", () => ref.word("CLIENTS") === 2);
    await ref.call(0, "torture_cycle", cycles, 2000);
    await Promise.all(clients);
    assert.equal([ref.word("RELEASED"), ref.word("CONFIRMED")], [cycles + 1, cycles + 1]);
    assert.is(ref.word("BAD"), 0, "released under a user");
    assert.is(ref.count(), 0);
    assert.equal(stage.warnings(), []);
  },
);

refTest(
  "mode switches from two CPUs under gets and puts keep the total",
  { cpus: 4, deadlineMs: 60_000 },
  ["ALLOW_REINIT"],
  async (ref, stage) => {
    const holders = [0, 1].map((cpu) => ref.call(cpu, "torture_hold", 50_000, 5 + cpu, cpu + 1));
    const switchers = [2, 3].map((cpu) => ref.call(cpu, "torture_switch", 60, cpu));
    await Promise.all([...holders, ...switchers]);
    await ref.call(0, "switch_to_atomic_sync");
    assert.is(ref.count(), 1 + 5 + 6);
    assert.equal(stage.warnings(), []);
  },
);

test.run();
