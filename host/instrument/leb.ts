// SPDX-License-Identifier: GPL-2.0-only
/** The integers and strings of the binary format, read and written. */

/** Reads the format's integers and strings from `at` on. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error(`wasm: ends inside an item at ${this.at - 1}`);
    return value;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const part = this.byte();
      value += (part & 0x7f) * 2 ** shift;
      if (part < 0x80) return value;
    }
    throw new Error(`wasm: an integer is too long at ${this.at}`);
  }

  /** Signed LEB128 of at most 32 bits. */
  s32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const part = this.byte();
      value |= (part & 0x7f) << shift;
      if (part < 0x80) return shift < 25 && part & 0x40 ? value | (-1 << (shift + 7)) : value;
    }
    throw new Error(`wasm: an integer is too long at ${this.at}`);
  }

  /** Steps over a LEB128 of any width. */
  skipLeb(): void {
    while (this.byte() >= 0x80);
  }

  name(): string {
    const length = this.u32();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }
}

/** Unsigned LEB128 of a 32-bit value. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128 of a 32-bit value, given as signed or unsigned. */
export function encodeS32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const part = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (part & 0x40) === 0) || (rest === -1 && (part & 0x40) !== 0);
    bytes.push(last ? part : part | 0x80);
    if (last) return bytes;
  }
}

/** Bytes that grow. */
export class Writer {
  #bytes = new Uint8Array(1 << 12);
  length = 0;

  #reserve(n: number): void {
    if (this.length + n <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.length + n, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** As encodeU32() has it. */
  u32(value: number): void {
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** As encodeS32() has it. */
  s32(value: number): void {
    let rest = value | 0;
    for (; rest < -0x40 || rest > 0x3f; rest >>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest & 0x7f);
  }

  /** What was appended; void at the next append(). */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}
