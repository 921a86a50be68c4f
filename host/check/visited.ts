// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states that were seen, as 64-bit hashes, each with its number and how it was first reached.
 *
 * Open addressing, linear probing, at most 7 in 10 places taken, and growing by half: 17 to 26 bytes a
 * state, and 5 to 6 for the way to it. Two states of one hash count as one: see collisionBound().
 */
import type { Table } from "./foresight.ts";
import { touchPages } from "./pages.ts";
import { Ways, wayTo } from "./ways.ts";

const FIRST_PLACES = 1 << 10;
const GROWTH = 1.5;
const MOST_FULL = 0.7;
const PLACE_WORDS = 3;

export class Visited implements Table {
  /** Places, over 2^32. */
  #scale = FIRST_PLACES / 2 ** 32;
  /** PLACE_WORDS a place: two lanes of the hash, and the state's number plus 1; 0: free. */
  #places = new Int32Array(FIRST_PLACES * PLACE_WORDS);
  readonly #ways = new Ways();
  /** What numbersOf() has read first: an engine leaves nothing out that is kept. */
  #touched = 0;
  /** Whether the last add() was of a new state. */
  isNew = false;

  /** How many states there are; they are numbered from 0. */
  get count(): number {
    return this.#ways.count;
  }

  #firstPlace(key1: number, key2: number): number {
    const hash = (key1 ^ (key2 >>> 7)) >>> 0;
    return Math.trunc(hash * this.#scale) * PLACE_WORDS;
  }

  /** Where the state is; or, as a negative number, ~ the place that is free for it. */
  #find(key1: number, key2: number): number {
    const places = this.#places;
    for (let at = this.#firstPlace(key1, key2); ; ) {
      if (places[at + 2] === 0) return ~at;
      if (places[at] === key1 && places[at + 1] === key2) return at;
      at += PLACE_WORDS;
      if (at === places.length) at = 0;
    }
  }

  /** The state's number; -1 when it was not seen. */
  numberOf(key1: number, key2: number): number {
    const at = this.#find(key1, key2);
    return at < 0 ? -1 : (this.#places[at + 2] as number) - 1;
  }

  /** As numberOf(), of each. The first places are read before any is looked at: so they come together. */
  numbersOf(keys1: Int32Array, keys2: Int32Array, count: number, out: Int32Array): void {
    const places = this.#places;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      touched ^= places[this.#firstPlace(keys1[i] as number, keys2[i] as number)] as number;
    }
    this.#touched ^= touched;
    for (let i = 0; i < count; i++) out[i] = this.numberOf(keys1[i] as number, keys2[i] as number);
  }

  /**
   * Adds the state, unless it is there.
   *
   * @param parent - number of the state that it was reached from, by `action`
   * @returns the state's number
   */
  add(key1: number, key2: number, parent: number, action: number): number {
    const found = this.#find(key1, key2);
    const places = this.#places;
    this.isNew = found < 0;
    if (found >= 0) return (places[found + 2] as number) - 1;
    const number = this.#ways.add(parent, action);
    places[~found] = key1;
    places[~found + 1] = key2;
    places[~found + 2] = number + 1;
    if (this.count * PLACE_WORDS > places.length * MOST_FULL) this.#grow();
    return number;
  }

  #grow(): void {
    const old = this.#places;
    const count = Math.ceil((GROWTH * old.length) / PLACE_WORDS);
    this.#places = new Int32Array(count * PLACE_WORDS);
    touchPages(this.#places);
    this.#scale = count / 2 ** 32;
    for (let from = 0; from < old.length; from += PLACE_WORDS) {
      if (old[from + 2] === 0) continue;
      const at = ~this.#find(old[from] as number, old[from + 1] as number);
      for (let i = 0; i < PLACE_WORDS; i++) this.#places[at + i] = old[from + i] as number;
    }
  }

  /** The actions that first led from the start to state `number`. */
  wayTo(number: number): number[] {
    return wayTo([this.#ways], number);
  }

  /** Memory that this takes now. */
  get bytes(): number {
    return this.#places.byteLength + this.#ways.bytes;
  }
}

/** Upper bound of the chance that any two of `states` states had one 64-bit hash: n² / 2^65. */
export function collisionBound(states: number): number {
  return Math.min(1, states ** 2 / 2 ** 65);
}
