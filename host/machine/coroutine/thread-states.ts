// SPDX-License-Identifier: GPL-2.0-only
/**
 * The threads' regions as parts of a state: hashed, saved, and brought back.
 *
 * What was saved, or stored, and loaded last is the base: take-backs go there. A thread that has not run
 * since keeps its frames in the base alone: they are brought to its region when it is to run. All other
 * words of the regions always are there.
 */

import { Components } from "./components.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Thread } from "./program.ts";
import { FIELD } from "./regions.ts";
import { mix1, mix2 } from "./tracked-memory.ts";

/** Words before a saved region: how many follow them, and its hash in two lanes. */
const PREFIX = 3;

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
  /** Saved words, and where each thread's region begins in them. */
  #base: Int32Array = new Int32Array(0);
  readonly #baseAt: number[] = [];
  #baseSum1 = 0;
  #baseSum2 = 0;
  /** Whether a thread's frames are in its region. */
  readonly #framed: boolean[] = [];
  /** Regions of states that were stored. */
  readonly #components = new Components();
  /** Whether the base is a stored state: then the regions are as there but for what the last action did. */
  #fetched = false;

  constructor(machine: CoroutineMachine, threads: readonly Thread[]) {
    this.#machine = machine;
    this.#threads = threads.length;
    this.#hashes = new Int32Array(2 * threads.length);
    this.#salts = saltsOf(threads);
  }

  /** No thread has begun; each is to be hashed once it has. */
  clear(): void {
    this.#fetched = false;
    for (let t = 0; t < this.#threads; t++) {
      this.#machine.regions.clear(t);
      this.#framed[t] = true;
    }
    this.#hashes.fill(0);
    this.sum1 = 0;
    this.sum2 = 0;
  }

  /** The thread's part of the hash anew. */
  hash(thread: number): void {
    this.frame(thread);
    const hashes = this.#hashes;
    this.sum1 -= hashes[2 * thread] as number;
    this.sum2 -= hashes[2 * thread + 1] as number;
    this.#machine.regions.hash(thread, this.#salts[thread] as number, hashes);
    this.sum1 = (this.sum1 + (hashes[2 * thread] as number)) | 0;
    this.sum2 = (this.sum2 + (hashes[2 * thread + 1] as number)) | 0;
  }

  /** The STATUS that a thread has in the base. */
  baseStatus(thread: number): number {
    return (this.#base[(this.#baseAt[thread] as number) + PREFIX] as number) & 3;
  }

  /** Back to the base. @param touched - a bit for each thread whose region may differ from there */
  takeBack(touched: number): void {
    for (let t = 0; t < this.#threads; t++)
      if ((touched >>> t) & 1) this.#loadRegion(t, this.#baseAt[t] as number);
    this.sum1 = this.#baseSum1;
    this.sum2 = this.#baseSum2;
  }

  /** Brings back a thread's words, all but its frames. @param at - index in the base */
  #loadRegion(thread: number, at: number): void {
    const base = this.#base;
    const { words, regions } = this.#machine;
    const start = regions.starts[thread] as number;
    const from = at + PREFIX;
    const count = base[at] as number;
    for (let i = 0; i < regions.frames; i++) words[start + i] = base[from + i] as number;
    for (let i = regions.get(thread, FIELD.stack); i < count; i++) {
      words[start + i] = base[from + i] as number;
    }
    this.#framed[thread] = false;
    this.#hashes[2 * thread] = base[at + 1] as number;
    this.#hashes[2 * thread + 1] = base[at + 2] as number;
  }

  /** Brings a thread's frames into its region. */
  frame(thread: number): void {
    if (this.#framed[thread] === true) return;
    this.#framed[thread] = true;
    const { words, regions } = this.#machine;
    const start = regions.starts[thread] as number;
    const from = (this.#baseAt[thread] as number) + PREFIX;
    const end = regions.get(thread, FIELD.stack);
    for (let i = regions.frames; i < end; i++) words[start + i] = this.#base[from + i] as number;
  }

  /** Words that save() writes at the most. */
  get savedWords(): number {
    let sum = PREFIX * this.#threads;
    for (let t = 0; t < this.#threads; t++) sum += this.#machine.regions.size(t);
    return sum;
  }

  /** Appends the regions to `out` at `at`; returns the index behind. */
  save(out: Int32Array, at: number): number {
    const { regions, words } = this.#machine;
    let end = at;
    for (let t = 0; t < this.#threads; t++) {
      const count = regions.size(t);
      out[end++] = count;
      out[end++] = this.#hashes[2 * t] as number;
      out[end++] = this.#hashes[2 * t + 1] as number;
      const start = regions.starts[t] as number;
      // A thread whose frames are not here has not run: they are as they were.
      const here = this.#framed[t] === true ? count : regions.frames;
      copy(words, start, out, end, here);
      const from = (this.#baseAt[t] as number) + PREFIX + here;
      if (here < count) copy(this.#base, from, out, end + here, count - here);
      end += count;
    }
    return end;
  }

  /** Makes what save() wrote the base; `from` is to stay as it is meanwhile. */
  load(from: Int32Array, at: number): void {
    this.#base = from;
    this.#fetched = false;
    let next = at;
    let sum1 = 0;
    let sum2 = 0;
    for (let t = 0; t < this.#threads; t++) {
      this.#baseAt[t] = next;
      this.#loadRegion(t, next);
      sum1 = (sum1 + (from[next + 1] as number)) | 0;
      sum2 = (sum2 + (from[next + 2] as number)) | 0;
      next += PREFIX + (from[next] as number);
    }
    this.#setSums(sum1, sum2);
  }

  /** Words that store() writes at the most. */
  get storedWords(): number {
    return 2 + this.#threads;
  }

  /** As save(), each region once however many states have it; only fetch() of this object reads that. */
  store(out: Int32Array, at: number): number {
    const { regions, words, queues, running } = this.#machine;
    let end = at;
    out[end++] = this.sum1;
    out[end++] = this.sum2;
    const changed = this.#fetched ? queues.touched | (1 << running) : ~0;
    for (let t = 0; t < this.#threads; t++) {
      let entry = this.#baseAt[t] as number;
      if ((changed >>> t) & 1) {
        this.frame(t);
        const hash1 = this.#hashes[2 * t] as number;
        const hash2 = this.#hashes[2 * t + 1] as number;
        const start = regions.starts[t] as number;
        entry = this.#components.keep(hash1, hash2, words, start, regions.size(t));
      }
      out[end++] = entry;
    }
    return end;
  }

  /** Of memory, for the regions that store() keeps. */
  get storeBytes(): number {
    return this.#components.bytes;
  }

  /** As load(), of what store() wrote. */
  fetch(from: Int32Array, at: number): void {
    this.#base = this.#components.words;
    this.#setSums(from[at] as number, from[at + 1] as number);
    for (let t = 0; t < this.#threads; t++) {
      const entry = from[at + 2 + t] as number;
      // What has not changed since the last take-back is there already.
      if (this.#fetched && this.#baseAt[t] === entry) continue;
      this.#baseAt[t] = entry;
      this.#loadRegion(t, entry);
    }
    this.#fetched = true;
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

function copy(from: Int32Array, at: number, to: Int32Array, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[at + i] as number;
}
