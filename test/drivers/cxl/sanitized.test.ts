// SPDX-License-Identifier: GPL-2.0-only
/** The driver under the sanitizer: no access outside an object, and the ones after a free seen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CommandId, query, type SendRequest, send } from "../../../host/abi/cxl.ts";
import { CEL_UUID, getLogInput, getLsaInput } from "../../../host/abi/cxl-payloads.ts";
import { sanitizedKernel } from "../../../host/instrument/image.ts";
import { type Report, readReports } from "../../../host/instrument/report.ts";
import type { Machine } from "../../../host/machine/machine.ts";
import { until, withMachine } from "../../machine/with-machine.ts";
import { asleepInMailbox, deadContexts, ioctl, plug } from "./remote.ts";

const sanitized = sanitizedKernel("default");
const options = { image: sanitized.image, shadow: true };

function reports(machine: Machine): Report[] {
  return readReports(machine.memory, machine.kernel, sanitized.sites);
}

function requests(payload: number): SendRequest[] {
  const ids = Object.values(CommandId).filter((id) => id !== CommandId.RAW);
  const known = ids.map((id) => ({ id, outSize: payload, reserve: payload }));
  const lsa = [0, 1, payload, 1024].map((length) => ({
    id: CommandId.GET_LSA,
    in: getLsaInput(0, length),
    outSize: payload,
  }));
  const log = { id: CommandId.GET_LOG, in: getLogInput(CEL_UUID, 0, 28), outSize: payload };
  const raw = [0, 1, 8, payload].map((size) => ({
    opcode: 0x4102,
    in: new Uint8Array(size),
    outSize: size,
  }));
  return [...known, ...lsa, log, ...raw];
}

test("E2: no command touches a byte outside its buffers, whatever the sizes", () =>
  withMachine({ cpus: 1, ...options }, async (machine) => {
    const { kernel, memory } = machine;
    const view = new DataView(memory.buffer);
    const globals = kernel.constant("CXL_STATE");
    view.setUint32(globals + kernel.constant("OFFSETOF_CXL_GLOBALS_RAW_COMMANDS"), 1, true);
    for (const payloadLog2 of [8, 9]) {
      const { dev, hw, cxlm } = await plug(machine, 0n, payloadLog2);
      const length = hw + kernel.constant("OFFSETOF_CXL_HW_FORCE_LENGTH");
      for (const forced of [0xffffffff, 0, 1, 513, 0x1fffff]) {
        view.setUint32(length, forced, true);
        for (const request of requests(1 << payloadLog2)) {
          await ioctl(machine, 0, cxlm, send(request));
        }
        assert.ok((await ioctl(machine, 0, cxlm, query())).ok);
      }
      await machine.call(0, "cxl_pci_unbind", dev);
      await machine.call(0, "put_device", dev);
    }
    assert.equal(reports(machine), []);
  }));

test("M2: what a body does to its context after the free is a use after free", () =>
  withMachine({ cpus: 2, ...options }, async (machine) => {
    const { dev, cxlm } = await plug(machine, 100_000_000n);
    const inside = ioctl(machine, 1, cxlm, send({ id: "IDENTIFY", outSize: 0x43 }));
    await until(() => asleepInMailbox(machine));
    await machine.call(0, "cxl_pci_unbind", dev);
    assert.equal(reports(machine), [], "nobody has touched it yet");
    assert.equal(await inside, { ok: false, errno: 5, code: "EIO" });
    const found = reports(machine);
    assert.ok(found.length > 0);
    for (const report of found) {
      assert.is(report.property, "use after free");
      assert.is(report.object?.type, "cxl_mem");
      assert.is(report.cpu, 1);
    }
    assert.equal(deadContexts(machine), [cxlm]);
  }));

test.run();
