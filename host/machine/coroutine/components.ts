// SPDX-License-Identifier: GPL-2.0-only
/**
 * Regions of threads, each kept once: most states differ from one another in one thread alone, so a state
 * is saved as the places of its threads' regions here.
 *
 * Regions are told apart by the two lanes of their hash, as states are.
 *
 * Source: Holzmann, "State compression in SPIN: recursive indexing", 1997, for the idea.
 */

const FIRST_PLACES = 1 << 10;
const FIRST_WORDS = 1 << 14;
const PLACE_WORDS = 3;
const MOST_FULL = 0.6;

export class Components {
  /** Entries: count of words, two lanes of the hash, the words. Replaced by a longer one as need be. */
  words = new Int32Array(FIRST_WORDS);
  #end = 0;
  #count = 0;
  #mask = FIRST_PLACES - 1;
  /** Two lanes, and the place of the entry plus 1; 0: free. */
  #table = new Int32Array(FIRST_PLACES * PLACE_WORDS);

  /**
   * Keeps `count` words of `from`, at `start`, unless they are kept already.
   *
   * @returns where the entry is in `words`
   */
  keep(hash1: number, hash2: number, from: Int32Array, start: number, count: number): number {
    const table = this.#table;
    let place = (hash1 ^ (hash2 >>> 9)) & this.#mask;
    for (;;) {
      const at = place * PLACE_WORDS;
      const found = table[at + 2] as number;
      if (found === 0) break;
      if (table[at] === hash1 && table[at + 1] === hash2) return found - 1;
      place = (place + 1) & this.#mask;
    }
    const entry = this.#append(hash1, hash2, from, start, count);
    table.set([hash1, hash2, entry + 1], place * PLACE_WORDS);
    if (++this.#count > (this.#mask + 1) * MOST_FULL) this.#grow();
    return entry;
  }

  #append(hash1: number, hash2: number, from: Int32Array, start: number, count: number): number {
    const entry = this.#end;
    const end = entry + 3 + count;
    if (end > this.words.length) {
      const larger = new Int32Array(Math.max(end, this.words.length * 2));
      larger.set(this.words);
      this.words = larger;
    }
    const { words } = this;
    words[entry] = count;
    words[entry + 1] = hash1;
    words[entry + 2] = hash2;
    for (let i = 0; i < count; i++) words[entry + 3 + i] = from[start + i] as number;
    this.#end = end;
    return entry;
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

  /** Forgets all. */
  clear(): void {
    this.#end = 0;
    this.#count = 0;
    this.#table.fill(0);
  }

  /** Memory that this takes now. */
  get bytes(): number {
    return this.words.byteLength + this.#table.byteLength;
  }
}
