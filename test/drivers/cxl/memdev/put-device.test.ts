// SPDX-License-Identifier: GPL-2.0-only
/** The complete revision: who opened in the live window of an add that fails, and the hot path. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { gateNames, isDriverGate } from "../../../../host/machine/driver.ts";
import { kernelImage, readKernel } from "../../../../host/machine/image.ts";
import { COUNTED, OPERATIONS } from "../../../gates/operations.ts";
import {
  type Instruction,
  loopsOf,
  OP,
  readWasm,
  type WasmFunction,
} from "../../../wasm-binary.ts";
import { LocalMachine } from "../../local-machine.ts";
import {
  COMPLETE,
  complaintsOf,
  type DriverName,
  driverId,
  idsInUse,
  LATER,
  probeWithOpener,
} from "./drivers.ts";
import { failedAdd, queryFile } from "./window.ts";

const ENXIO = 6;
const ENOMEM = 12;

for (const driver of [...COMPLETE, ...LATER]) {
  test(`P1: the opener keeps memory and id until it closes (${driver.name})`, () => {
    const { m, file } = failedAdd(driver);
    assert.equal([m.census()["CXL_MEMDEV"], m.census()["NAME"], idsInUse(m)], [1, 1, 1]);
    const next = m.call(0, "sys_probe", driverId(m.kernel, driver));
    assert.is(m.call(0, "sys_minor", next), 1, "id 0 is not free yet");
    m.call(1, "fput", file);
    m.call(0, "sys_remove", next);
    assert.is(idsInUse(m), 0);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), complaintsOf(driver));
  });

  test(`P2, P3: the opener's ioctl is -ENXIO, and the context is gone (${driver.name})`, () => {
    const { m, file } = failedAdd(driver);
    assert.is(m.census()["CXL_MEM"], undefined);
    assert.is(queryFile(m, file), -ENXIO);
    m.call(1, "fput", file);
    assert.equal(m.census(), { INODE: 1 });
    assert.equal(m.warnings(), []);
  });
}

test("P1: a name that cannot be had fails before the cdev is live (put_device)", () => {
  const [driver] = COMPLETE as [DriverName];
  const m = new LocalMachine(2);
  m.fail(0, "DEV_SET_NAME");
  assert.equal(probeWithOpener(m, driver), { rc: -ENOMEM, file: 0 });
  assert.equal(m.census(), {});
});

// P4 is read from the instructions of bench_ioctl's loop, into which asc inlines ioctl(), once a gate.

const BODY = "assembly/drivers/cxl/mem/__cxl_memdev_ioctl";
const RCU_SLOWPATH = "assembly/kernel/rcu/qsbr/rcu_qs_slowpath";
const { abi } = kernelImage("default");
const driven = gateNames(abi).filter((gate) => isDriverGate(abi, gate));
const binary = readWasm(readKernel());
const names = new Map(binary.functions.map(({ index, name }) => [index, name]));

function gateClass(gate: string): string {
  return `assembly/gates/${gate}/${gate}_gate`;
}

function isCall({ op }: Instruction): boolean {
  return op === OP.call || op === OP.callIndirect;
}

function slowPath(gate: string, half: "enter" | "exit"): string {
  return `${gateClass(gate)}#${half}_slowpath`;
}

/** Of those that do not have two of their own: one that only says no is gone. */
const SLOW_PATHS: Readonly<Record<string, readonly [enter: string, exit: string]>> = {
  busted: ["", ""],
  kernfs_active: ["", slowPath("kernfs_active", "exit")],
  srcu_fast: ["", slowPath("srcu_fast", "exit")],
  revocable: ["", slowPath("revocable", "exit")],
};

/** Names of the functions called, in order. */
function callees(code: readonly Instruction[]): string[] {
  return code
    .filter(isCall)
    .map(({ op, immediate }) =>
      op === OP.call ? (names.get(immediate) ?? "an import") : "a table",
    );
}

/** The loop of ioctls that was compiled for a gate. */
function ioctlLoop(gate: string): Instruction[] {
  const revision = "assembly/drivers/cxl/memdev/put_device/memdev_put_device";
  const name = `assembly/workload/bench_ioctl/ioctl_op#chunk<${revision}<${gateClass(gate)}>>`;
  const fn: WasmFunction | undefined = binary.functions.find((f) => f.name === name);
  assert.ok(fn, "no function is specialised for it");
  const around = loopsOf(fn.code).filter((loop) => callees(loop).includes(BODY));
  return around.sort((a, b) => a.length - b.length)[0] ?? [];
}

/** What each arm of a conditional calls, leaving out what the arms inside it call; the rest comes last. */
function callsByArm(code: readonly Instruction[]): string[][] {
  const arms: string[][] = [];
  const rest: string[] = [];
  const open: string[][] = [rest];
  for (const instruction of code) {
    const { op } = instruction;
    const around = open.at(-1) ?? rest;
    if (op === OP.if) open.push([]);
    else if (op === OP.block || op === OP.loop)
      open.push(around); // entered whatever the condition
    else if (op === OP.else) arms.push(...open.splice(-1, 1, []));
    else if (op === OP.end && open.length > 1) {
      const closed = open.pop() ?? [];
      if (closed !== open.at(-1)) arms.push(closed);
    } else if (isCall(instruction)) around.push(...callees([instruction]));
  }
  return [...arms.filter((calls) => calls.length > 0), rest];
}

/** The loop's own `if`, which asks whether there is another turn, is not a choice within a turn. */
function turnOf(loop: readonly Instruction[]): readonly Instruction[] {
  return loop.slice(loop.findIndex(({ op }) => op === OP.if) + 1);
}

const count = (code: readonly Instruction[], op: number) =>
  code.filter((instruction) => instruction.op === op).length;

test("P4: every gate of the table is known here", () => {
  for (const gate of driven) assert.ok(OPERATIONS[gate], gate);
});

for (const gate of driven) {
  test(`P4: the hot path calls the body alone; what is slow is called on a condition (${gate})`, () => {
    const [enter, exit] = SLOW_PATHS[gate] ?? [slowPath(gate, "enter"), slowPath(gate, "exit")];
    const expected = [enter, BODY, exit, RCU_SLOWPATH].filter((name) => name !== "");
    assert.equal(callsByArm(turnOf(ioctlLoop(gate))), [...expected.map((name) => [name]), []]);
  });

  test(`P4: the hot path does what its gate does, and asks of no other (${gate})`, () => {
    const own = ioctlLoop(gate);
    const bare = ioctlLoop("busted");
    assert.is(count(own, OP.brTable), 0);
    const expected = new Map(OPERATIONS[gate]);
    for (const op of COUNTED) {
      const more = count(own, op) - count(bare, op);
      assert.is(more, expected.get(op) ?? 0, `opcode 0x${op.toString(16)}`);
    }
  });
}

test.run();
