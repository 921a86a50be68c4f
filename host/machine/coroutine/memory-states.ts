// SPDX-License-Identifier: GPL-2.0-only
/**
 * Memory as part of a state: the words that are known to be written, in pieces, each kept once and named
 * by where it is kept. Most states differ from one another in a piece or two, and so take little room and
 * little time to go to.
 *
 * The state that was fetched last is the base: undo() of the memory goes there.
 *
 * Source: Laarman, van de Pol, Weber, "Parallel recursive state compression for free", 2011, for the idea.
 */
import { type Components, KEPT } from "./components.ts";
import type { ForeignParts } from "./foreign-parts.ts";
import { mix1, mix2, type TrackedMemory } from "./tracked-memory.ts";

const PIECE_SHIFT = 4;
const PIECE = 1 << PIECE_SHIFT;
/** Instead of a place: all words of the piece are as at the start. */
const AS_AT_START = -1;
/** Words before the pieces' places: how many there are, and two lanes of the memory's hash. */
const HEAD_WORDS = 3;
const FIRST_PIECES = 1 << 4;

export class MemoryStates {
  readonly #tracked: TrackedMemory;
  readonly #components: Components;
  /** Where each piece of the base is kept. */
  #base = new Int32Array(FIRST_PIECES).fill(AS_AT_START);
  /** By piece: the store() that has kept it last. */
  #kept = new Int32Array(FIRST_PIECES);
  #stores = 0;
  readonly #piece = new Int32Array(PIECE);

  constructor(tracked: TrackedMemory, components: Components) {
    this.#tracked = tracked;
    this.#components = components;
  }

  get #pieces(): number {
    return (this.#tracked.nrKnown + PIECE - 1) >>> PIECE_SHIFT;
  }

  /** Words that store() writes. */
  get storedWords(): number {
    return HEAD_WORDS + this.#pieces;
  }

  /** Words that a store() has written at `at`. */
  static storedWordsOf(from: Int32Array, at: number): number {
    return HEAD_WORDS + (from[at] as number);
  }

  #makeRoom(pieces: number): void {
    if (pieces <= this.#base.length) return;
    const base = new Int32Array(2 * pieces).fill(AS_AT_START);
    base.set(this.#base);
    this.#base = base;
    this.#kept = new Int32Array(2 * pieces);
  }

  /** All is as at the start, and that is the base. */
  reset(): void {
    this.#tracked.reset();
    this.#base.fill(AS_AT_START);
  }

  /** What is there now is the base. */
  rebase(): void {
    const pieces = this.#pieces;
    this.#makeRoom(pieces);
    for (let piece = 0; piece < pieces; piece++) this.#base[piece] = this.#keep(piece);
    this.#tracked.begin();
    this.#tracked.strayed = false;
  }

  /** @returns where the piece is kept, as it is now */
  #keep(piece: number): number {
    const { words, known, nrKnown } = this.#tracked;
    const first = piece << PIECE_SHIFT;
    const count = Math.min(PIECE, nrKnown - first);
    let hash1 = count;
    let hash2 = ~count;
    for (let i = 0; i < count; i++) {
      const value = words[known[first + i] as number] as number;
      this.#piece[i] = value;
      hash1 = mix1(hash1, value);
      hash2 = mix2(hash2, value);
    }
    return this.#components.keep(hash1, hash2, this.#piece, 0, count);
  }

  /**
   * Appends the state to `out` at `at`; returns the index behind.
   *
   * Context: it is the base, or one step from there.
   */
  store(out: Int32Array, at: number): number {
    const { hash1, hash2, places, writes } = this.#tracked;
    const pieces = this.#pieces;
    this.#makeRoom(pieces);
    const base = this.#base;
    const kept = this.#kept;
    const first = at + HEAD_WORDS;
    out[at] = pieces;
    out[at + 1] = hash1;
    out[at + 2] = hash2;
    for (let piece = 0; piece < pieces; piece++) out[first + piece] = base[piece] as number;
    const store = ++this.#stores;
    for (let i = 0; i < writes.length; i++) {
      const piece = ((places[writes.words[i] as number] as number) - 1) >>> PIECE_SHIFT;
      if (kept[piece] === store) continue;
      kept[piece] = store;
      out[first + piece] = this.#keep(piece);
    }
    return first + pieces;
  }

  /** Turns what another machine's store() wrote into what this one's would; returns the index behind. */
  static adopt(words: Int32Array, at: number, parts: ForeignParts): number {
    const first = at + HEAD_WORDS;
    const end = first + (words[at] as number);
    for (let i = first; i < end; i++) {
      const entry = words[i] as number;
      if (entry !== AS_AT_START) words[i] = parts.placeOf(entry);
    }
    return end;
  }

  /** Makes what store() wrote the base; returns the index behind. Context: what was done is taken back. */
  fetch(from: Int32Array, at: number): number {
    const tracked = this.#tracked;
    if (tracked.strayed) throw new Error("[harness bug] memory is not at the state of its base");
    const pieces = from[at] as number;
    tracked.hash1 = from[at + 1] as number;
    tracked.hash2 = from[at + 2] as number;
    this.#makeRoom(pieces);
    const base = this.#base;
    const first = at + HEAD_WORDS;
    for (let piece = 0; piece < pieces; piece++) {
      const entry = from[first + piece] as number;
      if (entry === base[piece]) continue;
      base[piece] = entry;
      this.#bring(piece, entry);
    }
    for (let piece = pieces; piece < this.#pieces; piece++) {
      if (base[piece] === AS_AT_START) continue;
      base[piece] = AS_AT_START;
      this.#bring(piece, AS_AT_START);
    }
    return first + pieces;
  }

  /** Words of the piece that were found since it was kept are as at the start. */
  #bring(piece: number, entry: number): void {
    const { words, known, start } = this.#tracked;
    const kept = this.#components.words;
    const first = piece << PIECE_SHIFT;
    const count = entry === AS_AT_START ? 0 : (kept[entry] as number);
    this.#tracked.learn(first + count);
    const end = Math.min(PIECE, this.#tracked.nrKnown - first);
    for (let i = 0; i < count; i++) {
      words[known[first + i] as number] = kept[entry + KEPT + i] as number;
    }
    for (let i = count; i < end; i++) {
      const word = known[first + i] as number;
      words[word] = start[word] as number;
    }
  }
}
