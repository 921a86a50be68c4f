// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { census, leaks, loggedViolations, words } from "../../host/stress/audit.ts";
import { withMachine } from "../machine/with-machine.ts";

test("what is in use and was not before is a leak; what is missing was freed too often", () => {
  const before = new Map([
    ["name", 2],
    ["file", 1],
    ["inode", 3],
  ]);
  const after = new Map([
    ["name", 5],
    ["file", 1],
    ["inode", 2],
  ]);
  assert.equal(leaks(before, after), [
    {
      property: "leak",
      detail: "3 × name still allocated once all is closed and removed",
      count: 3,
    },
    { property: "double free", detail: "inode freed 1 times more often than allocated", count: 1 },
  ]);
  assert.equal(leaks(before, before), []);
});

test("a census counts objects by type, device numbers and per-CPU memory", () =>
  withMachine({ cpus: 2 }, async (machine) => {
    const { kernel } = machine;
    const before = await census(machine);
    assert.equal(
      [...before.values()].filter((n) => n !== 0),
      [],
    );
    const driver = (kernel.constant("REV_PUT_DEVICE") << 8) | kernel.constant("GATE_PERCPU_REF");
    const handle = await machine.call(0, "sys_probe", driver);
    const fd = await machine.call(1, "sys_open", 0);
    const counts = await census(machine);
    const used = (what: string) => counts.get(what);
    assert.equal([used("cxl memdev"), used("name"), used("file"), used("inode")], [1, 1, 1, 1]);
    assert.equal([used("device number"), used("percpu ref")], [1, 1]);
    assert.ok((used("per-CPU byte") ?? 0) > 0);
    await machine.call(1, "sys_close", fd);
    await machine.call(0, "sys_remove", handle);
    await machine.call(0, "rcu_barrier");
    assert.equal(leaks(before, await census(machine)), [], "nodes that nobody has open are freed");
  }));

test("with corrupt memory device nodes are left alone, and out of it", () =>
  withMachine({ cpus: 1 }, async (machine) => {
    await machine.call(0, "sys_open", 7); // makes a node
    const type = machine.kernel.constant("SLAB_INODE");
    assert.not.ok((await census(machine, true)).has("inode"));
    assert.is(await machine.call(0, "slab_live", type), 1);
    await census(machine);
    assert.is(await machine.call(0, "slab_live", type), 0);
  }));

test("what the kernel logged is a violation of each kind, with the first and how often", () =>
  withMachine({ cpus: 2 }, async (machine) => {
    const { kernel } = machine;
    const log = (cpu: number, level: string, code: string, a: number) =>
      machine.call(cpu, "printk", kernel.constant(level), kernel.constant(code), a, 0x10);
    await log(0, "LEVEL_INFO", "VIOLATION_DOUBLE_FREE", 9); // a remark is none
    await log(1, "LEVEL_VIOLATION", "VIOLATION_IOCTL_AFTER_REMOVAL", 0xab);
    await log(0, "LEVEL_WARN", "WARN_RCU_STALL", 1);
    await log(0, "LEVEL_VIOLATION", "VIOLATION_IOCTL_AFTER_REMOVAL", 0xcd);
    assert.equal(loggedViolations(machine), [
      { property: "ioctl after removal", detail: "first seen by CPU 1: 0xab, 0x10", count: 2 },
      { property: "rcu stall", detail: "first seen by CPU 0: 0x1, 0x10" },
    ]);
    for (let i = 0; i < 70; i++) await log(0, "LEVEL_WARN", "WARN_RCU_STALL", i);
    const [stall, ...rest] = loggedViolations(machine);
    assert.equal(rest, []);
    assert.match(stall?.detail ?? "", /; the log lost 10 older messages$/);
  }));

test("a constant in words", () => {
  assert.is(words("BODY_WITH_DEAD_CONTEXT"), "body with dead context");
});

test.run();
