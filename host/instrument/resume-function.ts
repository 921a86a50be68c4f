// SPDX-License-Identifier: GPL-2.0-only
/** The function that goes on with a thread: from its innermost frame outwards, until it is off again. */
import { CONTROL, zeroOf } from "./coroutine-function.ts";
import { OP } from "./instructions.ts";
import { encodeS32, encodeU32 } from "./leb.ts";
import { I32, I64 } from "./rewrite.ts";
import type { FunctionBody } from "./wasm-binary.ts";

const BLOCK_EMPTY = 0x40;
/** Locals: the end of the innermost frame, the frame's last word, and where the frame begins. */
const END = 0;
const WORD = 1;
const BASE = 2;

const get = (local: number) => [OP.localGet, local];
const constant = (value: number) => [OP.i32Const, ...encodeS32(value)];
/** The point's number, out of the frame's last word. */
const POINT = [...get(WORD), ...constant(0xffff), OP.i32And];

/** A function that a thread can be taken off in. */
export interface Suspendable {
  readonly body: FunctionBody;
  /** Number in the module of its point 0. */
  readonly firstPoint: number;
  /** How many follow. */
  readonly points: number;
}

/** Reads the frame's last word: 0 means that the thread has ended, and then resume() returns 1. */
function readFrame(): number[] {
  return [
    ...[...get(END), ...constant(4), OP.i32Sub, OP.i32Load, 2, 0, OP.localTee, WORD],
    ...[OP.i32Eqz, OP.if, BLOCK_EMPTY, ...constant(1), OP.return, OP.end],
    ...[...get(END), ...get(WORD), ...constant(16), OP.i32ShrU, OP.i32Sub, OP.localSet, BASE],
  ];
}

/** Goes on in one function at the frame's point, and stores what it returns. */
function goOn({ body, firstPoint }: Suspendable, index: number): number[] {
  const { paramTypes, resultTypes } = body.type;
  const [result] = resultTypes;
  const store = result === I64 ? OP.i64Store : OP.i32Store;
  return [
    ...(result === undefined ? [] : constant(0)),
    ...paramTypes.flatMap(zeroOf),
    ...[...get(BASE), ...POINT, ...constant(firstPoint), OP.i32Sub],
    ...[OP.call, ...encodeU32(index)],
    ...(result === undefined ? [] : [store, 2, ...encodeU32(CONTROL.result)]),
  ];
}

/** A block for each function, and a table from each point to its function's. */
function dispatch(
  functions: readonly Suspendable[],
  points: number,
  indexOf: (body: FunctionBody) => number,
): number[] {
  const depthOf = new Array<number>(points).fill(functions.length);
  for (const [i, { firstPoint, points: own }] of functions.entries()) {
    depthOf.fill(i, firstPoint + 1, firstPoint + 1 + own);
  }
  const blocks = [...functions, null].flatMap(() => [OP.block, BLOCK_EMPTY]);
  const depths = [...depthOf, functions.length].flatMap((depth) => encodeU32(depth));
  const cases = functions.flatMap((one, i) => {
    const past = encodeU32(functions.length - 1 - i);
    return [OP.end, ...goOn(one, indexOf(one.body)), OP.br, ...past];
  });
  return [...blocks, ...POINT, OP.brTable, ...encodeU32(points), ...depths, ...cases, OP.end];
}

/**
 * The body of resume(): see coroutine-image.ts.
 *
 * @param points - one more than the highest number of a point
 * @param suspended - the global that is not 0 while a thread is being taken off
 */
export function resumeBody(
  functions: readonly Suspendable[],
  points: number,
  indexOf: (body: FunctionBody) => number,
  suspended: number,
): number[] {
  const flag = encodeU32(suspended);
  return [
    ...[1, 2, I32], // two locals besides the parameter
    ...[OP.loop, BLOCK_EMPTY, ...readFrame(), ...dispatch(functions, points, indexOf)],
    ...[OP.globalGet, ...flag, OP.if, BLOCK_EMPTY],
    ...[...constant(0), OP.globalSet, ...flag, ...constant(0), OP.return, OP.end],
    ...[...get(BASE), OP.localSet, END, OP.br, 0, OP.end, OP.unreachable, OP.end],
  ];
}
