// SPDX-License-Identifier: GPL-2.0-only
/**
 * The instructions that touch memory, by opcode (prefix << 8 | number for a prefixed one).
 *
 * Source: the WebAssembly core specification 2.0, chapter 5.4.6, and the threads proposal.
 */

export const AccessKind = {
  load: "load",
  store: "store",
  atomicLoad: "atomic load",
  atomicStore: "atomic store",
  rmw: "read-modify-write",
  cmpxchg: "compare-exchange",
  wait: "wait",
  /** Touches no memory: the address only names a queue. */
  notify: "notify",
  copy: "copy",
  fill: "fill",
} as const;
export type AccessKind = (typeof AccessKind)[keyof typeof AccessKind];

export interface Access {
  readonly kind: AccessKind;
  /** As in the text format: `i32.atomic.rmw.add`. */
  readonly mnemonic: string;
  /** 0 for a range. */
  readonly bytes: number;
  /** Constant added to the address. */
  readonly offset: number;
  /** Whether its alignment hint is lower than its size: how WRITE_ONCE is told from a plain store. */
  readonly marked: boolean;
  /** Whether the operands above the address are i64, f32 or f64; else i32. One a letter: "i", "I", "f", "F". */
  readonly operands: string;
}

const LOADS = [
  "i32.load 4",
  "i64.load 8",
  "f32.load 4",
  "f64.load 8",
  "i32.load8_s 1",
  "i32.load8_u 1",
  "i32.load16_s 2",
  "i32.load16_u 2",
  "i64.load8_s 1",
  "i64.load8_u 1",
  "i64.load16_s 2",
  "i64.load16_u 2",
  "i64.load32_s 4",
  "i64.load32_u 4",
];
const STORES = [
  "i32.store 4 i",
  "i64.store 8 I",
  "f32.store 4 f",
  "f64.store 8 F",
  "i32.store8 1 i",
  "i32.store16 2 i",
  "i64.store8 1 I",
  "i64.store16 2 I",
  "i64.store32 4 I",
];
/** The widths of each group of atomics, in the order of their opcodes. */
const ATOMIC_WIDTHS = ["i32 4", "i64 8", "i32 1 8", "i32 2 16", "i64 1 8", "i64 2 16", "i64 4 32"];
const RMW = ["add", "sub", "and", "or", "xor", "xchg"];
const LETTERS: Readonly<Record<string, string>> = { i32: "i", i64: "I" };

/** An access but for what its immediates say. */
export type AccessForm = Omit<Access, "offset" | "marked">;

function atomicForms(): Map<number, AccessForm> {
  const forms = new Map<number, AccessForm>([
    [0xfe00, { kind: "notify", mnemonic: "memory.atomic.notify", bytes: 4, operands: "i" }],
    [0xfe01, { kind: "wait", mnemonic: "memory.atomic.wait32", bytes: 4, operands: "iI" }],
    [0xfe02, { kind: "wait", mnemonic: "memory.atomic.wait64", bytes: 8, operands: "II" }],
  ]);
  for (const [i, width] of ATOMIC_WIDTHS.entries()) {
    const [type = "", size, narrow = ""] = width.split(" ");
    const letter = LETTERS[type] ?? "";
    const bytes = Number(size);
    const unsigned = narrow === "" ? "" : "_u";
    const add = (opcode: number, kind: AccessKind, mnemonic: string, operands: string) =>
      forms.set(opcode + i, { kind, mnemonic: `${type}.atomic.${mnemonic}`, bytes, operands });
    add(0xfe10, "atomic load", `load${narrow}${unsigned}`, "");
    add(0xfe17, "atomic store", `store${narrow}`, letter);
    for (const [group, name] of RMW.entries()) {
      add(0xfe1e + 7 * group, "read-modify-write", `rmw${narrow}.${name}${unsigned}`, letter);
    }
    add(0xfe48, "compare-exchange", `rmw${narrow}.cmpxchg${unsigned}`, letter + letter);
  }
  return forms;
}

function plainForms(): Map<number, AccessForm> {
  const forms = new Map<number, AccessForm>();
  for (const [i, text] of LOADS.entries()) {
    const [mnemonic = "", bytes] = text.split(" ");
    forms.set(0x28 + i, { kind: "load", mnemonic, bytes: Number(bytes), operands: "" });
  }
  for (const [i, text] of STORES.entries()) {
    const [mnemonic = "", bytes, operands = ""] = text.split(" ");
    forms.set(0x36 + i, { kind: "store", mnemonic, bytes: Number(bytes), operands });
  }
  return forms;
}

/** Instructions with one address and a size. */
export const SCALARS: ReadonlyMap<number, AccessForm> = new Map([
  ...plainForms(),
  ...atomicForms(),
]);
/** Instructions on a range. */
export const RANGES: ReadonlyMap<number, AccessForm> = new Map([
  [0xfc0a, { kind: "copy", mnemonic: "memory.copy", bytes: 0, operands: "ii" }],
  [0xfc0b, { kind: "fill", mnemonic: "memory.fill", bytes: 0, operands: "ii" }],
]);
