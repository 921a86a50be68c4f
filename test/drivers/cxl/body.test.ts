// SPDX-License-Identifier: GPL-2.0-only
/** Ioctl bodies on several CPUs: one mailbox for all, and what becomes of a body without a gate. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { send } from "../../../host/abi/cxl.ts";
import { getLsaInput } from "../../../host/abi/cxl-payloads.ts";
import type { Machine } from "../../../host/machine/machine.ts";
import { until, withMachine } from "../../machine/with-machine.ts";
import { asleepInMailbox, deadContexts, ioctl, plug } from "./remote.ts";

const MS = 1_000_000n;

test("P1: commands of several CPUs never meet in the mailbox", () =>
  withMachine({ cpus: 3 }, async (machine) => {
    const { hw, cxlm } = await plug(machine, 20_000n);
    const before = await commands(machine, hw);
    const rounds = 60;
    const worker = async (cpu: number) => {
      for (let i = 0; i < rounds; i++) {
        const offset = (cpu * 300 + i) % 1000;
        const request = send({ id: "GET_LSA", in: getLsaInput(offset, 8), outSize: 512 });
        const result = await ioctl(machine, cpu, cxlm, request);
        assert.ok(result.ok);
        const expected = Array.from({ length: 8 }, (_, k) => ((offset + k) * 13 + 5) & 0xff);
        assert.equal([...result.reply.out], expected, `CPU ${cpu}, round ${i}`);
      }
    };
    await Promise.all([0, 1, 2].map(worker));
    assert.is((await commands(machine, hw)) - before, 3 * rounds);
  }));

async function commands(machine: Machine, hw: number): Promise<number> {
  const at = hw + machine.kernel.constant("OFFSETOF_CXL_HW_COMMANDS");
  return new DataView(machine.memory.buffer).getUint32(at, true);
}

test("M2: a body on a dead context is reported, and gives up with -EIO", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    const { dev, cxlm } = await plug(machine, 0n);
    await machine.call(0, "cxl_pci_unbind", dev);
    const result = await ioctl(machine, 0, cxlm, send({ id: "IDENTIFY", outSize: 0x43 }));
    assert.equal(result, { ok: false, errno: 5, code: "EIO" });
    assert.equal(deadContexts(machine), [cxlm]);
    assert.is(machine.events()["EV_VIOLATION"], 1n);
    assert.is(machine.events()["EV_IOCTL_ERROR"], 1n);
  }));

test("M2: memory that never was a context is no live one", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    const p = await machine.call(0, "kzalloc", 256, machine.kernel.constant("SLAB_MISC"));
    const result = await ioctl(machine, 0, p, send({ id: "IDENTIFY", outSize: 0x43 }));
    assert.equal(result, { ok: false, errno: 5, code: "EIO" });
    assert.equal(deadContexts(machine), [p]);
  }));

test("M1, M2: a body whose context is freed while it waits for the device is reported", () =>
  withMachine({ cpus: 2 }, async (machine) => {
    const { dev, cxlm } = await plug(machine, 100n * MS);
    const request = send({ id: "IDENTIFY", outSize: 0x43 });
    const inside = ioctl(machine, 1, cxlm, request);
    await until(() => asleepInMailbox(machine));
    await machine.call(0, "cxl_pci_unbind", dev); // no gate: nothing keeps it
    assert.equal(deadContexts(machine), []);
    assert.equal(await inside, { ok: false, errno: 5, code: "EIO" });
    assert.equal(deadContexts(machine), [cxlm]);
  }));

test("M2: so is one whose context is another one by now, at the same address", () =>
  withMachine({ cpus: 2 }, async (machine) => {
    const { dev, cxlm } = await plug(machine, 100n * MS);
    const inside = ioctl(machine, 1, cxlm, send({ id: "IDENTIFY", outSize: 0x43 }));
    await until(() => asleepInMailbox(machine));
    await machine.call(0, "cxl_pci_unbind", dev);
    const second = await machine.call(0, "cxl_mem_create", dev);
    assert.is(second, cxlm, "the slab gives the block out again");
    assert.equal(await inside, { ok: false, errno: 5, code: "EIO" });
    assert.equal(deadContexts(machine), [cxlm]);
  }));

test("M2: a body that outlives nothing reports nothing", () =>
  withMachine({ cpus: 2 }, async (machine) => {
    const { dev, cxlm } = await plug(machine, MS);
    const request = () => send({ id: "IDENTIFY", outSize: 0x43 });
    const results = await Promise.all([0, 1].map((cpu) => ioctl(machine, cpu, cxlm, request())));
    assert.ok(results.every(({ ok }) => ok));
    await machine.call(0, "cxl_pci_unbind", dev);
    assert.equal(deadContexts(machine), []);
    assert.is(machine.events()["EV_VIOLATION"], 0n);
    const { kernel } = machine;
    for (const type of ["SLAB_CXL_MEM", "SLAB_BOUNCE"]) {
      assert.is(await machine.call(0, "slab_live", kernel.constant(type)), 0, type);
    }
  }));

test.run();
