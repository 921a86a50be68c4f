// SPDX-License-Identifier: GPL-2.0-only
/**
 * The threads' regions as parts of a state: hashed, kept, stored, and brought back.
 *
 * The state that was fetched last is the base: take-backs go there. The frames of a thread that
 * has not run since are where its region is kept, and are brought from there when it is to run. All other
 * words of the regions always are in place.
 */

import { type Components, KEPT } from "./components.ts";
import type { ForeignParts } from "./foreign-parts.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Thread } from "./program.ts";
import { FIELD } from "./regions.ts";
import { mix1, mix2 } from "./tracked-memory.ts";

const NOWHERE = -1;

export class ThreadStates {
  /** Of the threads' hashes, a lane each. */
  sum1 = 0;
  sum2 = 0;
  readonly #machine: CoroutineMachine;
  readonly #threads: number;
  /** Two lanes a thread. */
  readonly #hashes: Int32Array;
  /** What tells threads apart in the hash: the same for those that are alike. */
  readonly #salts: readonly number[];
  readonly #components: Components;
  /** Where each thread's region is kept as it is now, or NOWHERE; and as it is in the base. */
  readonly #now: Int32Array;
  readonly #base: Int32Array;
  #baseSum1 = 0;
  #baseSum2 = 0;
  /** Whether a thread's frames are in its region. */
  readonly #framed: boolean[] = [];

  constructor(machine: CoroutineMachine, threads: readonly Thread[], components: Components) {
    this.#machine = machine;
    this.#components = components;
    this.#threads = threads.length;
    this.#hashes = new Int32Array(2 * threads.length);
    this.#salts = saltsOf(threads);
    this.#now = new Int32Array(threads.length).fill(NOWHERE);
    this.#base = new Int32Array(threads.length).fill(NOWHERE);
  }

  /** No thread has begun; each is to be hashed once it has. */
  clear(): void {
    for (let t = 0; t < this.#threads; t++) {
      this.#machine.regions.clear(t);
      this.#framed[t] = true;
    }
    this.#now.fill(NOWHERE);
    this.#base.fill(NOWHERE);
    this.#hashes.fill(0);
    this.sum1 = 0;
    this.sum2 = 0;
  }

  /** The thread's region has changed: its part of the hash anew. */
  hash(thread: number): void {
    this.frame(thread);
    this.#now[thread] = NOWHERE;
    const hashes = this.#hashes;
    this.sum1 -= hashes[2 * thread] as number;
    this.sum2 -= hashes[2 * thread + 1] as number;
    this.#machine.regions.hash(thread, this.#salts[thread] as number, hashes);
    this.sum1 = (this.sum1 + (hashes[2 * thread] as number)) | 0;
    this.sum2 = (this.sum2 + (hashes[2 * thread + 1] as number)) | 0;
  }

  /** Where the thread's region is kept; negative when it is not. */
  keptAt(thread: number): number {
    return this.#now[thread] as number;
  }

  /** Keeps the thread's region as it is. Context: its hash is right. @returns where */
  keep(thread: number): number {
    const kept = this.#now[thread] as number;
    if (kept !== NOWHERE) return kept;
    const { regions, words } = this.#machine;
    const hash1 = this.#hashes[2 * thread] as number;
    const hash2 = this.#hashes[2 * thread + 1] as number;
    const start = regions.starts[thread] as number;
    const entry = this.#components.keep(hash1, hash2, words, start, regions.size(thread));
    this.#now[thread] = entry;
    return entry;
  }

  /** The thread's region is to be as it is kept at `entry`. */
  become(thread: number, entry: number): void {
    const hashes = this.#hashes;
    this.sum1 -= hashes[2 * thread] as number;
    this.sum2 -= hashes[2 * thread + 1] as number;
    this.#bring(thread, entry);
    this.sum1 = (this.sum1 + (hashes[2 * thread] as number)) | 0;
    this.sum2 = (this.sum2 + (hashes[2 * thread + 1] as number)) | 0;
  }

  /** The STATUS that a thread has in the base. */
  baseStatus(thread: number): number {
    return (this.#components.words[(this.#base[thread] as number) + KEPT] as number) & 3;
  }

  /** Back to the base. @param touched - a bit for each thread whose region may differ from there */
  takeBack(touched: number): void {
    for (let t = 0; t < this.#threads; t++) {
      if (((touched >>> t) & 1) !== 0 && this.#base[t] !== NOWHERE) {
        this.#bring(t, this.#base[t] as number);
      }
    }
    this.sum1 = this.#baseSum1;
    this.sum2 = this.#baseSum2;
  }

  /** Brings the thread's words that are kept at `entry`, all but its frames. */
  #bring(thread: number, entry: number): void {
    const kept = this.#components.words;
    const { words, regions } = this.#machine;
    const start = regions.starts[thread] as number;
    const from = entry + KEPT;
    const count = kept[entry] as number;
    for (let i = 0; i < regions.frames; i++) words[start + i] = kept[from + i] as number;
    for (let i = regions.get(thread, FIELD.stack); i < count; i++) {
      words[start + i] = kept[from + i] as number;
    }
    this.#now[thread] = entry;
    this.#framed[thread] = false;
    this.#hashes[2 * thread] = kept[entry + 1] as number;
    this.#hashes[2 * thread + 1] = kept[entry + 2] as number;
  }

  /** Brings a thread's frames into its region. */
  frame(thread: number): void {
    if (this.#framed[thread] === true) return;
    this.#framed[thread] = true;
    const kept = this.#components.words;
    const { words, regions } = this.#machine;
    const start = regions.starts[thread] as number;
    const from = (this.#now[thread] as number) + KEPT;
    const end = regions.get(thread, FIELD.stack);
    for (let i = regions.frames; i < end; i++) words[start + i] = kept[from + i] as number;
  }

  /** What is there now is the base. */
  rebase(): void {
    for (let t = 0; t < this.#threads; t++) this.#base[t] = this.keep(t);
    this.#setSums(this.sum1, this.sum2);
  }

  /** Words that store() writes. */
  get storedWords(): number {
    return 2 + this.#threads;
  }

  /** Appends the regions to `out` at `at`, as the places where they are kept; returns the index behind. */
  store(out: Int32Array, at: number): number {
    out[at] = this.sum1;
    out[at + 1] = this.sum2;
    for (let t = 0; t < this.#threads; t++) out[at + 2 + t] = this.keep(t);
    return at + 2 + this.#threads;
  }

  /** Turns what another machine's store() wrote into what this one's would. */
  adopt(words: Int32Array, at: number, parts: ForeignParts): void {
    for (let i = at + 2; i < at + this.storedWords; i++)
      words[i] = parts.placeOf(words[i] as number);
  }

  /** Makes what store() wrote the base. */
  fetch(from: Int32Array, at: number): void {
    for (let t = 0; t < this.#threads; t++) this.#rebase(t, from[at + 2 + t] as number);
    this.#setSums(from[at] as number, from[at + 1] as number);
  }

  #rebase(thread: number, entry: number): void {
    this.#base[thread] = entry;
    if (this.#now[thread] !== entry) this.#bring(thread, entry);
  }

  #setSums(sum1: number, sum2: number): void {
    this.#baseSum1 = sum1;
    this.#baseSum2 = sum2;
    this.sum1 = sum1;
    this.sum2 = sum2;
  }
}

/** Threads that are alike have one salt: it does not matter which of them is where. */
function saltsOf(threads: readonly Thread[]): number[] {
  return threads.map(({ alike }, i) => {
    const kind = (alike ?? i) + 1;
    return mix1(kind, alike === undefined ? 1 : 2) ^ mix2(kind, 3);
  });
}
