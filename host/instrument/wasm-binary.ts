// SPDX-License-Identifier: GPL-2.0-only
/**
 * A WebAssembly module as its sections: what a pass needs to find functions by name and to put code
 * into their bodies. Indices never change: a pass adds locals and instructions, nothing else.
 *
 * Source: the WebAssembly core specification 2.0, chapter 5, and its appendix on the name section.
 */

import { Reader } from "./leb.ts";

const SECTION_CUSTOM = 0;
const SECTION_TYPE = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_GLOBAL = 6;
const SECTION_EXPORT = 7;
const SECTION_CODE = 10;
const NAMES_FUNCTION = 1;
const NAMES_GLOBAL = 7;
const HEADER_BYTES = 8;
const OP_END = 0x0b;
const OP_I32_CONST = 0x41;
const OP_F32_CONST = 0x43;
const OP_F64_CONST = 0x44;

const EXTERNAL_FUNCTION = 0;
const EXTERNAL_TABLE = 1;
const EXTERNAL_MEMORY = 2;
const EXTERNAL_GLOBAL = 3;

/**
 * Steps over a constant expression, `end` included.
 *
 * @returns the value of an i32.const, null for any other
 */
export function readInitialiser(reader: Reader): number | null {
  const opcode = reader.byte();
  let value: number | null = null;
  if (opcode === OP_I32_CONST) value = reader.s32();
  else if (opcode === OP_F32_CONST) reader.at += 4;
  else if (opcode === OP_F64_CONST) reader.at += 8;
  else reader.skipLeb(); // i64.const, global.get
  if (reader.byte() !== OP_END) throw new Error("wasm: a global's initialiser has an unknown form");
  return value;
}

export interface FunctionType {
  readonly params: number;
  readonly results: number;
  /** Bytes of the value types: see rewrite.ts. */
  readonly paramTypes: readonly number[];
  readonly resultTypes: readonly number[];
}

const NO_TYPE: FunctionType = { params: 0, results: 0, paramTypes: [], resultTypes: [] };

export interface FunctionBody {
  readonly index: number;
  /** As asc names it, `assembly/mm/slab/kmalloc`; empty when the module names none. */
  readonly name: string;
  readonly type: FunctionType;
  /** Offset of the local declarations in the module. */
  readonly start: number;
  /** Offset of the first instruction. */
  readonly code: number;
  /** Behind the closing `end`. */
  readonly end: number;
  /** Declared locals, without the parameters. */
  readonly locals: number;
  /** Their value types, one each. */
  readonly localTypes: readonly number[];
  readonly localGroups: number;
}

interface Section {
  readonly id: number;
  /** Of the section's id byte. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** Custom sections only. */
  readonly name: string;
}

export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly importedFunctions: number;
  readonly importedGlobals: number;
  /** By function index. */
  readonly typeOf: readonly FunctionType[];
  readonly functionNames: ReadonlyMap<number, string>;
  readonly globalNames: ReadonlyMap<number, string>;
  /** Value types of the globals, imported ones left out: by index less importedGlobals. */
  readonly globalTypes: readonly number[];
  /** Initial values of the i32 globals that begin as a constant, by index; unsigned. */
  readonly globalValues: ReadonlyMap<number, number>;
  /** Exported name to its kind and index. */
  readonly exports: ReadonlyMap<string, { kind: number; index: number }>;
  readonly bodies: readonly FunctionBody[];
}

function readSections(bytes: Uint8Array): Section[] {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (magic.some((byte, i) => bytes[i] !== byte)) throw new Error("wasm: not a version 1 module");
  const reader = new Reader(bytes, HEADER_BYTES);
  const sections: Section[] = [];
  while (reader.at < bytes.length) {
    const at = reader.at;
    const id = reader.byte();
    const length = reader.u32();
    const start = reader.at;
    const name = id === SECTION_CUSTOM ? reader.name() : "";
    reader.at = start + length;
    sections.push({ id, at, start, end: reader.at, name });
  }
  return sections;
}

function readTypes(reader: Reader): FunctionType[] {
  return Array.from({ length: reader.u32() }, () => {
    if (reader.byte() !== 0x60) throw new Error(`wasm: not a function type at ${reader.at - 1}`);
    const paramTypes = Array.from({ length: reader.u32() }, () => reader.byte());
    const resultTypes = Array.from({ length: reader.u32() }, () => reader.byte());
    return { params: paramTypes.length, results: resultTypes.length, paramTypes, resultTypes };
  });
}

function skipLimits(reader: Reader): void {
  const flags = reader.byte();
  reader.u32();
  if ((flags & 1) !== 0) reader.u32();
}

/** Type indices and names of the imported functions, and how many globals are imported. */
function readImports(reader: Reader) {
  const functions: number[] = [];
  const names: string[] = [];
  let globals = 0;
  for (let left = reader.u32(); left > 0; left--) {
    reader.name();
    const name = reader.name();
    const kind = reader.byte();
    if (kind === EXTERNAL_FUNCTION) {
      functions.push(reader.u32());
      names.push(name);
    } else if (kind === EXTERNAL_TABLE) {
      reader.byte();
      skipLimits(reader);
    } else if (kind === EXTERNAL_MEMORY) skipLimits(reader);
    else {
      reader.at += 2;
      globals += 1;
    }
  }
  return { functions, names, globals };
}

function readGlobals(reader: Reader, imported: number) {
  const globalValues = new Map<number, number>();
  const globalTypes: number[] = [];
  const count = reader.u32();
  for (let i = 0; i < count; i++) {
    globalTypes.push(reader.byte());
    reader.byte();
    const value = readInitialiser(reader);
    if (value !== null) globalValues.set(imported + i, value >>> 0);
  }
  return { globalTypes, globalValues };
}

/** One subsection of the name section: index to name. */
function readNames(bytes: Uint8Array, section: Section | undefined, wanted: number) {
  const names = new Map<number, string>();
  if (section === undefined) return names;
  const reader = new Reader(bytes, section.start);
  reader.name();
  while (reader.at < section.end) {
    const id = reader.byte();
    const end = reader.u32() + reader.at;
    if (id === wanted) {
      for (let left = reader.u32(); left > 0; left--) names.set(reader.u32(), reader.name());
    }
    reader.at = end;
  }
  return names;
}

function readExports(reader: Reader): Map<string, { kind: number; index: number }> {
  const exports = new Map<string, { kind: number; index: number }>();
  for (let left = reader.u32(); left > 0; left--) {
    const name = reader.name();
    exports.set(name, { kind: reader.byte(), index: reader.u32() });
  }
  return exports;
}

/** Reads what a pass needs. @throws Error when it is not a module that asc would make */
export function parseModule(bytes: Uint8Array): WasmModule {
  const sections = readSections(bytes);
  const at = (id: number) => {
    const section = sections.find((s) => s.id === id);
    return section === undefined ? new Reader(Uint8Array.of(0)) : new Reader(bytes, section.start);
  };
  const types = readTypes(at(SECTION_TYPE));
  const typeAt = (index: number): FunctionType => {
    const type = types[index];
    if (type === undefined) throw new Error(`wasm: there is no type ${index}`);
    return type;
  };
  const imports = readImports(at(SECTION_IMPORT));
  const declared = at(SECTION_FUNCTION);
  const own = Array.from({ length: declared.u32() }, () => declared.u32());
  const typeOf = [...imports.functions, ...own].map(typeAt);
  const nameSection = sections.find((s) => s.name === "name");
  const functionNames = readNames(bytes, nameSection, NAMES_FUNCTION);
  for (const [index, name] of imports.names.entries()) functionNames.set(index, name);

  const reader = at(SECTION_CODE);
  const bodies = Array.from({ length: reader.u32() }, (_, i): FunctionBody => {
    const index = imports.functions.length + i;
    const end = reader.u32() + reader.at;
    const start = reader.at;
    const localGroups = reader.u32();
    const localTypes: number[] = [];
    for (let group = 0; group < localGroups; group++) {
      const n = reader.u32();
      const type = reader.byte();
      for (let local = 0; local < n; local++) localTypes.push(type);
    }
    const code = reader.at;
    reader.at = end;
    const name = functionNames.get(index) ?? "";
    const type = typeOf[index] ?? NO_TYPE;
    const locals = localTypes.length;
    return { index, name, type, start, code, end, locals, localTypes, localGroups };
  });
  return {
    bytes,
    sections,
    types,
    importedFunctions: imports.functions.length,
    importedGlobals: imports.globals,
    typeOf,
    functionNames,
    globalNames: readNames(bytes, nameSection, NAMES_GLOBAL),
    ...readGlobals(at(SECTION_GLOBAL), imports.globals),
    exports: readExports(at(SECTION_EXPORT)),
    bodies,
  };
}

/** Index of the function that the module exports as `name`. @throws Error when there is none */
export function exportedFunction(module: WasmModule, name: string): number {
  const found = module.exports.get(name);
  if (found?.kind !== EXTERNAL_FUNCTION) throw new Error(`wasm: no function ${name} is exported`);
  return found.index;
}

/** Value of the constant that the module exports as `name`. @throws Error when there is none */
export function exportedConstant(module: WasmModule, name: string): number {
  const found = module.exports.get(name);
  const value = found?.kind === EXTERNAL_GLOBAL ? module.globalValues.get(found.index) : undefined;
  if (value === undefined) throw new Error(`wasm: no constant ${name} is exported`);
  return value;
}

/** Index of the global that is called `.../name` in its source. @throws Error when there is none */
export function globalNamed(module: WasmModule, name: string): number {
  for (const [index, full] of module.globalNames) if (full.endsWith(`/${name}`)) return index;
  throw new Error(`wasm: there is no global ${name}`);
}
