// SPDX-License-Identifier: GPL-2.0-only
/**
 * The value type that an instruction leaves on the stack, where its opcode alone decides that.
 *
 * Source: the WebAssembly core specification 2.0, chapter 5.4, and the threads proposal.
 */
import { SCALARS } from "./accesses.ts";
import type { Instruction } from "./instructions.ts";
import { F32, F64, I32, I64 } from "./rewrite.ts";

/** First and last opcode of each range of numeric instructions, and their result. */
const NUMERIC: readonly (readonly [number, number, number])[] = [
  [0x3f, 0x41, I32], // memory.size, memory.grow, i32.const
  [0x42, 0x42, I64],
  [0x43, 0x43, F32],
  [0x44, 0x44, F64],
  [0x45, 0x78, I32], // comparisons, then i32 arithmetic
  [0x79, 0x8a, I64],
  [0x8b, 0x98, F32],
  [0x99, 0xa6, F64],
  [0xa7, 0xab, I32],
  [0xac, 0xb1, I64],
  [0xb2, 0xb6, F32],
  [0xb7, 0xbb, F64],
  [0xbc, 0xbc, I32],
  [0xbd, 0xbd, I64],
  [0xbe, 0xbe, F32],
  [0xbf, 0xbf, F64],
  [0xc0, 0xc1, I32],
  [0xc2, 0xc4, I64],
  [0xfc00, 0xfc03, I32],
  [0xfc04, 0xfc07, I64],
];

const OF_PREFIX: Readonly<Record<string, number>> = { i32: I32, i64: I64, f32: F32, f64: F64 };

/** By opcode. */
const RESULTS: ReadonlyMap<number, number> = results();

function results(): Map<number, number> {
  const all = new Map<number, number>();
  for (const [from, to, type] of NUMERIC) {
    for (let opcode = from; opcode <= to; opcode++) all.set(opcode, type);
  }
  for (const [opcode, { mnemonic }] of SCALARS) {
    // memory.atomic.wait and notify return an i32.
    all.set(opcode, OF_PREFIX[mnemonic.slice(0, 3)] ?? I32);
  }
  return all;
}

/** @throws Error for an instruction whose result does not follow from its opcode */
export function resultType({ opcode, at }: Instruction): number {
  const type = RESULTS.get(opcode);
  if (type === undefined) throw new Error(`wasm: what 0x${opcode.toString(16)} at ${at} leaves`);
  return type;
}
