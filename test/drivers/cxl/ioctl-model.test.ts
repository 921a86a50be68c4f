// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ioctls against the independent model: errno and every byte of user memory, over random
 * sequences of calls with odd sizes, odd pointers and a device that misbehaves.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ModelDevice, type Stuck } from "./device-model.ts";
import { configure, DeviceUnderTest, STATUS_READY } from "./fixture.ts";
import { LocalKernel } from "./kernel.ts";
import { COMMANDS, CxlModel, type ModelConfig } from "./model.ts";

const kernel = new LocalKernel();
const USER = kernel.map.userStart;
const BYTES = kernel.user.length;
const TIMEOUT_NS = 30_000n;
const CONTEXT_TYPES = ["SLAB_CXL_MEM", "SLAB_PDEV", "SLAB_BOUNCE", "SLAB_MISC"];

/** A user address: inside, at the edges and nowhere near. */
const pointer: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 4096 }).map((o) => BigInt(USER + o)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 800 }).map((o) => BigInt(USER + BYTES - o)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 64 }).map((o) => BigInt(USER - o)) },
  { weight: 1, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0n,
      1n << 32n,
      (1n << 32n) + BigInt(USER),
      1n << 63n,
      (1n << 64n) - 1n,
    ),
  },
);

const size: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 8, 0x12, 0x18, 0x20, 0x43, 0x50) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 2, arbitrary: fc.constantFrom(255, 256, 257, 511, 512, 513, 1 << 20) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -2, -(2 ** 31), 2 ** 31 - 1) },
);

/** Mostly 0: a reserved word that is not 0 hides all that is checked after it. */
const reserved = fc.oneof(
  { weight: 15, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 0x8000, 0xffffffff) },
);

const opcode = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...COMMANDS.map((c) => c.opcode)) },
  { weight: 1, arbitrary: fc.constantFrom(0x0202, 0x4101, 0x4103, 0x4204, 0x4304, 0x4305) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);

const id = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 9, 10, 0x80000000, 0xffffffff) },
);

/** What the input payload begins with, so that GET_LOG and GET_LSA have something to say. */
const input: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "0da9c0b5bf414b788f7996b1623b3f17",
        "0e1819d911a9400c811fd60719403d86",
        "00000000000000000000000000000000",
      ),
      fc.constantFrom(0, 1, 4, 8, 28, 32, 700, 768, 1024, 0xfffffff0),
      fc.constantFrom(0, 1, 4, 8, 28, 32, 68, 512, 513, 0xffffffff),
    )
    .map(([uuid, offset, length]) => {
      const words = Buffer.alloc(8);
      words.writeUInt32LE(offset, 0);
      words.writeUInt32LE(length, 4);
      return new Uint8Array(Buffer.concat([Buffer.from(uuid, "hex"), words]));
    }),
  fc
    .tuple(fc.constantFrom(0, 5, 1000, 1024, 1025), fc.constantFrom(0, 7, 24, 512, 513, 1024))
    .map((words) => new Uint8Array(Uint32Array.from(words).buffer)),
  fc.uint8Array({ minLength: 0, maxLength: 32 }),
);

const request = fc.record({
  id,
  flags: reserved,
  opcode: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: opcode }),
  rawRsvd: reserved.map((n) => n & 0xffff),
  retval: fc.constantFrom(0, 0xdeadbeef),
  /** True: sizes that the command wants, so that the call gets through. */
  fitting: fc.boolean(),
  inSize: size,
  inRsvd: reserved,
  inPayload: pointer,
  outSize: size,
  outRsvd: reserved,
  outPayload: pointer,
});

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

function encode(r: Request): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  const command = COMMANDS[r.id];
  const fit = (wanted: number | undefined, otherwise: number) =>
    r.fitting && wanted !== undefined && wanted >= 0 ? wanted : otherwise;
  view.setUint32(0, r.id, true);
  view.setUint32(4, r.flags, true);
  view.setUint16(8, r.id === 2 || !r.fitting ? r.opcode : 0, true);
  view.setUint16(10, r.rawRsvd, true);
  view.setUint32(12, r.retval, true);
  view.setInt32(16, fit(command?.sizeIn, r.inSize), true);
  view.setUint32(20, r.inRsvd, true);
  view.setBigUint64(24, r.inPayload, true);
  view.setInt32(32, fit(command?.sizeOut, r.outSize), true);
  view.setUint32(36, r.outRsvd, true);
  view.setBigUint64(40, r.outPayload, true);
  return bytes;
}

const SEND = kernel.constant("CXL_MEM_SEND_COMMAND");
const QUERY = kernel.constant("CXL_MEM_QUERY_COMMANDS");

const stuck: fc.Arbitrary<Stuck> = fc.oneof(
  { weight: 20, arbitrary: fc.constant<Stuck>("no") },
  { weight: 1, arbitrary: fc.constantFrom<Stuck>("busy", "on-ring", "toggle") },
);

/** One step: set the knobs, lay bytes out in user memory, call. */
const step = fc.record({
  knobs: fc.record({
    stuck,
    status: fc.oneof(
      { weight: 12, arbitrary: fc.constant(STATUS_READY) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
    ),
    failCode: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(1, 2, 6, 0xffff) },
    ),
    failOpcode: fc.constantFrom(0, 0x4000, 0x0401),
    forceLength: fc.oneof(
      { weight: 6, arbitrary: fc.constant(-1) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, 17, 512, 513, 0x1fffff) },
    ),
    serviceNs: fc.constantFrom(0n, 0n, 1000n),
  }),
  input,
  inputAt: pointer,
  arg: pointer,
  call: fc.oneof(
    { weight: 8, arbitrary: request.map((r) => ({ cmd: SEND, bytes: encode(r) })) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(0, 1, 2, 3, 8, 9, 10, 0x80000000, 0xffffffff)
        .map((n) => ({ cmd: QUERY, bytes: new Uint8Array(Uint32Array.of(n, 0xffffffff).buffer) })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        cmd: fc.oneof(fc.integer(), fc.constantFrom(SEND, QUERY)),
        bytes: fc.uint8Array({ minLength: 48, maxLength: 48 }),
      }),
    },
  ),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const scenario = fc.record({
  payloadLog2: fc.constantFrom(8, 9),
  celIds: fc.subarray([1, 2, 3, 4, 5, 6, 7, 8]),
  config: fc.record<ModelConfig>({
    rawCommands: fc.boolean(),
    lockedDown: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    rawAllowAll: fc.boolean(),
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function put(memory: Uint8Array, address: bigint, bytes: Uint8Array): void {
  const at = Number(address - BigInt(USER));
  if (at >= 0 && at + bytes.length <= memory.length) memory.set(bytes, at);
}

function modelOf({ payloadLog2, celIds, config }: Scenario): CxlModel {
  const device = new ModelDevice({
    payloadSize: 1 << payloadLog2,
    status: STATUS_READY,
    stuck: "no",
    failCode: 0,
    failOpcode: 0,
    forceLength: -1,
    celOpcodes: celIds.map((n) => COMMANDS[n]?.opcode ?? 0).filter((op) => op !== 0),
    logs: { cel: true, vendor: true },
  });
  return new CxlModel(device, config, USER, new Uint8Array(BYTES));
}

function runStep(device: DeviceUnderTest, model: CxlModel, s: Step): number {
  device.set({ ...s.knobs, forceLength: s.knobs.forceLength });
  Object.assign(model.device.knobs, s.knobs);
  for (const memory of [kernel.user, model.memory]) {
    put(memory, s.inputAt, s.input);
    put(memory, s.arg, s.call.bytes);
  }
  const expected = model.ioctl(s.call.cmd, s.arg);
  assert.is(device.ioctl(s.call.cmd, s.arg), expected);
  assert.is(Buffer.compare(kernel.user, model.memory), 0, "user memory differs");
  return expected;
}

function live(): number[] {
  return CONTEXT_TYPES.map((type) => kernel.call("slab_live", kernel.constant(type)));
}

function globalWord(name: string): number {
  const at = kernel.constant("CXL_STATE") + kernel.constant(`OFFSETOF_CXL_GLOBALS_${name}`);
  return kernel.view.getUint32(at, true);
}

const seen = new Map<number, number>();

function runScenario(s: Scenario): void {
  const before = live();
  kernel.user.fill(0xa5);
  configure(kernel, s.config, TIMEOUT_NS);
  const model = modelOf(s);
  model.memory.fill(0xa5);
  const device = new DeviceUnderTest(kernel, { payloadLog2: s.payloadLog2, celIds: s.celIds });
  try {
    assert.is(device.probe(), 0);
    // The probe's commands leave their traces in the payload.
    for (const op of [0x0400, 0x0401, 0x4000]) probeTrace(model, op);
    const first = device.commands();
    for (const one of s.steps) {
      const rc = runStep(device, model, one);
      seen.set(rc, (seen.get(rc) ?? 0) + 1);
      assert.is(device.commands() - first, model.device.commands);
    }
    assert.is(globalWord("WARNED_RAW"), +model.warnedRaw);
    assert.is(globalWord("WARNED_SIZE"), +model.warnedSize);
  } finally {
    device.remove();
  }
  assert.equal(live(), before, "something leaks");
}

/** Lets the model's device do what the probe had it do. */
function probeTrace(model: CxlModel, op: number): void {
  const { device } = model;
  const celBytes = device.knobs.celOpcodes.length * 4;
  if (op === 0x0401 && celBytes === 0) return;
  const log = Buffer.alloc(24);
  Buffer.from("0da9c0b5bf414b788f7996b1623b3f17", "hex").copy(log);
  log.writeUInt32LE(celBytes, 20);
  device.ring(op, op === 0x0401 ? new Uint8Array(log) : new Uint8Array(0));
  device.commands = 0;
}

test("U1-U5: errno and user memory are what the model says", () => {
  fc.assert(fc.property(scenario, runScenario), { numRuns: 1500, seed: 0xce02 });
  for (const rc of [0, -1, -12, -14, -16, -22, -25, -110]) {
    assert.ok((seen.get(rc) ?? 0) > 20, `${rc} came ${seen.get(rc) ?? 0} times only`);
  }
});

test.run();
