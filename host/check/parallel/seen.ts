// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states that any worker has seen, as 64-bit hashes, in one table of all.
 *
 * Open addressing, linear probing, 8 bytes a place. Whoever puts the first lane into a free place owns it,
 * and then puts the second: who finds the first lane there waits for that. No lane is 0.
 */
import type { Meeting } from "./meeting.ts";

const FIRST_PLACES = 1 << 16;
const MOST_FULL = 0.6;
const PLACE_BYTES = 8;

export class Seen {
  readonly #meeting: Meeting;
  #places: Int32Array;
  #mask = 0;

  /** Context: all make it. */
  constructor(meeting: Meeting) {
    this.#meeting = meeting;
    this.#places = this.#share(FIRST_PLACES);
  }

  #share(places: number): Int32Array {
    const buffer = this.#meeting.share(() => new SharedArrayBuffer(places * PLACE_BYTES));
    this.#mask = places - 1;
    return new Int32Array(buffer);
  }

  /** Adds a state. @returns whether it is new */
  add(key1: number, key2: number): boolean {
    return !this.#find(key1, key2, true);
  }

  /** Whether a state was added, by whomever. */
  has(key1: number, key2: number): boolean {
    return this.#find(key1, key2, false);
  }

  /** @param adds - whether it is put there if it is not. @returns whether it was */
  #find(key1: number, key2: number, adds: boolean): boolean {
    const places = this.#places;
    const first = key1 === 0 ? 1 : key1;
    const second = key2 === 0 ? 1 : key2;
    for (let place = first ^ (second >>> 7); ; place++) {
      const at = 2 * (place & this.#mask);
      let there = Atomics.load(places, at);
      if (there === 0) {
        if (!adds) return false;
        there = Atomics.compareExchange(places, at, 0, first);
        if (there === 0) {
          Atomics.store(places, at + 1, second);
          return false;
        }
      }
      if (there === first && this.#second(at + 1) === second) return true;
    }
  }

  #second(at: number): number {
    for (;;) {
      const lane = Atomics.load(this.#places, at);
      if (lane !== 0) return lane;
    }
  }

  /** States from which on it is to grow. */
  get limit(): number {
    return Math.floor((this.#mask + 1) * MOST_FULL);
  }

  /** The worker's part of the table. */
  #part(places: Int32Array): [from: number, to: number] {
    const { worker, workers } = this.#meeting;
    const end = (i: number) => 2 * Math.floor((places.length * i) / (2 * workers));
    return [end(worker), end(worker + 1)];
  }

  /** Doubles it. Context: all call it. */
  grow(): void {
    const old = this.#places;
    this.#places = this.#share(old.length);
    const [from, to] = this.#part(old);
    for (let at = from; at < to; at += 2) {
      const first = old[at] as number;
      if (first !== 0) this.add(first, old[at + 1] as number);
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
