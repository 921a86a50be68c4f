// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states that were seen, as 64-bit hashes, each with its number and how it was first reached.
 *
 * Open addressing, linear probing, at most 7 in 10 places taken: 17 to 34 bytes a state, and 5 for the
 * way to it. Two states of one hash count as one: see collisionBound().
 */
import { Ways, wayTo } from "./ways.ts";

const FIRST_PLACES = 1 << 12;
const MOST_FULL = 0.7;
const PLACE_WORDS = 3;
const RECENT_MASK = (1 << 14) - 1;

export class Visited {
  #mask = FIRST_PLACES - 1;
  /** PLACE_WORDS a place: two lanes of the hash, and the state's number plus 1; 0: free. */
  #places = new Int32Array(FIRST_PLACES * PLACE_WORDS);
  /** The same of states that were met lately: most are met again soon, and this stays near the processor. */
  readonly #recent = new Int32Array((RECENT_MASK + 1) * PLACE_WORDS);
  readonly #ways = new Ways();
  /** Whether the last add() was of a new state. */
  isNew = false;

  /** How many states there are; they are numbered from 0. */
  get count(): number {
    return this.#ways.count;
  }

  /**
   * Adds the state, unless it is there.
   *
   * @param parent - number of the state that it was reached from, by `action`
   * @returns the state's number
   */
  add(key1: number, key2: number, parent: number, action: number): number {
    const recent = this.#recent;
    const slot = (key1 & RECENT_MASK) * PLACE_WORDS;
    if (recent[slot] === key1 && recent[slot + 1] === key2) {
      const number = recent[slot + 2] as number;
      if (number !== 0) {
        this.isNew = false;
        return number - 1;
      }
    }
    const number = this.#find(key1, key2, parent, action);
    recent[slot] = key1;
    recent[slot + 1] = key2;
    recent[slot + 2] = number + 1;
    return number;
  }

  #find(key1: number, key2: number, parent: number, action: number): number {
    const places = this.#places;
    let place = (key1 ^ (key2 >>> 7)) & this.#mask;
    for (;;) {
      const at = place * PLACE_WORDS;
      const number = places[at + 2] as number;
      if (number === 0) break;
      if (places[at] === key1 && places[at + 1] === key2) {
        this.isNew = false;
        return number - 1;
      }
      place = (place + 1) & this.#mask;
    }
    this.isNew = true;
    const number = this.#ways.add(parent, action);
    const at = place * PLACE_WORDS;
    places[at] = key1;
    places[at + 1] = key2;
    places[at + 2] = number + 1;
    if (this.count > (this.#mask + 1) * MOST_FULL) this.#grow();
    return number;
  }

  #grow(): void {
    const old = this.#places;
    const count = (this.#mask + 1) * 2;
    const places = new Int32Array(count * PLACE_WORDS);
    this.#places = places;
    this.#mask = count - 1;
    for (let from = 0; from < old.length; from += PLACE_WORDS) {
      if (old[from + 2] === 0) continue;
      const [key1, key2] = [old[from] as number, old[from + 1] as number];
      let place = (key1 ^ (key2 >>> 7)) & this.#mask;
      while (places[place * PLACE_WORDS + 2] !== 0) place = (place + 1) & this.#mask;
      places[place * PLACE_WORDS] = key1;
      places[place * PLACE_WORDS + 1] = key2;
      places[place * PLACE_WORDS + 2] = old[from + 2] as number;
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
