// SPDX-License-Identifier: GPL-2.0-only
/** kernel.wasm as the engine is given it, for tests that look at its globals and instructions. */
import { decodeInstruction, type Instruction, OP } from "../host/instrument/instructions.ts";
import { Reader } from "../host/instrument/leb.ts";
import { parseModule, readInitialiser, type WasmModule } from "../host/instrument/wasm-binary.ts";

export type { Instruction } from "../host/instrument/instructions.ts";

export const SECTION = { global: 6, start: 8, element: 9, data: 11 } as const;

/** Opcodes that a test may look for; prefixed ones are prefix << 8 | number. */
export const OPCODE = {
  call: OP.call,
  callIndirect: OP.callIndirect,
  brTable: OP.brTable,
  loop: OP.loop,
  memoryGrow: OP.memoryGrow,
  load32: 0x28,
  atomicWait32: 0xfe01,
  atomicWait64: 0xfe02,
  atomicLoad32: 0xfe10,
  atomicStore32: 0xfe17,
  atomicAdd32: 0xfe1e,
  atomicSub32: 0xfe25,
  atomicExchange32: 0xfe41,
  atomicCmpxchg32: 0xfe48,
} as const;

export interface WasmGlobal {
  /** As asc names it, `assembly/arch/wasm/percpu/cpu_base`. */
  readonly name: string;
  readonly mutable: boolean;
}

export interface WasmFunction {
  readonly name: string;
  readonly code: readonly Instruction[];
}

export interface WasmBinary {
  /** Ids of the sections that are there. */
  readonly sections: readonly number[];
  readonly globals: readonly WasmGlobal[];
  readonly functions: readonly WasmFunction[];
}

function readGlobals(module: WasmModule): WasmGlobal[] {
  const section = module.sections.find(({ id }) => id === SECTION.global);
  if (section === undefined) return [];
  const reader = new Reader(module.bytes, section.start);
  return Array.from({ length: reader.u32() }, (_, i) => {
    reader.byte(); // type
    const mutable = reader.byte() === 1;
    readInitialiser(reader);
    return { name: module.globalNames.get(module.importedGlobals + i) ?? `global ${i}`, mutable };
  });
}

function readCode(bytes: Uint8Array, from: number, to: number): Instruction[] {
  const code: Instruction[] = [];
  for (let at = from; at < to; at = code.at(-1)?.end ?? to) code.push(decodeInstruction(bytes, at));
  return code;
}

export function readWasm(bytes: Uint8Array): WasmBinary {
  const module = parseModule(bytes);
  return {
    sections: module.sections.map(({ id }) => id),
    globals: readGlobals(module),
    functions: module.bodies.map(({ name, code, end }) => ({
      name,
      code: readCode(bytes, code, end),
    })),
  };
}

/** The bodies of all loops of a function, outer ones before those inside them. */
export function loopsOf(code: readonly Instruction[]): Instruction[][] {
  const open: { from: number; loop: boolean }[] = [];
  const loops: { from: number; to: number }[] = [];
  for (const [i, { opcode }] of code.entries()) {
    if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) {
      open.push({ from: i + 1, loop: opcode === OP.loop });
    } else if (opcode === OP.end) {
      const closed = open.pop();
      if (closed?.loop) loops.push({ from: closed.from, to: i });
    }
  }
  loops.sort((a, b) => a.from - b.from);
  return loops.map(({ from, to }) => code.slice(from, to));
}
