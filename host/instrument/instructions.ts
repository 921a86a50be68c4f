// SPDX-License-Identifier: GPL-2.0-only
/**
 * Instructions: where each begins and ends, what it takes from the stack and what it leaves there, and
 * for one that touches memory, what it touches.
 *
 * Source: the WebAssembly core specification 2.0, chapter 5.4, and the threads proposal. What asc emits
 * for this project: no vectors, no references, no exceptions; anything else is refused.
 */
import { type Access, RANGES, SCALARS } from "./accesses.ts";
import { Reader } from "./leb.ts";

export interface Instruction {
  readonly opcode: number;
  /** Offset in the module. */
  readonly at: number;
  readonly end: number;
  /** Operands taken and results left; calls, blocks and branches: see function-walk.ts. */
  readonly pops: number;
  readonly pushes: number;
  /** Index of a local, global or function, depth of a branch, value of an i32.const; 0 elsewhere. */
  readonly immediate: number;
  readonly access: Access | null;
}

export const OP = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8U: 0x2d,
  i32Store: 0x36,
  i64Store: 0x37,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32ShrU: 0x76,
  f64ConvertI64S: 0xb9,
  /** Prefixed opcodes are prefix << 8 | number. */
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
} as const;

const PREFIX_MISC = 0xfc;
const PREFIX_ATOMIC = 0xfe;
const ATOMIC_FENCE = 0xfe03;

/** Operands and results of the numeric instructions, by ranges of opcodes. */
const NUMERIC: readonly (readonly [number, number, number])[] = [
  [0x45, 0x45, 1],
  [0x46, 0x4f, 2],
  [0x50, 0x50, 1],
  [0x51, 0x66, 2],
  [0x67, 0x69, 1],
  [0x6a, 0x78, 2],
  [0x79, 0x7b, 1],
  [0x7c, 0x8a, 2],
  [0x8b, 0x91, 1],
  [0x92, 0x98, 2],
  [0x99, 0x9f, 1],
  [0xa0, 0xa6, 2],
  [0xa7, 0xc4, 1],
  [0xfc00, 0xfc07, 1],
];

/** Operands and results of the rest, where they do not depend on an index. */
const STACK: ReadonlyMap<number, readonly [number, number]> = new Map([
  [OP.if, [1, 0]],
  [OP.brIf, [1, 0]],
  [OP.brTable, [1, 0]],
  [OP.drop, [1, 0]],
  [OP.select, [3, 1]],
  [OP.localGet, [0, 1]],
  [OP.localSet, [1, 0]],
  [OP.localTee, [1, 1]],
  [OP.globalGet, [0, 1]],
  [OP.globalSet, [1, 0]],
  [OP.memorySize, [0, 1]],
  [OP.memoryGrow, [1, 1]],
  [OP.i32Const, [0, 1]],
  [OP.i64Const, [0, 1]],
  [OP.f32Const, [0, 1]],
  [OP.f64Const, [0, 1]],
]);

/** Without operands and results, or with those of a type. */
const PLAIN: readonly number[] = [
  OP.unreachable,
  OP.nop,
  OP.else,
  OP.end,
  OP.return,
  ATOMIC_FENCE,
  OP.block,
  OP.loop,
  OP.br,
  OP.call,
  OP.callIndirect,
];

/** What each instruction takes and leaves, by opcode; missing: it is unknown. */
const EFFECTS: ReadonlyMap<number, readonly [number, number]> = effects();

function effects(): Map<number, readonly [number, number]> {
  const all = new Map<number, readonly [number, number]>(PLAIN.map((opcode) => [opcode, [0, 0]]));
  for (const [from, to, pops] of NUMERIC) {
    for (let opcode = from; opcode <= to; opcode++) all.set(opcode, [pops, 1]);
  }
  for (const [opcode, effect] of STACK) all.set(opcode, effect);
  for (const [opcode, { kind, bytes, operands }] of [...SCALARS, ...RANGES]) {
    const nothing = kind === "store" || kind === "atomic store" || bytes === 0;
    all.set(opcode, [1 + operands.length, nothing ? 0 : 1]);
  }
  return all;
}

/** Steps over the immediates; returns the one that Instruction.immediate holds. */
function readImmediate(reader: Reader, opcode: number): number {
  switch (opcode) {
    case OP.block:
    case OP.loop:
    case OP.if:
    case OP.i32Const:
      return reader.s32();
    case OP.br:
    case OP.brIf:
    case OP.call:
    case OP.localGet:
    case OP.localSet:
    case OP.localTee:
    case OP.globalGet:
    case OP.globalSet:
      return reader.u32();
    case OP.brTable:
      for (let left = reader.u32() + 1; left > 0; left--) reader.u32();
      return 0;
    case OP.callIndirect: {
      const type = reader.u32();
      reader.u32();
      return type;
    }
    case OP.i64Const:
      reader.skipLeb();
      return 0;
    case OP.f32Const:
      reader.at += 4;
      return 0;
    case OP.f64Const:
      reader.at += 8;
      return 0;
    case OP.memorySize:
    case OP.memoryGrow:
    case ATOMIC_FENCE:
    case OP.memoryFill:
      reader.byte();
      return 0;
    case OP.memoryCopy:
      reader.at += 2;
      return 0;
    default:
      return 0;
  }
}

/** Decodes the instruction at `at`. @throws Error for one that this project's build cannot contain */
export function decodeInstruction(bytes: Uint8Array, at: number): Instruction {
  const reader = new Reader(bytes, at);
  let opcode = reader.byte();
  if (opcode === PREFIX_MISC || opcode === PREFIX_ATOMIC) opcode = (opcode << 8) | reader.u32();
  const effect = EFFECTS.get(opcode);
  if (effect === undefined) {
    throw new Error(`wasm: unknown instruction 0x${opcode.toString(16)} at ${at}`);
  }
  const [pops, pushes] = effect;
  const scalar = SCALARS.get(opcode);
  if (scalar === undefined) {
    const immediate = readImmediate(reader, opcode);
    const range = RANGES.get(opcode);
    const access = range === undefined ? null : { ...range, offset: 0, marked: false };
    return { opcode, at, end: reader.at, pops, pushes, immediate, access };
  }
  const marked = 1 << reader.u32() < scalar.bytes;
  const access = { ...scalar, offset: reader.u32(), marked };
  return { opcode, at, end: reader.at, pops, pushes, immediate: 0, access };
}
