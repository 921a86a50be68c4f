// SPDX-License-Identifier: GPL-2.0-only
/** Ioctl bodies on several CPUs: one mailbox for all, and what becomes of a body without a gate. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type IoctlRequest, type IoctlResult, resultOf, send } from "../../../host/abi/cxl.ts";
import { getLsaInput } from "../../../host/abi/cxl-payloads.ts";
import { boot, type Machine } from "../../../host/machine/machine.ts";

const DEADLINE_MS = 10_000;
const MS = 1_000_000n;

async function withMachine(cpus: number, run: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await boot({ cpus, deadlineMs: DEADLINE_MS });
  try {
    await run(machine);
  } finally {
    await machine.close();
  }
}

interface Plugged {
  readonly dev: number;
  readonly hw: number;
  readonly cxlm: number;
}

async function plug(machine: Machine, serviceNs: bigint): Promise<Plugged> {
  const dev = await machine.call(0, "cxl_pci_create", 9);
  const hw = await machine.call(0, "cxl_pci_hw", dev);
  const cxlm = await machine.call(0, "cxl_mem_probe", dev);
  assert.ok(cxlm > 0, `the probe returned ${cxlm}`);
  await machine.call(0, "cxl_hw_set_service_ns", hw, serviceNs);
  return { dev, hw, cxlm };
}

async function ioctl<Reply>(
  machine: Machine,
  cpu: number,
  cxlm: number,
  request: IoctlRequest<Reply>,
): Promise<IoctlResult<Reply>> {
  const address = machine.userMemory(cpu);
  const memory = new Uint8Array(machine.memory.buffer, address, request.bytes);
  request.encode(memory, address);
  const rc = await machine.call(cpu, "__cxl_memdev_ioctl", cxlm, request.cmd, BigInt(address));
  return resultOf(request, memory, rc);
}

/** Returns once a CPU sleeps in the mailbox. */
async function untilAsleep(machine: Machine): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while ((machine.events()["EV_MBOX_SLEEP"] ?? 0n) === 0n) {
    if (Date.now() > deadline) throw new Error("nobody sleeps in the mailbox");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function violations(machine: Machine): number[] {
  const code = machine.kernel.constant("VIOLATION_BODY_WITH_DEAD_CONTEXT");
  const name = "VIOLATION_BODY_WITH_DEAD_CONTEXT";
  return machine
    .log()
    .filter((r) => r.level === "LEVEL_VIOLATION" && (r.code === name || r.code.endsWith(`${code}`)))
    .map((r) => r.a);
}

test("P1: commands of several CPUs never meet in the mailbox", () =>
  withMachine(3, async (machine) => {
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
  withMachine(1, async (machine) => {
    const { dev, cxlm } = await plug(machine, 0n);
    await machine.call(0, "cxl_pci_unbind", dev);
    const result = await ioctl(machine, 0, cxlm, send({ id: "IDENTIFY", outSize: 0x43 }));
    assert.equal(result, { ok: false, errno: 5, code: "EIO" });
    assert.equal(violations(machine), [cxlm]);
    assert.is(machine.events()["EV_VIOLATION"], 1n);
    assert.is(machine.events()["EV_IOCTL_ERROR"], 1n);
  }));

test("M2: memory that never was a context is no live one", () =>
  withMachine(1, async (machine) => {
    const p = await machine.call(0, "kzalloc", 256, machine.kernel.constant("SLAB_MISC"));
    const result = await ioctl(machine, 0, p, send({ id: "IDENTIFY", outSize: 0x43 }));
    assert.equal(result, { ok: false, errno: 5, code: "EIO" });
    assert.equal(violations(machine), [p]);
  }));

test("M1, M2: a body whose context is freed while it waits for the device is reported", () =>
  withMachine(2, async (machine) => {
    const { dev, cxlm } = await plug(machine, 100n * MS);
    const request = send({ id: "IDENTIFY", outSize: 0x43 });
    const inside = ioctl(machine, 1, cxlm, request);
    await untilAsleep(machine);
    await machine.call(0, "cxl_pci_unbind", dev); // no gate: nothing keeps it
    assert.equal(violations(machine), []);
    assert.equal(await inside, { ok: false, errno: 5, code: "EIO" });
    assert.equal(violations(machine), [cxlm]);
  }));

test("M2: so is one whose context is another one by now, at the same address", () =>
  withMachine(2, async (machine) => {
    const { dev, cxlm } = await plug(machine, 100n * MS);
    const inside = ioctl(machine, 1, cxlm, send({ id: "IDENTIFY", outSize: 0x43 }));
    await untilAsleep(machine);
    await machine.call(0, "cxl_pci_unbind", dev);
    const second = await machine.call(0, "cxl_mem_create", dev);
    assert.is(second, cxlm, "the slab gives the block out again");
    assert.equal(await inside, { ok: false, errno: 5, code: "EIO" });
    assert.equal(violations(machine), [cxlm]);
  }));

test("M2: a body that outlives nothing reports nothing", () =>
  withMachine(2, async (machine) => {
    const { dev, cxlm } = await plug(machine, MS);
    const request = () => send({ id: "IDENTIFY", outSize: 0x43 });
    const results = await Promise.all([0, 1].map((cpu) => ioctl(machine, cpu, cxlm, request())));
    assert.ok(results.every(({ ok }) => ok));
    await machine.call(0, "cxl_pci_unbind", dev);
    assert.equal(violations(machine), []);
    assert.is(machine.events()["EV_VIOLATION"], 0n);
    const { kernel } = machine;
    for (const type of ["SLAB_CXL_MEM", "SLAB_BOUNCE"]) {
      assert.is(await machine.call(0, "slab_live", kernel.constant(type)), 0, type);
    }
  }));

test.run();
