// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCatalogue } from "../../host/cli/catalogue.ts";
import { MachineError } from "../../host/errors.ts";

const header = (line: string) => `// SPDX-License-Identifier: GPL-2.0-only\n/**\n * ${line}\n */\n`;

const SOURCES: [string, string][] = [
  [
    "assembly/gates/table.ts",
    "export const GATE_REFCOUNT: u32 = 1;\nexport const GATE_RWSEM: u32 = 0;\nexport const GATE_QSBR: u32 = 9;\n",
  ],
  [
    "assembly/gates/gate.ts",
    "export const GATE_CLOSED: u32 = 0xffffffff;\nexport const FIRST_ATOMIC: u32 = 8; // from here\n",
  ],
  ["assembly/gates/rwsem.ts", header("rwsem — one semaphore: many readers or one writer.")],
  ["assembly/gates/refcount.ts", "// SPDX-License-Identifier: GPL-2.0-only\n// no header"],
  [
    "assembly/drivers/cxl/memdev/put_device.ts",
    `${header("put_device — the series complete")}export const REV_PUT_DEVICE: u32 = 2;
export class memdev_put_device<G extends Gate> {}`,
  ],
  [
    "assembly/drivers/cxl/memdev/rwsem.ts",
    `${header("memdev after the patch: one rwsem.")}export const REV_RWSEM: u32 = 1;\nexport class memdev_rwsem {}`,
  ],
  [
    "assembly/arch/wasm/events.ts",
    "export const EV_IOCTL: u32 = 24;\nexport const EV_RCU_GP: u32 = 17; // grace periods\nexport const NR_EVENTS: u32 = 36;\n",
  ],
];

test("names and ids come from the constants, summaries from the headers", () => {
  const { gates, revisions, events } = readCatalogue(SOURCES);
  assert.equal(gates, [
    { name: "rwsem", id: 0, summary: "one semaphore: many readers or one writer", mayDrive: true },
    { name: "refcount", id: 1, summary: "", mayDrive: true },
    { name: "qsbr", id: 9, summary: "", mayDrive: false },
  ]);
  assert.equal(revisions, [
    { name: "rwsem", id: 1, summary: "memdev after the patch: one rwsem", takesGate: false },
    { name: "put_device", id: 2, summary: "the series complete", takesGate: true },
  ]);
  assert.equal(events, [
    { name: "rcu_gp", id: 17, summary: "grace periods" },
    { name: "ioctl", id: 24, summary: "" },
  ]);
});

test("without a source map there was no build", () => {
  assert.throws(
    () => readCatalogue([]),
    (error: Error) => error instanceof MachineError && /run npm run build$/.test(error.message),
  );
});

test.run();
