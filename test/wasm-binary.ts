// SPDX-License-Identifier: GPL-2.0-only
/**
 * A reader of the wasm binary format, for tests that look at what the engine is given: sections, imports,
 * exports, globals, the name section, and each function's instructions as they stand in the bytes. It
 * shares nothing with the sanitizer's decoder (host/instrument), which is tested against it.
 */

export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
}

export interface WasmGlobal {
  readonly name: string;
  readonly mutable: boolean;
}

export interface Instruction {
  /** Byte offset in the module. */
  readonly at: number;
  /** Opcode; of a prefixed instruction, prefix << 8 | opcode. */
  readonly op: number;
  /** First immediate: the index that call, local.get and their like name, an alignment, a constant. */
  readonly immediate: number;
  /** Second immediate, 0 without: of a load or store its constant offset. */
  readonly offset: number;
}

export interface WasmFunction {
  /** In the index space of functions: imports come first. */
  readonly index: number;
  /** From the name section: "assembly/kernel/locking/rwsem/down_read". */
  readonly name: string;
  readonly code: readonly Instruction[];
}

export interface WasmExport {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

export interface WasmBinary {
  /** Ids of the sections that are there, in order; 0 is custom. */
  readonly sections: readonly number[];
  readonly imports: readonly WasmImport[];
  readonly exports: readonly WasmExport[];
  /** Those that the module defines; it imports none. */
  readonly globals: readonly WasmGlobal[];
  /** Those that the module defines. */
  readonly functions: readonly WasmFunction[];
}

export const SECTION = {
  custom: 0,
  import: 2,
  table: 4,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
} as const;
export const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  load32: 0x28,
  store32: 0x36,
  const32: 0x41,
  memoryGrow: 0x40,
  globalSet: 0x24,
  atomicNotify: 0xfe00,
  atomicWait32: 0xfe01,
  atomicWait64: 0xfe02,
  atomicLoad32: 0xfe10,
  atomicStore32: 0xfe17,
  atomicAdd32: 0xfe1e,
  atomicSub32: 0xfe25,
  atomicExchange32: 0xfe41,
  atomicExchange64: 0xfe42,
  atomicCmpxchg32: 0xfe48,
  atomicCmpxchg64: 0xfe49,
} as const;

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  u8(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError(`the module ends at ${this.at - 1}`);
    return byte;
  }

  /** LEB128; signed ones come out unsigned, and what is over 32 bits is cut off. */
  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  name(): string {
    const length = this.leb();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.skip(length);
    return text;
  }

  vector<T>(item: () => T): T[] {
    return Array.from({ length: this.leb() }, item);
  }

  limits(): void {
    const flags = this.leb();
    this.leb();
    if (flags & 1) this.leb();
  }
}

const PLAIN_IMMEDIATES = new Map<number, number>([
  ...[0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, 0x12, 0x41, 0x42, 0x3f, 0x40, 0xd0, 0xd2].map(
    (op): [number, number] => [op, 1],
  ),
  ...[0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26].map((op): [number, number] => [op, 1]),
  [0x11, 2],
  [0x13, 2],
]);
const BULK_IMMEDIATES = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

function readInstruction(r: Reader): Instruction {
  const at = r.at;
  const op = r.u8();
  const lebs = (count: number, code = op): Instruction => {
    const immediate = count > 0 ? r.leb() : 0;
    const offset = count > 1 ? r.leb() : 0;
    return { at, op: code, immediate, offset };
  };
  if (op >= 0x28 && op <= 0x3e) return lebs(2); // loads and stores: alignment, offset
  if (op === 0x0e) {
    const targets = r.vector(() => r.leb());
    r.leb();
    return { at, op, immediate: targets.length, offset: 0 };
  }
  if (op === 0x1c) {
    r.vector(() => r.u8());
    return { at, op, immediate: 0, offset: 0 };
  }
  if (op === 0x43 || op === 0x44) {
    r.skip(op === 0x43 ? 4 : 8);
    return { at, op, immediate: 0, offset: 0 };
  }
  if (op === 0xfc || op === 0xfe) {
    const sub = r.leb();
    const code = (op << 8) | sub;
    if (op === 0xfc) return lebs(BULK_IMMEDIATES[sub] ?? Number.NaN, code);
    return lebs(sub === 0x03 ? 1 : 2, code);
  }
  if (op > 0xd2) throw new RangeError(`opcode 0x${op.toString(16)} at 0x${at.toString(16)}`);
  return lebs(PLAIN_IMMEDIATES.get(op) ?? 0);
}

function readBody(r: Reader): Instruction[] {
  const end = r.leb() + r.at;
  r.vector(() => [r.leb(), r.u8()]); // locals
  const code: Instruction[] = [];
  while (r.at < end) code.push(readInstruction(r));
  return code;
}

function readImport(r: Reader): WasmImport {
  const module = r.name();
  const name = r.name();
  const kind = r.u8();
  if (kind === KIND.function) r.leb();
  else if (kind === KIND.global) r.skip(2);
  else {
    if (kind === KIND.table) r.u8();
    r.limits();
  }
  return { module, name, kind };
}

function readGlobal(r: Reader): boolean {
  r.u8();
  const mutable = r.u8() === 1;
  while (readInstruction(r).op !== OP.end);
  return mutable;
}

/** Names of functions (subsection 1) and globals (7), by index. */
function readNames(r: Reader, end: number, names: Map<number, Map<number, string>>): void {
  while (r.at < end) {
    const id = r.u8();
    const next = r.leb() + r.at;
    if (id === 1 || id === 7) names.set(id, new Map(r.vector(() => [r.leb(), r.name()])));
    r.at = next;
  }
}

/** Reads a whole module. @throws RangeError for what it does not know */
export function readWasm(bytes: Uint8Array): WasmBinary {
  const r = new Reader(bytes, 8);
  const sections: number[] = [];
  const names = new Map<number, Map<number, string>>();
  let imports: WasmImport[] = [];
  let exports: WasmExport[] = [];
  let mutability: boolean[] = [];
  let bodies: Instruction[][] = [];
  while (r.at < bytes.length) {
    const id = r.u8();
    const end = r.leb() + r.at;
    sections.push(id);
    if (id === SECTION.custom && r.name() === "name") readNames(r, end, names);
    else if (id === SECTION.import) imports = r.vector(() => readImport(r));
    else if (id === SECTION.global) mutability = r.vector(() => readGlobal(r));
    else if (id === SECTION.code) bodies = r.vector(() => readBody(r));
    else if (id === SECTION.export) {
      exports = r.vector(() => ({ name: r.name(), kind: r.u8(), index: r.leb() }));
    }
    r.at = end;
  }
  const imported = imports.filter(({ kind }) => kind === KIND.function).length;
  const functions = bodies.map((code, i) => {
    const index = imported + i;
    return { index, name: names.get(1)?.get(index) ?? `function ${index}`, code };
  });
  const globals = mutability.map((mutable, i) => ({
    name: names.get(7)?.get(i) ?? `global ${i}`,
    mutable,
  }));
  return { sections, imports, exports, globals, functions };
}

/** The bodies of all loops of a function, outer ones before those inside them. */
export function loopsOf(code: readonly Instruction[]): Instruction[][] {
  const open: { from: number; loop: boolean }[] = [];
  const loops: { from: number; to: number }[] = [];
  for (const [i, { op }] of code.entries()) {
    if (op === OP.block || op === OP.loop || op === OP.if) {
      open.push({ from: i + 1, loop: op === OP.loop });
    } else if (op === OP.end) {
      const closed = open.pop();
      if (closed?.loop) loops.push({ from: closed.from, to: i });
    }
  }
  loops.sort((a, b) => a.from - b.from);
  return loops.map(({ from, to }) => code.slice(from, to));
}
