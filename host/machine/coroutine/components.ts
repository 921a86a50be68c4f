// SPDX-License-Identifier: GPL-2.0-only
/**
 * Parts of states, each kept once: the regions of threads, and pieces of memory. Most states differ from
 * one another in one thread and a piece or two, so a state is stored as the places of its parts here.
 *
 * Source: Holzmann, "State compression in SPIN: recursive indexing", 1997, for the idea.
 */

const FIRST_PLACES = 1 << 8;
const FIRST_WORDS = 1 << 12;
const PLACE_WORDS = 3;
const MOST_FULL = 0.6;
/** Of a shared buffer: what is left is far more than a few states take. */
const FULL = 0.95;
/** Words of an entry before what is kept: how many those are, and two lanes of their hash. */
export const KEPT = 3;

export class Components {
  /** Entries. Replaced by a longer one as need be. */
  words: Int32Array = new Int32Array(FIRST_WORDS);
  #shared: SharedArrayBuffer | null = null;
  #end = 0;
  #count = 0;
  #mask = FIRST_PLACES - 1;
  /** Two lanes, and the place of the entry plus 1; 0: free. */
  #table = new Int32Array(FIRST_PLACES * PLACE_WORDS);

  /** Keeps all in `buffer`, which can grow, from where others read it. Context: nothing is kept yet. */
  share(buffer: SharedArrayBuffer): void {
    this.#shared = buffer;
    this.words = viewOf(buffer);
  }

  /**
   * Keeps `count` words of `from`, at `start`, unless they are kept already.
   *
   * @param hash1, hash2 - two lanes of a hash of them
   * @returns where the entry is in `words`
   */
  keep(hash1: number, hash2: number, from: Int32Array, start: number, count: number): number {
    const table = this.#table;
    let place = (hash1 ^ (hash2 >>> 9)) & this.#mask;
    for (;;) {
      const at = place * PLACE_WORDS;
      const found = table[at + 2] as number;
      if (found === 0) break;
      if (table[at] === hash1 && table[at + 1] === hash2) {
        if (this.#holds(found - 1, from, start, count)) return found - 1;
      }
      place = (place + 1) & this.#mask;
    }
    const entry = this.#append(hash1, hash2, from, start, count);
    table.set([hash1, hash2, entry + 1], place * PLACE_WORDS);
    if (++this.#count > (this.#mask + 1) * MOST_FULL) this.#grow();
    return entry;
  }

  #holds(entry: number, from: Int32Array, start: number, count: number): boolean {
    const { words } = this;
    if (words[entry] !== count) return false;
    for (let i = 0; i < count; i++) {
      if (words[entry + KEPT + i] !== from[start + i]) return false;
    }
    return true;
  }

  #append(hash1: number, hash2: number, from: Int32Array, start: number, count: number): number {
    const entry = this.#end;
    const end = entry + KEPT + count;
    if (end > this.words.length) this.#lengthen(end);
    const { words } = this;
    words[entry] = count;
    words[entry + 1] = hash1;
    words[entry + 2] = hash2;
    for (let i = 0; i < count; i++) words[entry + KEPT + i] = from[start + i] as number;
    this.#end = end;
    return entry;
  }

  /** Makes room for `least` words at the least. @throws RangeError */
  #lengthen(least: number): void {
    const count = Math.max(least, this.words.length * 2);
    const buffer = this.#shared;
    if (buffer === null) {
      const longer = new Int32Array(count);
      longer.set(this.words);
      this.words = longer;
    } else {
      const most = buffer.maxByteLength;
      if (4 * least > most)
        throw new RangeError(`no memory for parts of states beyond ${most} bytes`);
      buffer.grow(Math.min(4 * count, most));
      this.words = viewOf(buffer);
    }
  }

  /** Whether the buffer that others read it from has hardly any room left, and cannot grow. */
  get isFull(): boolean {
    const buffer = this.#shared;
    return buffer !== null && 4 * this.#end > buffer.maxByteLength * FULL;
  }

  #grow(): void {
    const old = this.#table;
    const places = (this.#mask + 1) * 2;
    const table = new Int32Array(places * PLACE_WORDS);
    this.#table = table;
    this.#mask = places - 1;
    for (let from = 0; from < old.length; from += PLACE_WORDS) {
      if (old[from + 2] === 0) continue;
      const [hash1, hash2] = [old[from] as number, old[from + 1] as number];
      let place = (hash1 ^ (hash2 >>> 9)) & this.#mask;
      while (table[place * PLACE_WORDS + 2] !== 0) place = (place + 1) & this.#mask;
      table.set([hash1, hash2, old[from + 2] as number], place * PLACE_WORDS);
    }
  }

  /** Memory that this takes now. */
  get bytes(): number {
    return this.words.byteLength + this.#table.byteLength;
  }
}

/** Of as much as there is now: a view that grows with its buffer is slow. */
export function viewOf(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, buffer.byteLength >>> 2);
}
