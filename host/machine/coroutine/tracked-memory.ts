// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory whose changes are known: what a step wrote can be taken back, and a hash of all that any run
 * has written is kept up by what changes.
 *
 * The hash of a memory is the sum, over its words, of a hash of address and value, less the same sum for
 * the memory at the start: so a word that has not changed counts nothing, known or not.
 */
import { Knowledge, WORD } from "./knowledge.ts";

const LOG_WORDS = 1 << 16;
/** Steps count in twos: what comes before the first is not logged, for its stamps are those of all words. */
const SET_UP = -1;
const LAST_STEP = 2 ** 31 - 3;

/** Two independent hashes of a word at an address, each a good mix of all bits. */
export function mix1(word: number, value: number): number {
  let x = Math.imul(value ^ Math.imul(word, 0x9e3779b1), 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x ^ word, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

export function mix2(word: number, value: number): number {
  let x = Math.imul(value ^ Math.imul(word, 0x7feb352d), 0x846ca68b);
  x ^= x >>> 15;
  x = Math.imul(x ^ (word << 7), 0x2c1b3c6d);
  return x ^ (x >>> 14);
}

/** Words that a step accessed, and what each held before. */
class AccessLog {
  readonly words = new Int32Array(LOG_WORDS);
  readonly values = new Int32Array(LOG_WORDS);
  length = 0;

  add(word: number, value: number): void {
    const n = this.length++;
    if (n >= LOG_WORDS) throw new Error("[harness bug] a step accesses more than its log holds");
    this.words[n] = word;
    this.values[n] = value;
  }
}

export class TrackedMemory {
  readonly words: Int32Array;
  knowledge: Knowledge;
  /** As of `knowledge`, which is looked at all the time. */
  flags: Uint8Array;
  readers: Uint8Array;
  writers: Uint8Array;
  hash1 = 0;
  hash2 = 0;
  /** Of the step: the words that it has written; and those that it has read, and not written before that. */
  readonly writes = new AccessLog();
  readonly reads = new AccessLog();
  /** The words that are known to be written; of the first `nrKnown` this machine has taken note. */
  known: Int32Array;
  nrKnown = 0;
  /** By word: its place among those, from 1 on; 0: it is not. */
  readonly places: Int32Array;
  readonly start: Int32Array;
  /** Whether a step was begun behind one that had written, so that undo() goes elsewhere than before. */
  strayed = false;
  /** By word: `#step` of the last step that accessed it, and one more if that wrote. */
  readonly #stamps: Int32Array;
  #step = SET_UP;
  #hash1Before = 0;
  #hash2Before = 0;

  constructor(words: Int32Array) {
    const count = words.length;
    this.words = words;
    this.knowledge = new Knowledge(count);
    ({
      flags: this.flags,
      readers: this.readers,
      writers: this.writers,
      known: this.known,
    } = this.knowledge);
    this.start = new Int32Array(count);
    this.places = new Int32Array(count);
    this.#stamps = new Int32Array(count);
  }

  /** What is there now is the start. */
  setStart(): void {
    this.start.set(this.words);
    this.places.fill(0);
    this.nrKnown = 0;
    this.knowledge.forgetWritten();
    this.hash1 = 0;
    this.hash2 = 0;
  }

  /**
   * Goes over to the knowledge of another machine, to share it.
   *
   * Context: both have just been set up, in the same way, and have made no step.
   */
  share(buffer: SharedArrayBuffer): void {
    this.knowledge = new Knowledge(this.words.length, buffer);
    ({
      flags: this.flags,
      readers: this.readers,
      writers: this.writers,
      known: this.known,
    } = this.knowledge);
  }

  /** Grows whenever a word is found to be contended. */
  get contentions(): number {
    return this.knowledge.contentions;
  }

  set contentions(count: number) {
    this.knowledge.contentions = count;
  }

  /** Begins a step: from here on undo() goes back to here. */
  begin(): void {
    this.#step += 2;
    if (this.#step >= LAST_STEP) {
      this.#stamps.fill(0);
      this.#step = SET_UP + 2;
    }
    if (this.writes.length !== 0) this.strayed = true;
    this.writes.length = 0;
    this.reads.length = 0;
    this.#hash1Before = this.hash1;
    this.#hash2Before = this.hash2;
  }

  /** The word is about to be written. */
  willWrite(word: number): void {
    if (this.#stamps[word] === this.#step + 1) return;
    this.#stamps[word] = this.#step + 1;
    if (this.places[word] === 0) this.learn(this.knowledge.addWritten(word));
    this.writes.add(word, this.words[word] as number);
  }

  /** Takes note of the first `count` words that are known to be written. */
  learn(count: number): void {
    for (let i = this.nrKnown; i < count; i++) this.places[this.known[i] as number] = i + 1;
    if (count > this.nrKnown) this.nrKnown = count;
  }

  /** The word is read: what the step does depends on it. */
  willRead(word: number): void {
    if ((this.#stamps[word] as number) >= this.#step) return;
    this.#stamps[word] = this.#step;
    this.reads.add(word, this.words[word] as number);
  }

  /** Ends a step: the hash is that of what is there now. */
  settle(): void {
    const { words, values, length } = this.writes;
    for (let i = 0; i < length; i++) {
      const word = words[i] as number;
      const before = values[i] as number;
      const now = this.words[word] as number;
      if (before === now) continue;
      this.hash1 = (this.hash1 + mix1(word, now) - mix1(word, before)) | 0;
      this.hash2 = (this.hash2 + mix2(word, now) - mix2(word, before)) | 0;
    }
  }

  /** Words that the step has written so far, and what was there before, in order. */
  *written(): Iterable<readonly [word: number, before: number]> {
    const { words, values, length } = this.writes;
    for (let i = 0; i < length; i++) yield [words[i] as number, values[i] as number];
  }

  /** What the step has changed of the hash, in two lanes. Context: it is settled. */
  get change1(): number {
    return (this.hash1 - this.#hash1Before) | 0;
  }

  get change2(): number {
    return (this.hash2 - this.#hash2Before) | 0;
  }

  /**
   * Makes a step's writes, `count` pairs of word and value, and its change of the hash.
   *
   * Context: a step has begun, and the words hold what they held when that change was found.
   */
  redo(pairs: Int32Array, at: number, count: number, change1: number, change2: number): void {
    for (let i = at; i < at + 2 * count; i += 2) {
      const word = pairs[i] as number;
      this.writes.add(word, this.words[word] as number);
      this.words[word] = pairs[i + 1] as number;
    }
    this.hash1 = (this.hash1 + change1) | 0;
    this.hash2 = (this.hash2 + change2) | 0;
  }

  /** Takes the step back. */
  undo(): void {
    const { words, values, length } = this.writes;
    for (let i = length - 1; i >= 0; i--) this.words[words[i] as number] = values[i] as number;
    this.writes.length = 0;
    this.hash1 = this.#hash1Before;
    this.hash2 = this.#hash2Before;
  }

  /** Notes an access of thread `bit`. @returns whether the word is contended */
  note(word: number, bit: number, writes: boolean): boolean {
    const masks = writes ? this.writers : this.readers;
    if (((masks[word] as number) & bit) === 0) return this.knowledge.noteFirst(word, bit, masks);
    return ((this.flags[word] as number) & WORD.contended) !== 0;
  }

  /** Back to the start. */
  reset(): void {
    for (let i = 0; i < this.nrKnown; i++) {
      const word = this.known[i] as number;
      this.words[word] = this.start[word] as number;
    }
    this.hash1 = 0;
    this.hash2 = 0;
    this.writes.length = 0;
    this.strayed = false;
  }
}
