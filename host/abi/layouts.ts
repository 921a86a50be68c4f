// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the fields of the kernel's structures lie. The module exports the offsets that the host works
 * with; all others, which only a drawing needs, are computed here from the classes in the sources, as
 * asc computes them: in the order given, each aligned to its own size, without padding at the end.
 */
import { MachineError } from "../errors.ts";

export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly signed: boolean;
}

export interface Layout {
  /** Name of the class, as in "rw_semaphore". */
  readonly name: string;
  /** offsetof<T>(): the end of the last field. */
  readonly bytes: number;
  readonly fields: readonly Field[];
}

/** By the name of the class. */
export type Layouts = ReadonlyMap<string, Layout>;

interface Declaration {
  readonly name: string;
  readonly base: string | undefined;
  readonly body: string;
}

/** What is behind a formatted file's "@unmanaged", up to the brace that closes the class. */
const CLASS =
  /^@unmanaged\n(?:@final\n)?(?:export )?(?:abstract )?class (\w+)(?:<[^{\n]*>)?(?: extends (\w+))? \{\n(.*?)^\}/gms;
const FIELD = /^ {2}(\w+): (\w+);/gm;

const BYTES: Readonly<Record<string, number>> = {
  ...{ bool: 1, u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, usize: 4, isize: 4 },
  ...{ f32: 4, u64: 8, i64: 8, f64: 8 },
};

/**
 * @param sources - path and text, as kernelSources() gives them; only those of assembly/ are looked at
 * @returns a layout of every @unmanaged class that has fields
 * @throws MachineError for a field of a type without a size, and for two such classes of one name
 */
export function parseLayouts(
  sources: Iterable<readonly [path: string, text: string]>,
): Map<string, Layout> {
  const declared = new Map<string, Declaration>();
  for (const [path, text] of sources) {
    if (!path.startsWith("assembly/")) continue;
    for (const [, name = "", base, body = ""] of text.matchAll(CLASS)) {
      if (base === undefined && fieldsIn(body).length === 0) continue;
      if (declared.has(name)) throw new MachineError(`${path}: there is another class ${name}`);
      declared.set(name, { name, base, body });
    }
  }
  const layouts = new Map<string, Layout>();
  for (const declaration of declared.values()) {
    layouts.set(declaration.name, layOutClass(declaration, declared));
  }
  return layouts;
}

function fieldsIn(body: string): [name: string, type: string][] {
  return [...body.matchAll(FIELD)].map(([, name = "", type = ""]) => [name, type]);
}

/** The fields of the class that it extends come first. */
function layOutClass(
  { name, base, body }: Declaration,
  declared: ReadonlyMap<string, Declaration>,
): Layout {
  const parent = base === undefined ? undefined : declared.get(base);
  const inherited = parent ? layOutClass(parent, declared) : { fields: [], bytes: 0 };
  const fields: Field[] = [...inherited.fields];
  let end = inherited.bytes;
  for (const [field, type] of fieldsIn(body)) {
    const bytes = BYTES[type];
    if (bytes === undefined) throw new MachineError(`${name}.${field}: of what size is ${type}?`);
    const offset = Math.ceil(end / bytes) * bytes;
    fields.push({ name: field, offset, bytes, signed: /^i/.test(type) });
    end = offset + bytes;
  }
  return { name, bytes: end, fields };
}

/** The field that has the byte at `offset`; null in a gap and behind the end. */
export function fieldAt(layout: Layout, offset: number): Field | null {
  const has = (field: Field) => offset >= field.offset && offset < field.offset + field.bytes;
  return layout.fields.find(has) ?? null;
}

/** Every field's value, by name. A 64-bit one is rounded when it is beyond 2^53. */
export function readFields(view: DataView, base: number, layout: Layout): Record<string, number> {
  return Object.fromEntries(
    layout.fields.map((field) => [field.name, readField(view, base + field.offset, field)]),
  );
}

function readField(view: DataView, at: number, { bytes, signed }: Field): number {
  if (bytes === 8) return Number(view.getBigUint64(at, true));
  if (bytes === 4) return signed ? view.getInt32(at, true) : view.getUint32(at, true);
  if (bytes === 2) return signed ? view.getInt16(at, true) : view.getUint16(at, true);
  return signed ? view.getInt8(at) : view.getUint8(at);
}
