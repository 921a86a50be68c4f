// SPDX-License-Identifier: GPL-2.0-only
/** Writes a module from its sections. */
import { encodeU32, Writer } from "./leb.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Sections in the order in which they are given. */
export class ModuleWriter {
  readonly #out = new Writer();
  readonly #types: string[] = [];

  constructor() {
    this.#out.append(HEADER);
  }

  /** Index of a function type, which is added if need be. */
  type(params: readonly number[], results: readonly number[]): number {
    const bytes = [0x60, ...encodeU32(params.length), ...params];
    const key = [...bytes, ...encodeU32(results.length), ...results].join(" ");
    const known = this.#types.indexOf(key);
    return known >= 0 ? known : this.#types.push(key) - 1;
  }

  /** The content of the type section, once all types are known. */
  types(): number[] {
    return [
      ...encodeU32(this.#types.length),
      ...this.#types.flatMap((key) => key.split(" ").map(Number)),
    ];
  }

  section(id: number, content: ArrayLike<number>): void {
    this.#out.append([id, ...encodeU32(content.length)]);
    this.#out.append(content);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.written.slice();
  }
}

/** A string of the format. */
export function nameBytes(name: string): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [...encodeU32(bytes.length), ...bytes];
}
