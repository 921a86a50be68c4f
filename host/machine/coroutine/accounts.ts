// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a step accesses: whether that is allowed, who else accesses the same words, and whether anything
 * orders it after what others did.
 *
 * A thread's footprint holds the plain accesses to contended words that it made since its last step
 * began. Nothing in another thread is ordered behind them until it makes a step again: so whoever
 * accesses one of those words now, one of the two writing, races with it. That finds every data race: of
 * the schedules in which two accesses are unordered there is one in which the second follows the first
 * before the first's thread goes on.
 */
import { ACCESS, ACCESS_BYTES_SHIFT } from "./access-table.ts";
import type { Heap } from "./heap.ts";
import { WORD } from "./knowledge.ts";
import { FIELD, type Regions } from "./regions.ts";
import type { TrackedMemory } from "./tracked-memory.ts";
import { Violation } from "./violation.ts";

const NULL_PAGE = 0x1000;
/** The clock: a word of the null page that only the hooks touch. It counts ticks. */
export const CLOCK_ADDRESS = 0x20;
/** A thread that makes this many accesses without one that others may notice goes round for ever. */
const MOST_ACCESSES = 100_000;
const ENTRIES = 1 << 14;
const FOOTPRINT_MOST = 1023;

export class Accounts {
  readonly #tracked: TrackedMemory;
  readonly #heap: Heap;
  readonly #regions: Regions;
  readonly #threads: number;
  /** Accesses of the step to contended words, frees included: word << 1 | 1 for a write. */
  readonly noted = new Int32Array(ENTRIES);
  nrNoted = 0;
  readonly #footprint = new Int32Array(ENTRIES);
  #nrFootprint = 0;
  /** The first data race of the step. What comes after it is still explored. */
  race: Violation | null = null;
  #count = 0;

  constructor(tracked: TrackedMemory, heap: Heap, regions: Regions, threads: number) {
    this.#tracked = tracked;
    this.#heap = heap;
    this.#regions = regions;
    this.#threads = threads;
  }

  /** A step, or a thread, begins. */
  begin(): void {
    this.nrNoted = 0;
    this.#nrFootprint = 0;
    this.race = null;
    this.#count = 0;
  }

  /** An access that is made now, by `thread`. @throws Violation */
  access(thread: number, address: number, bits: number, site: number): void {
    if (++this.#count > MOST_ACCESSES) this.#endless(address, site);
    const bytes = bits >>> ACCESS_BYTES_SHIFT;
    const word = address >>> 2;
    if (address < NULL_PAGE && address !== CLOCK_ADDRESS) {
      throw new Violation("null dereference", `access of ${bytes} bytes`, address, site);
    }
    const flags = this.#tracked.flags[word] as number;
    if ((flags & WORD.heap) !== 0 && (bits & ACCESS.notify) === 0) {
      this.#heap.checkAccess(address, bytes, site);
    }
    this.#word(thread, word, bits, site);
    if (bytes === 8) this.#word(thread, word + 1, bits, site);
  }

  #endless(address: number, site: number): never {
    const detail = `${MOST_ACCESSES} accesses on, none of which others may notice`;
    throw new Violation("livelock", detail, address, site);
  }

  #word(thread: number, word: number, bits: number, site: number): void {
    const writes = (bits & ACCESS.write) !== 0;
    if (thread < this.#threads && this.#tracked.note(word, 1 << thread, writes)) {
      const entry = (word << 1) | (writes ? 1 : 0);
      this.noteEntry(entry);
      this.#checkRaces(thread, word, writes, site);
      if ((bits & ACCESS.marked) === 0) this.#footprint[this.#nrFootprint++] = entry;
    }
    if (writes && (bits & ACCESS.notify) === 0) this.#tracked.willWrite(word);
  }

  #checkRaces(thread: number, word: number, writes: boolean, site: number): void {
    const regions = this.#regions;
    for (let other = 0; other < this.#threads; other++) {
      const count = regions.get(other, FIELD.footprint);
      if (count === 0 || other === thread) continue;
      const first = regions.end(other);
      for (let i = 0; i < count; i++) {
        const entry = regions.words[first + i] as number;
        if (entry >>> 1 !== word || ((entry & 1) === 0 && !writes)) continue;
        const theirs = (entry & 1) !== 0 ? "write" : "read";
        const detail = `a ${writes ? "write" : "read"}, unordered with a plain ${theirs} by another`;
        this.race ??= new Violation("data race", detail, word << 2, site);
        return;
      }
    }
  }

  /** Adds to what the step accesses. */
  noteEntry(entry: number): void {
    if (this.nrNoted >= ENTRIES) throw new Error("[harness bug] a step accesses too many words");
    this.noted[this.nrNoted++] = entry;
  }

  /** A range of words, as the bits say. */
  range(thread: number, address: number, bytes: number, bits: number, site: number): void {
    const word = bits | (1 << ACCESS_BYTES_SHIFT);
    const end = address + bytes;
    // At each word's first byte within the range: objects end at any byte.
    for (let at = address; at < end; at = (at & ~3) + 4) this.access(thread, at, word, site);
  }

  /** Memory that is freed: nobody may touch it from here on. */
  free(thread: number, address: number, bytes: number): void {
    if (thread >= this.#threads) return;
    const end = (address + bytes + 3) >>> 2;
    for (let word = address >>> 2; word < end; word++) {
      if (this.#tracked.note(word, 1 << thread, true)) this.noteEntry((word << 1) | 1);
    }
  }

  /** Puts the footprint behind the frames of the thread that has made the step. */
  keep(thread: number): void {
    const regions = this.#regions;
    const first = regions.end(thread);
    const count = this.#nrFootprint;
    if (count > FOOTPRINT_MOST) throw new Error("[harness bug] a step's footprint is too long");
    for (let i = 0; i < count; i++) regions.words[first + i] = this.#footprint[i] as number;
    regions.set(thread, FIELD.footprint, count);
  }
}
