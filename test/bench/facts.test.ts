// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { baselines, gateContender } from "../../host/bench/contenders.ts";
import { gateFacts, tierFacts } from "../../host/bench/facts.ts";
import { UsageError } from "../../host/errors.ts";
import { isControlGate, isDriverGate } from "../../host/machine/driver.ts";
import { tierInForce, tierSelectable } from "../../host/machine/engine.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { gateSummaries } from "../../host/machine/summaries.ts";
import type { PairRow } from "../../host/result/result.ts";
import { gatesOf } from "../gates/guests.ts";
import { rejects, withMachine } from "../machine/with-machine.ts";

const image = kernelImage("default");
const { abi } = image;

/** Embedded and allocated, of each device; on each CPU; once; once on each CPU. From the kernel's own structures. */
function expectedBytes(): Record<string, readonly [number, number, number, number]> {
  const rwsem = abi.constant("SIZEOF_RW_SEMAPHORE");
  const completion = abi.constant("SIZEOF_COMPLETION");
  const data = abi.constant("PERCPU_REF_DATA_BYTES");
  const seat = abi.constant("SEAT_BYTES");
  return {
    rwsem: [0, 0, rwsem, 0],
    rwsem_per_device: [rwsem, 0, 0, 0],
    percpu_ref: [abi.constant("SIZEOF_PERCPU_REF") + completion + data, 4, 0, 0],
    refcount: [4 + 4 + completion, 0, 0, 0],
    mutex: [abi.constant("SIZEOF_MUTEX"), 0, 0, 0],
    kernfs_active: [4, 0, abi.constant("SIZEOF_WAIT_QUEUE_HEAD"), 0],
    ldsem: [abi.constant("SIZEOF_LD_SEMAPHORE"), 0, 0, 0],
    percpu_rwsem: [abi.constant("SIZEOF_PERCPU_RW_SEMAPHORE"), 4, 0, 0],
    bravo: [rwsem + 4, 0, seat * abi.constant("BRAVO_SLOTS"), 0],
    hazard: [4, 0, 0, seat * abi.constant("HAZARD_SEATS")],
    brlock: [8, seat, 0, 0],
    srcu: [4, 0, abi.constant("SIZEOF_SRCU_STRUCT"), abi.constant("SIZEOF_SRCU_DATA")],
    srcu_fast: [
      ...([4, 0, abi.constant("SIZEOF_SRCU_FAST_STRUCT")] as const),
      abi.constant("SIZEOF_SRCU_CTRS"),
    ],
    revocable: [abi.constant("SIZEOF_SRCU_STRUCT"), abi.constant("SIZEOF_SRCU_DATA"), 0, 0],
    busted: [0, 0, 0, 0],
    seqlock: [4, 0, 0, 0],
    qrwlock: [abi.constant("QRWLOCK_BYTES"), 0, 0, 0],
    qsbr: [0, 0, 0, 0],
  };
}

test("what each gate takes is what its structures take", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    const seen: Record<string, readonly number[]> = {};
    for (const { name } of gatesOf(abi)) {
      const facts = await gateFacts(machine, await gateContender(machine, name), new Map());
      const global = [facts.globalBytes, facts.globalBytesPerCpu ?? 0];
      seen[name] = [facts.bytesPerDevice, facts.bytesPerCpuPerDevice, ...global];
    }
    assert.equal(seen, expectedBytes());
  }));

test("a gate that lets entrants pass is a control; each gate has a summary", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    for (const { name } of gatesOf(abi)) {
      const gate = await gateContender(machine, name);
      const { control, atomic, summary } = await gateFacts(machine, gate, gateSummaries());
      assert.is(control, isControlGate(abi, name) ? true : undefined);
      assert.is(atomic, isDriverGate(abi, name) ? undefined : true);
      assert.ok(summary.length > 10, name);
    }
  }));

test("a gate that there is not is a usage error with its name", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    const error = await rejects(
      gateContender(machine, "gone"),
      /^--gates: there is no gate "gone"$/,
    );
    assert.instance(error, UsageError);
  }));

test("the baselines are in the module, and none is a gate", () => {
  const ids = baselines(abi).map(({ id }) => id);
  assert.is(new Set(ids).size, 5);
  assert.ok(ids.every((id) => !gatesOf(abi).some((gate) => gate.id === id)));
});

function row(contender: string, threads: number, median: number): PairRow {
  const summary = { median, low: median, high: median, n: 1, unit: "ns/pair" };
  return {
    ...{ contender, kind: "baseline", workload: "read", threads, devices: "same" },
    ...{ oversubscribed: false, unit: "ns/pair", raw: summary, net: summary, samples: [median] },
  };
}

test("the tier is the one in force, and add over exchange is of one thread, net", () => {
  const rows = [row("atomic pair", 2, 90), row("atomic pair", 1, 12), row("exchange pair", 1, 8)];
  assert.equal(tierFacts({ image }, rows), {
    inForce: tierInForce(image.engine),
    selectable: tierSelectable(),
    addOverExchange: 1.5,
  });
});

test("add over exchange is unknown where one was not measured, or is lost in noise", () => {
  const factor = (...rows: PairRow[]) => tierFacts({ image }, rows).addOverExchange;
  assert.is(factor(), null);
  assert.is(factor(row("atomic pair", 1, 12)), null);
  assert.is(factor(row("atomic pair", 2, 12), row("exchange pair", 2, 8)), null);
  assert.is(factor(row("atomic pair", 1, 12), row("exchange pair", 1, 0)), null);
  assert.is(factor(row("atomic pair", 1, -1), row("exchange pair", 1, 8)), null);
});

test.run();
