// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states that any worker has seen, as 64-bit hashes, each with its number, in one table of all.
 *
 * Open addressing, linear probing, 12 bytes a place. Whoever puts the first lane into a free place owns it,
 * and then puts the second, and the number: who finds what comes before waits for what comes behind. No
 * lane is 0.
 *
 * Plain accesses: what is not 0 stays, so that who reads it has it; who reads a 0 that is out of date finds
 * out when it claims the place. An engine calls a builtin for each atomic access, which takes longer.
 */
import type { Table } from "../foresight.ts";
import { touchPages } from "../pages.ts";
import type { Meeting } from "./meeting.ts";

const FIRST_PLACES = 1 << 16;
const MOST_FULL = 0.6;
const PLACE_WORDS = 3;

export class Seen implements Table {
  readonly #meeting: Meeting;
  #places: Int32Array;
  #mask = 0;
  /** The place that claim() has taken last. */
  #claimed = 0;
  /** What numbersOf() has read first: an engine leaves nothing out that is kept. */
  #touched = 0;

  /** Context: all make it. */
  constructor(meeting: Meeting) {
    this.#meeting = meeting;
    this.#places = this.#share(FIRST_PLACES);
  }

  #share(places: number): Int32Array {
    const bytes = 4 * PLACE_WORDS * places;
    const buffer = this.#meeting.share(() => new SharedArrayBuffer(bytes));
    this.#mask = places - 1;
    return new Int32Array(buffer);
  }

  /**
   * Takes a place for a state that is new; then settle() is to follow at once, as others wait for it.
   *
   * @returns the number of the state where it is not new, else -1
   */
  claim(key1: number, key2: number): number {
    return this.#find(key1, key2, true);
  }

  /** The number of the state whose place was claimed. */
  settle(number: number): void {
    this.#places[this.#claimed + 2] = number + 1;
  }

  /** The state's number, whoever added it; -1 when nobody did. */
  numberOf(key1: number, key2: number): number {
    return this.#find(key1, key2, false);
  }

  /** As numberOf(), of each. The first places are read before any is looked at: so they come together. */
  numbersOf(keys1: Int32Array, keys2: Int32Array, count: number, out: Int32Array): void {
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const place = firstPlace(laneOf(keys1[i] as number), laneOf(keys2[i] as number));
      touched ^= this.#places[PLACE_WORDS * (place & this.#mask)] as number;
    }
    this.#touched ^= touched;
    for (let i = 0; i < count; i++) out[i] = this.numberOf(keys1[i] as number, keys2[i] as number);
  }

  #find(key1: number, key2: number, claims: boolean): number {
    const places = this.#places;
    const [first, second] = [laneOf(key1), laneOf(key2)];
    for (let place = firstPlace(first, second); ; place++) {
      const at = PLACE_WORDS * (place & this.#mask);
      let there = places[at] as number;
      if (there === 0) {
        if (!claims) return -1;
        there = Atomics.compareExchange(places, at, 0, first);
        if (there === 0) {
          places[at + 1] = second;
          this.#claimed = at;
          return -1;
        }
      }
      if (there === first && this.#awaited(at + 1) === second) return this.#awaited(at + 2) - 1;
    }
  }

  /** What is in the word once it is not 0. */
  #awaited(at: number): number {
    let there = this.#places[at] as number;
    while (there === 0) there = Atomics.load(this.#places, at);
    return there;
  }

  /** States from which on it is to grow. */
  get limit(): number {
    return Math.floor((this.#mask + 1) * MOST_FULL);
  }

  /** The worker's part of the table. */
  #part(places: Int32Array): [from: number, to: number] {
    const { worker, workers } = this.#meeting;
    const count = places.length / PLACE_WORDS;
    const end = (i: number) => PLACE_WORDS * Math.floor((count * i) / workers);
    return [end(worker), end(worker + 1)];
  }

  /** Doubles it. Context: all call it. */
  grow(): void {
    const old = this.#places;
    this.#places = this.#share((2 * old.length) / PLACE_WORDS);
    touchPages(this.#places, ...this.#part(this.#places));
    this.#meeting.meet();
    const [from, to] = this.#part(old);
    for (let at = from; at < to; at += PLACE_WORDS) {
      const first = old[at] as number;
      if (first === 0) continue;
      this.claim(first, old[at + 1] as number);
      this.settle((old[at + 2] as number) - 1);
    }
    this.#meeting.meet();
  }

  /** Forgets all. Context: all call it, and meet before they add. */
  clear(): void {
    const [from, to] = this.#part(this.#places);
    this.#places.fill(0, from, to);
  }

  get bytes(): number {
    return this.#places.byteLength;
  }
}

function laneOf(key: number): number {
  return key === 0 ? 1 : key;
}

function firstPlace(first: number, second: number): number {
  return first ^ (second >>> 7);
}
