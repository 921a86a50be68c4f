// SPDX-License-Identifier: GPL-2.0-only
/**
 * That the loop which is timed holds the gate and nothing else: no call, no indirect call, no branch on
 * the gate; and that it holds all of it, eight times. Read from the instructions of kernel.wasm, for each
 * contender in its own copy of the loop.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage, readKernel } from "../../host/machine/image.ts";
import { COUNTED, OPERATIONS, YARDSTICK } from "../gates/operations.ts";
import { type Instruction, loopsOf, OP, readWasm, type WasmFunction } from "../wasm-binary.ts";

const binary = readWasm(readKernel());
const SECTIONS = 8; // a burst, unrolled: BURST in assembly/workload/section.ts

const gates = [...kernelImage("default").abi.group("GATE_").values()]
  .filter((name) => name !== "GATE_CLOSED")
  .map((name) => name.replace("GATE_", "").toLowerCase());

/** The protected pointer, and the word behind it. */
const BODY = 2;

/** Of a burst: where the device is, whether a section is pending, and RCU's two words. */
const BURST = 4;

// What a section's own accesses are known by.
const { abi } = kernelImage("default");
const DEVICE_SLOT = abi.constant("DEVICE_SLOT"); // the pointer, from the device
const PERCPU_WORD = abi.constant("PERCPU_WORD"); // what the body read, from the CPU's unit
const ALIVE = abi.constant("CONTEXT_ALIVE") >>> 0; // what it is compared with

/** Equal counts mean that a copy holds no other gate's path beside its own, and that no load was merged. */
function expectedOf(own: readonly [number, number][], op: number): number {
  const ofGate = own.find(([opcode]) => opcode === op)?.[1] ?? 0;
  return op === OP.load32 ? SECTIONS * (ofGate + BODY) + BURST : SECTIONS * ofGate;
}

function chunkOf(where: string): WasmFunction | undefined {
  const name = `assembly/workload/bench_read/read_op#chunk<assembly/${where}>`;
  return binary.functions.find((fn) => fn.name === name);
}

const NOTHING = ["busted", "qsbr"];

/** The function that runs a gate's hot loop. */
function hotFunction(gate: string): WasmFunction | undefined {
  const own = chunkOf(`gates/${gate}/${gate}_gate`);
  // A gate that does nothing compiles to the very code of the empty loop, and the two are kept as one.
  return own ?? (NOTHING.includes(gate) ? chunkOf("workload/contenders/empty_loop") : undefined);
}

const count = (code: readonly Instruction[], op: number) =>
  code.filter((instruction) => instruction.op === op).length;
const isCall = ({ op }: Instruction) => op === OP.call || op === OP.callIndirect;

/** The largest loops without a call: whatever is slow has left them. */
function hotLoops(fn: WasmFunction): Instruction[][] {
  const quiet = loopsOf(fn.code).filter((loop) => !loop.some(isCall));
  return quiet.filter((loop) => !quiet.some((outer) => outer !== loop && holds(outer, loop)));
}

function holds(outer: readonly Instruction[], inner: readonly Instruction[]): boolean {
  const at = inner[0]?.at ?? 0;
  return (outer[0]?.at ?? 0) < at && at < (outer.at(-1)?.at ?? 0);
}

test("every gate of the table is known here", () => {
  assert.equal([...gates].sort(), Object.keys(OPERATIONS).sort());
});

for (const gate of gates) {
  test(`${gate}: the timed loop is a copy of its own, without a call or a table jump`, () => {
    const fn = hotFunction(gate);
    assert.ok(fn, "no function is specialised for it");
    const [loop = [], ...others] = hotLoops(fn);
    assert.is(others.length, 0, "one loop runs the sections");
    assert.ok(loop.length > 30 * SECTIONS, "it is unrolled");
    assert.is(count(loop, OP.brTable), 0);
    const around = loopsOf(fn.code)[0] ?? [];
    assert.ok(around.some(isCall), "what the loop leaves pending is called from outside it");
  });
}

const contenders = [
  ...gates.map((gate) => ({ name: gate, own: OPERATIONS[gate] ?? [], fn: hotFunction(gate) })),
  ...Object.entries(YARDSTICK).map(([name, own]) => ({
    name,
    own,
    fn: chunkOf(`workload/contenders/${name}`),
  })),
];

for (const { name, own, fn } of contenders) {
  test(`${name}: the timed loop does what it is named for, eight times, and nothing besides`, () => {
    assert.ok(fn, "no function is specialised for it");
    const loop = hotLoops(fn)[0] ?? [];
    for (const op of COUNTED) {
      assert.is(count(loop, op), expectedOf(own, op), `opcode 0x${op.toString(16)}`);
    }
  });

  test(`S5, S6: ${name}: each of eight sections reads the pointer and the word anew, and keeps it`, () => {
    assert.ok(fn);
    const loop = hotLoops(fn)[0] ?? [];
    const at = (op: number, offset: number) =>
      loop.filter((instruction) => instruction.op === op && instruction.offset === offset).length;
    assert.is(at(OP.load32, DEVICE_SLOT), SECTIONS, "reads of the pointer");
    assert.is(at(OP.store32, PERCPU_WORD), SECTIONS, "words kept");
    const looks = loop.filter(({ op, immediate }) => op === OP.const32 && immediate === ALIVE);
    assert.is(looks.length, SECTIONS, "looks at the word");
  });
}

test.run();
