// SPDX-License-Identifier: GPL-2.0-only
/**
 * Stores that their CPU has made and others do not see yet.
 *
 *   tso  a CPU's stores reach memory in order, each at any time
 *   pso  those to one location in order, and a release behind all that were made before it
 *
 * What waits: plain, WRITE_ONCE and release stores to contended words. A read-modify-write, an exchange
 * that stands for a full barrier, a wait and a wake-up drain the buffer first. While a thread runs, memory
 * is as that thread sees it; behind its step, what waits is taken out again.
 *
 * Source: Owens, Sarkar, Sewell, "A better x86 memory model: x86-TSO", 2009; SPARC V9, appendix D.
 */
import type { MemoryModel } from "../../result/check.ts";
import { BUFFER_ENTRY, FIELD, type Regions } from "./regions.ts";
import type { TrackedMemory } from "./tracked-memory.ts";

/** More than these drain at once: a bound of the model, as a real buffer's length is. */
const ENTRIES_MOST = 12;
const WIDE = 2;
const RELEASE = 1;

/**
 * An entry: word << 2 | WIDE | RELEASE; value; the second value of a wide one; and for a marked store how
 * many entries of the footprint came before it, 0 for a plain one. Once others see a marked store, they
 * may be ordered behind those.
 */
export class StoreBuffer {
  readonly #tracked: TrackedMemory;
  readonly #regions: Regions;
  readonly #model: MemoryModel;
  readonly weak: boolean;
  /** The running thread's entries. */
  readonly #entries: number[] = [];
  /** Words that are in them, and what memory holds there. */
  readonly #hidden = new Map<number, number>();
  /** Whether the value of the last entry is yet to be read: its store has not been made. */
  #open = false;

  constructor(tracked: TrackedMemory, regions: Regions, model: MemoryModel) {
    this.#tracked = tracked;
    this.#regions = regions;
    this.#model = model;
    this.weak = model !== "sc";
  }

  /** Lets `thread` see its own stores. Context: its step begins. */
  enter(thread: number): void {
    const { words } = this.#tracked;
    const regions = this.#regions;
    this.#entries.length = 0;
    this.#hidden.clear();
    this.#open = false;
    const count = regions.get(thread, FIELD.buffered);
    const first = regions.end(thread) + regions.get(thread, FIELD.footprint);
    for (let i = 0; i < count; i++) {
      const at = first + i * BUFFER_ENTRY;
      const [head, low, high] = words.subarray(at, at + 3) as unknown as [number, number, number];
      this.#entries.push(head, low, high, 0); // the footprint of an earlier step is gone
      this.#show(head >>> 2, low);
      if ((head & WIDE) !== 0) this.#show((head >>> 2) + 1, high);
    }
  }

  #show(word: number, value: number): void {
    this.#hide(word);
    this.#tracked.words[word] = value;
  }

  #hide(word: number): void {
    this.#tracked.willWrite(word);
    if (!this.#hidden.has(word)) this.#hidden.set(word, this.#tracked.words[word] as number);
  }

  /**
   * The running thread is about to make a store that may wait.
   *
   * @param before - for a marked one, entries of the footprint before it; 0 for a plain one
   */
  store(word: number, wide: boolean, release: boolean, before: number): void {
    this.settle();
    this.#hide(word);
    if (wide) this.#hide(word + 1);
    this.#entries.push((word << 2) | (wide ? WIDE : 0) | (release ? RELEASE : 0), 0, 0, before);
    this.#open = true;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether a store of the running thread to one of these words waits. */
  hides(first: number, count: number): boolean {
    for (const word of this.#hidden.keys()) if (word >= first && word < first + count) return true;
    return false;
  }

  /** Whether no further store may wait. */
  get isFull(): boolean {
    return this.#entries.length >= ENTRIES_MOST * BUFFER_ENTRY;
  }

  /** Reads what the last store stored. Context: it has been made, and nothing since. */
  settle(): void {
    if (!this.#open) return;
    this.#open = false;
    const at = this.#entries.length - BUFFER_ENTRY;
    const head = this.#entries[at] as number;
    const { words } = this.#tracked;
    this.#entries[at + 1] = words[head >>> 2] as number;
    if ((head & WIDE) !== 0) this.#entries[at + 2] = words[(head >>> 2) + 1] as number;
  }

  /**
   * A full barrier of the running thread: memory is as it sees it.
   *
   * @param reached - is told each word that others see from here on
   * @returns how many entries of the footprint others may be ordered behind from here on
   */
  drainAll(reached: (word: number) => void): number {
    this.settle();
    let before = 0;
    for (let i = 0; i < this.#entries.length; i += BUFFER_ENTRY) {
      const head = this.#entries[i] as number;
      reached(head >>> 2);
      if ((head & WIDE) !== 0) reached((head >>> 2) + 1);
      before = Math.max(before, this.#entries[i + 3] as number);
    }
    this.#entries.length = 0;
    this.#hidden.clear();
    return before;
  }

  /** Takes what waits out of memory, and keeps it in the thread's region. Context: its step ends. */
  leave(thread: number): void {
    this.settle();
    const { words } = this.#tracked;
    for (const [word, value] of this.#hidden) words[word] = value;
    const regions = this.#regions;
    const first = regions.end(thread) + regions.get(thread, FIELD.footprint);
    for (let i = 0; i < this.#entries.length; i++) words[first + i] = this.#entries[i] as number;
    regions.set(thread, FIELD.buffered, this.#entries.length / BUFFER_ENTRY);
  }

  /** Writes which entries of `thread` may drain next; returns how many. */
  drainable(thread: number, out: number[]): number {
    const count = this.#regions.get(thread, FIELD.buffered);
    if (count === 0) return 0;
    out[0] = 0;
    if (this.#model === "tso") return 1;
    let found = 1;
    for (let i = 1; i < count; i++) if (this.#mayPass(thread, i)) out[found++] = i;
    return found;
  }

  /** Whether entry `i` may drain before those in front of it. */
  #mayPass(thread: number, i: number): boolean {
    const head = this.#head(thread, i);
    if ((head & RELEASE) !== 0) return false;
    for (let j = 0; j < i; j++) {
      const distance = (head >>> 2) - (this.#head(thread, j) >>> 2);
      if (distance >= -1 && distance <= 1) return false; // a wide one has two words
    }
    return true;
  }

  /** What waits of `thread`, in order; of a wide store only the lower half. */
  waiting(thread: number): { readonly word: number; readonly value: number }[] {
    const regions = this.#regions;
    const first = regions.end(thread) + regions.get(thread, FIELD.footprint);
    return Array.from({ length: regions.get(thread, FIELD.buffered) }, (_, i) => {
      const value = regions.words[first + i * BUFFER_ENTRY + 1] as number;
      return { word: this.#head(thread, i) >>> 2, value };
    });
  }

  /** Whether a store of `thread` to the word waits. */
  holds(thread: number, word: number): boolean {
    const count = this.#regions.get(thread, FIELD.buffered);
    for (let i = 0; i < count; i++) {
      const head = this.#head(thread, i);
      const first = head >>> 2;
      if (word === first || ((head & WIDE) !== 0 && word === first + 1)) return true;
    }
    return false;
  }

  #head(thread: number, i: number): number {
    const regions = this.#regions;
    const first = regions.end(thread) + regions.get(thread, FIELD.footprint);
    return regions.words[first + i * BUFFER_ENTRY] as number;
  }

  /** Entry `i` of `thread` reaches memory. @returns the word */
  drain(thread: number, i: number): number {
    const regions = this.#regions;
    const { words } = this.#tracked;
    const count = regions.get(thread, FIELD.buffered);
    const first = regions.end(thread) + regions.get(thread, FIELD.footprint);
    const at = first + i * BUFFER_ENTRY;
    const head = words[at] as number;
    const word = head >>> 2;
    this.#tracked.willWrite(word);
    words[word] = words[at + 1] as number;
    if ((head & WIDE) !== 0) {
      this.#tracked.willWrite(word + 1);
      words[word + 1] = words[at + 2] as number;
    }
    const before = words[at + 3] as number;
    words.copyWithin(at, at + BUFFER_ENTRY, first + count * BUFFER_ENTRY);
    regions.set(thread, FIELD.buffered, count - 1);
    if (before > 0) this.#order(thread, before);
    return word;
  }

  /** Others may be ordered behind the first `before` entries of the footprint: takes them out. */
  #order(thread: number, before: number): void {
    const regions = this.#regions;
    const { words } = this.#tracked;
    const start = regions.end(thread);
    const left = regions.get(thread, FIELD.footprint) - before;
    const buffered = regions.get(thread, FIELD.buffered);
    words.copyWithin(start, start + before, start + before + left + buffered * BUFFER_ENTRY);
    regions.set(thread, FIELD.footprint, left);
    for (let i = 0; i < buffered; i++) {
      const at = start + left + i * BUFFER_ENTRY + 3;
      words[at] = Math.max(0, (words[at] as number) - before);
    }
  }
}
