// SPDX-License-Identifier: GPL-2.0-only
/**
 * What runs have found out about the words of memory. Machines of several threads of the host may share
 * it: then a word is contended also when one machine saw one thread at it, and another machine the other.
 *
 * What is found is found once, so that all but looking goes through atomics, shared or not.
 */

/** What is known of a word. */
export const WORD = {
  /** No part of the state. */
  ignored: 1,
  /** Two threads access it, one of them writing. */
  contended: 2,
  heap: 4,
  /** Some run has written it. */
  written: 8,
  /** Of a replay: threads stop before it, also before a store that waits, which others do not notice. */
  stop: 16,
} as const;

const COUNTERS = 16; // words: a line of their own
const CONTENTIONS = 0;
const NR_KNOWN = 1;
const LOCK = 2;
const LOCK_WAIT_MS = 1;

export class Knowledge {
  readonly flags: Uint8Array;
  /** Threads that have read, and written, a word: a bit each. */
  readonly readers: Uint8Array;
  readonly writers: Uint8Array;
  /** Words that some run has written, in the order in which that was found. */
  readonly known: Int32Array;
  readonly #counters: Int32Array;
  readonly #words: number;
  readonly #bytes: Uint8Array;

  /** @param buffer - of another Knowledge of as many words, to share it */
  constructor(words: number, buffer?: ArrayBufferLike) {
    const head = 4 * COUNTERS;
    const all = buffer ?? new ArrayBuffer(head + 7 * words);
    this.#words = words;
    this.#bytes = new Uint8Array(all);
    this.#counters = new Int32Array(all, 0, COUNTERS);
    this.known = new Int32Array(all, head, words);
    this.flags = new Uint8Array(all, head + 4 * words, words);
    this.readers = new Uint8Array(all, head + 5 * words, words);
    this.writers = new Uint8Array(all, head + 6 * words, words);
  }

  /** A copy in memory that threads of the host can share. */
  toShared(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(this.#bytes.length);
    new Uint8Array(buffer).set(this.#bytes);
    return buffer;
  }

  /** Grows whenever a word is found to be contended. Plain: whoever finds one sees at once that it has grown. */
  get contentions(): number {
    return this.#counters[CONTENTIONS] as number;
  }

  set contentions(count: number) {
    Atomics.store(this.#counters, CONTENTIONS, count);
  }

  /** Makes a word known as contended. @returns whether that is new */
  contend(word: number): boolean {
    if ((Atomics.or(this.flags, word, WORD.contended) & WORD.contended) !== 0) return false;
    Atomics.add(this.#counters, CONTENTIONS, 1);
    return true;
  }

  /** Lets threads stop before each access to the word. @returns whether that is new; counts as one more then */
  stopAt(word: number): boolean {
    if ((Atomics.or(this.flags, word, WORD.stop) & WORD.stop) !== 0) return false;
    Atomics.add(this.#counters, CONTENTIONS, 1);
    return true;
  }

  /** All contended words. */
  contended(): number[] {
    const found: number[] = [];
    for (let word = 0; word < this.#words; word++) {
      if (((this.flags[word] as number) & WORD.contended) !== 0) found.push(word);
    }
    return found;
  }

  /**
   * Notes the first access of a kind that thread `bit` makes.
   *
   * @param masks - readers or writers
   * @returns whether the word is contended
   */
  noteFirst(word: number, bit: number, masks: Uint8Array): boolean {
    Atomics.or(masks, word, bit);
    if ((Atomics.load(this.flags, word) & WORD.contended) !== 0) return true;
    const writers = Atomics.load(this.writers, word);
    const all = writers | Atomics.load(this.readers, word);
    if (writers === 0 || (all & (all - 1)) === 0) return false;
    this.contend(word);
    return true;
  }

  /** Forgets what was written. Context: nobody else looks. */
  forgetWritten(): void {
    const known = this.known.subarray(0, this.#counters[NR_KNOWN]);
    for (const word of known) (this.flags[word] as number) &= ~WORD.written;
    this.#counters[NR_KNOWN] = 0;
  }

  /** Adds a word to those that are known to be written. @returns how many those are, it among them */
  addWritten(word: number): number {
    const counters = this.#counters;
    while (Atomics.compareExchange(counters, LOCK, 0, 1) !== 0) {
      Atomics.wait(counters as Int32Array<SharedArrayBuffer>, LOCK, 1, LOCK_WAIT_MS);
    }
    let count = counters[NR_KNOWN] as number;
    if ((Atomics.or(this.flags, word, WORD.written) & WORD.written) === 0) {
      this.known[count++] = word;
      counters[NR_KNOWN] = count;
    }
    Atomics.store(counters, LOCK, 0);
    return count;
  }
}
