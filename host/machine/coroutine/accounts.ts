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

/** Below this nothing has an address. */
export const NULL_PAGE = 0x1000;
/** The clock: a word of the null page that only the hooks touch. It counts ticks. */
export const CLOCK_ADDRESS = 0x20;
/** A thread that makes this many accesses without one that others may notice goes round for ever. */
const MOST_ACCESSES = 100_000;
/** Two words an access, and those that are freed. */
const ENTRIES = 1 << 18;
const FOOTPRINT_MOST = 1023;
/** All four bytes of a word. */
const ALL_LANES = 15;

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
  /** Threads whose footprint is not empty: a bit each. Whoever changes regions keeps it true. */
  footprints = 0;
  /** The first data race of the step. What comes after it is still explored. */
  race: Violation | null = null;
  #count = 0;
  /** The word of the step's last marked access that nobody is known to notice; -1: there was none. */
  #unnoticed = -1;

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
    this.#unnoticed = -1;
  }

  /** How many accesses the step, or the thread that begins, has made so far; words of a range count each. */
  get accesses(): number {
    return this.#count;
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
    if ((bits & ACCESS.marked) !== 0 && (flags & WORD.contended) === 0) this.#unnoticed = word;
    const lanes = bytes >= 4 ? ALL_LANES : ((1 << bytes) - 1) << (address & 3);
    this.#word(thread, word, lanes, bits, site);
    if (bytes === 8) this.#word(thread, word + 1, lanes, bits, site);
  }

  /** Where it may look at a word that others write once they come to it, that one is noticed from now on. */
  #endless(address: number, site: number): never {
    if (this.#unnoticed >= 0) this.#tracked.knowledge.contend(this.#unnoticed);
    const detail = `${MOST_ACCESSES} accesses on, none of which others may notice`;
    throw new Violation("livelock", detail, address, site);
  }

  /** @param lanes - bytes of the word that are accessed: a bit each */
  #word(thread: number, word: number, lanes: number, bits: number, site: number): void {
    const writes = (bits & ACCESS.write) !== 0;
    if (thread < this.#threads && this.#tracked.note(word, 1 << thread, writes)) {
      this.noteEntry((word << 1) | (writes ? 1 : 0));
      const entry = (word << 5) | (lanes << 1) | (writes ? 1 : 0);
      this.#checkRaces(thread, entry, site);
      if ((bits & ACCESS.marked) === 0) this.#footprint[this.#nrFootprint++] = entry;
    }
    if ((bits & ACCESS.notify) !== 0) return;
    if (writes) this.#tracked.willWrite(word);
    else this.#tracked.willRead(word);
  }

  #checkRaces(thread: number, mine: number, site: number): void {
    const regions = this.#regions;
    for (let left = this.footprints & ~(1 << thread); left !== 0; left &= left - 1) {
      const other = 31 - Math.clz32(left & -left);
      const count = regions.get(other, FIELD.footprint);
      const first = regions.end(other);
      for (let i = 0; i < count; i++) {
        const theirs = regions.words[first + i] as number;
        const both = theirs & mine & (ALL_LANES << 1);
        if (theirs >>> 5 !== mine >>> 5 || both === 0 || ((theirs | mine) & 1) === 0) continue;
        const [now, before] = [mine, theirs].map((entry) => ((entry & 1) !== 0 ? "write" : "read"));
        const detail = `a ${now}, unordered with a plain ${before} by another`;
        this.race ??= new Violation("data race", detail, (mine >>> 5) << 2, site);
        return;
      }
    }
  }

  /** Adds to what the step accesses. */
  noteEntry(entry: number): void {
    if (this.nrNoted >= ENTRIES) throw new Error("[harness bug] a step accesses too many words");
    this.noted[this.nrNoted++] = entry;
  }

  /** Whether the step has accessed the word, which is contended. */
  hasNoted(word: number): boolean {
    for (let i = 0; i < this.nrNoted; i++) {
      if ((this.noted[i] as number) >>> 1 === word) return true;
    }
    return false;
  }

  /** Notes what the step noted when it was run before: `count` entries of `entries`. */
  noteAgain(entries: Int32Array, at: number, count: number): void {
    for (let i = 0; i < count; i++) this.noted[i] = entries[at + i] as number;
    this.nrNoted = count;
  }

  /** Whether one of these entries, of a step of `thread`, is of a word in another's footprint. */
  mayRace(thread: number, entries: Int32Array, at: number, count: number): boolean {
    const regions = this.#regions;
    for (let left = this.footprints & ~(1 << thread); left !== 0; left &= left - 1) {
      const other = 31 - Math.clz32(left & -left);
      const first = regions.end(other);
      const end = first + regions.get(other, FIELD.footprint);
      for (let i = first; i < end; i++) {
        const word = (regions.words[i] as number) >>> 5;
        for (let j = at; j < at + count; j++)
          if ((entries[j] as number) >>> 1 === word) return true;
      }
    }
    return false;
  }

  /** A range of words, as the bits say. */
  range(thread: number, address: number, bytes: number, bits: number, site: number): void {
    const end = address + bytes;
    // Of each word the bytes within the range: objects begin and end at any byte.
    for (let at = address, next = 0; at < end; at = next) {
      next = Math.min((at & ~3) + 4, end);
      this.access(thread, at, bits | ((next - at) << ACCESS_BYTES_SHIFT), site);
    }
  }

  /** Memory that is freed: nobody may touch it from here on. */
  free(thread: number, address: number, bytes: number): void {
    if (thread >= this.#threads) return;
    const end = (address + bytes + 3) >>> 2;
    for (let word = address >>> 2; word < end; word++) {
      if (this.#tracked.note(word, 1 << thread, true)) this.noteEntry((word << 1) | 1);
    }
  }

  get footprintLength(): number {
    return this.#nrFootprint;
  }

  /** Others may be ordered behind the first `count` entries of the footprint: they cannot race. */
  order(count: number): void {
    if (count === 0) return;
    this.#footprint.copyWithin(0, count, this.#nrFootprint);
    this.#nrFootprint -= count;
  }

  /** Puts the footprint behind the frames of the thread that has made the step. */
  keep(thread: number): void {
    const regions = this.#regions;
    const first = regions.end(thread);
    const count = this.#nrFootprint;
    if (count > FOOTPRINT_MOST) throw new Error("[harness bug] a step's footprint is too long");
    for (let i = 0; i < count; i++) regions.words[first + i] = this.#footprint[i] as number;
    regions.set(thread, FIELD.footprint, count);
    this.countFootprint(thread);
  }

  /** Looks at the thread's region: see footprints. */
  countFootprint(thread: number): void {
    const bit = 1 << thread;
    const count = this.#regions.get(thread, FIELD.footprint);
    this.footprints = count > 0 ? this.footprints | bit : this.footprints & ~bit;
  }

  /** The same of all. */
  countFootprints(): void {
    for (let t = 0; t < this.#threads; t++) this.countFootprint(t);
  }
}
