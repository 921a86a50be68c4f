// SPDX-License-Identifier: GPL-2.0-only
/** Writes a module back with code inserted into its functions. */
import { encodeS32, encodeU32, Reader, Writer } from "./leb.ts";
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

  /** Appends the new body, without its length; returns where the old one's stretches stand in `out`. */
  encode(bytes: Uint8Array, out: Writer): Stretch[] {
    const { start, code, end, localGroups } = this.body;
    const groups = new Reader(bytes, start);
    groups.u32();
    out.append(encodeU32(localGroups + this.#locals.length));
    out.append(bytes.subarray(groups.at, code));
    out.append(this.#locals.flatMap((type) => [1, type]));
    const stretches: Stretch[] = [];
    let from = code;
    for (const at of [...this.#before.keys()].sort((a, b) => a - b)) {
      stretches.push({ to: out.length, from });
      out.append(bytes.subarray(from, at));
      out.append(this.#before.get(at) ?? []);
      from = at;
    }
    stretches.push({ to: out.length, from });
    out.append(bytes.subarray(from, end));
    return stretches;
  }
}

/** Code that was at offset `from` on is now at offset `to` on, up to where inserted code begins. */
interface Stretch {
  readonly to: number;
  readonly from: number;
}

export interface Rewritten {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Offset in the old module of the code at `offset` in the new one; of inserted code, what it is before. */
  origin(offset: number): number;
}

export interface ModuleEdits {
  readonly functions: ReadonlyMap<number, FunctionEdit>;
  /** New initial values of i32 globals, by index. */
  readonly globals?: ReadonlyMap<number, number>;
  /** Names of custom sections to leave out. */
  readonly drop?: readonly string[];
}

/** The content of the new code section, and where the old one's stretches stand in it. */
function rewriteCode(module: WasmModule, edits: ModuleEdits) {
  const content = new Writer();
  const stretches: Stretch[] = [];
  content.append(encodeU32(module.bodies.length));
  for (const old of module.bodies) {
    const edit = edits.functions.get(old.index) ?? new FunctionEdit(old);
    const body = new Writer();
    const own = edit.encode(module.bytes, body);
    content.append(encodeU32(body.length));
    for (const { to, from } of own) stretches.push({ to: to + content.length, from });
    content.append(body.written);
  }
  return { content: content.written, stretches };
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

function originIn(stretches: readonly Stretch[], offset: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stretches[middle]?.to ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const { to, from } = stretches[low - 1] ?? { to: 0, from: 0 };
  return Math.min(from + offset - to, stretches[low]?.from ?? Number.MAX_SAFE_INTEGER);
}

/** The module with the edits made; every index means what it meant. */
export function rewriteModule(module: WasmModule, edits: ModuleEdits): Rewritten {
  const { bytes } = module;
  const out = new Writer();
  const stretches: Stretch[] = [];
  out.append(bytes.subarray(0, HEADER_BYTES));
  for (const section of module.sections) {
    if (section.name !== "" && edits.drop?.includes(section.name)) continue;
    let content: ArrayLike<number> | null = null;
    if (section.id === SECTION_CODE) {
      const code = rewriteCode(module, edits);
      content = code.content;
      const start = out.length + 1 + encodeU32(content.length).length;
      for (const { to, from } of code.stretches) stretches.push({ to: to + start, from });
    } else if (section.id === SECTION_GLOBAL && edits.globals !== undefined) {
      content = rewriteGlobals(module, section.start, edits.globals);
    }
    if (content === null) {
      out.append(bytes.subarray(section.at, section.end));
    } else {
      out.append([section.id, ...encodeU32(content.length)]);
      out.append(content);
    }
  }
  return { wasm: out.written.slice(), origin: (offset) => originIn(stretches, offset) };
}
