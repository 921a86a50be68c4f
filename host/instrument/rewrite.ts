// SPDX-License-Identifier: GPL-2.0-only
/** Writes a module back with code inserted into its functions. */
import { encodeS32, encodeU32, Reader } from "./leb.ts";
import { type FunctionBody, readInitialiser, type WasmModule } from "./wasm-binary.ts";

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;

const SECTION_GLOBAL = 6;
const SECTION_CODE = 10;
const HEADER_BYTES = 8;
const OP_END = 0x0b;
const OP_I32_CONST = 0x41;

/** What a pass does to one function. */
export class FunctionEdit {
  readonly body: FunctionBody;
  readonly #locals: number[] = [];
  readonly #named = new Map<string, number>();
  readonly #before = new Map<number, number[]>();

  constructor(body: FunctionBody) {
    this.body = body;
  }

  /** Index of a local of the value type `type`, made on first use; `role` tells several apart. */
  local(role: string, type: number): number {
    const key = `${role} ${type}`;
    let index = this.#named.get(key);
    if (index === undefined) {
      index = this.body.type.params + this.body.locals + this.#locals.length;
      this.#locals.push(type);
      this.#named.set(key, index);
    }
    return index;
  }

  /** Puts `code` before the instruction at module offset `at`, behind what was put there earlier. */
  insert(at: number, code: readonly number[]): void {
    const there = this.#before.get(at);
    if (there === undefined) this.#before.set(at, [...code]);
    else there.push(...code);
  }

  /** The new body, without its length. */
  encode(bytes: Uint8Array): number[] {
    const { start, code, end, localGroups } = this.body;
    const groups = new Reader(bytes, start);
    groups.u32();
    const out = encodeU32(localGroups + this.#locals.length);
    for (let at = groups.at; at < code; at++) out.push(bytes[at] ?? 0);
    for (const type of this.#locals) out.push(1, type);
    const points = [...this.#before.keys()].sort((a, b) => a - b);
    let from = code;
    for (const at of [...points, end]) {
      for (; from < at; from++) out.push(bytes[from] ?? 0);
      for (const byte of this.#before.get(at) ?? []) out.push(byte);
    }
    return out;
  }
}

export interface ModuleEdits {
  readonly functions: ReadonlyMap<number, FunctionEdit>;
  /** New initial values of i32 globals, by index. */
  readonly globals?: ReadonlyMap<number, number>;
  /** Names of custom sections to leave out. */
  readonly drop?: readonly string[];
}

function rewriteCode(module: WasmModule, edits: ModuleEdits): number[] {
  const out = encodeU32(module.bodies.length);
  for (const body of module.bodies) {
    const edit = edits.functions.get(body.index) ?? new FunctionEdit(body);
    const code = edit.encode(module.bytes);
    out.push(...encodeU32(code.length));
    for (const byte of code) out.push(byte);
  }
  return out;
}

function rewriteGlobals(
  module: WasmModule,
  start: number,
  values: ReadonlyMap<number, number>,
): number[] {
  const reader = new Reader(module.bytes, start);
  const count = reader.u32();
  const out = encodeU32(count);
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    reader.at += 2;
    readInitialiser(reader);
    const value = values.get(module.importedGlobals + i);
    if (value === undefined) {
      out.push(...module.bytes.subarray(at, reader.at));
      continue;
    }
    const [type = 0, mutable = 0] = module.bytes.subarray(at, at + 2);
    if (type !== I32) throw new Error(`wasm: global ${i} is not an i32`);
    out.push(type, mutable, OP_I32_CONST, ...encodeS32(value), OP_END);
  }
  return out;
}

/** The module with the edits made; every index means what it meant. */
export function rewriteModule(module: WasmModule, edits: ModuleEdits): Uint8Array<ArrayBuffer> {
  const { bytes } = module;
  const parts: Uint8Array[] = [bytes.subarray(0, HEADER_BYTES)];
  for (const section of module.sections) {
    if (section.name !== "" && edits.drop?.includes(section.name)) continue;
    let content: number[] | null = null;
    if (section.id === SECTION_CODE) content = rewriteCode(module, edits);
    else if (section.id === SECTION_GLOBAL && edits.globals !== undefined) {
      content = rewriteGlobals(module, section.start, edits.globals);
    }
    if (content === null) parts.push(bytes.subarray(section.at, section.end));
    else
      parts.push(Uint8Array.of(section.id, ...encodeU32(content.length)), Uint8Array.from(content));
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
