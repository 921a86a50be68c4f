// SPDX-License-Identifier: GPL-2.0-only
/**
 * The states that were seen, as 64-bit hashes, each with its number and how it was first reached.
 *
 * Open addressing, linear probing, at most 7 in 10 places taken: 17 to 34 bytes a state, and 5 for the
 * way to it. Two states of one hash count as one: see collisionBound().
 */

const FIRST_PLACES = 1 << 12;
const MOST_FULL = 0.7;

export class Visited {
  /** How many states there are; they are numbered from 0. */
  count = 0;
  #mask = FIRST_PLACES - 1;
  #key1 = new Int32Array(FIRST_PLACES);
  #key2 = new Int32Array(FIRST_PLACES);
  /** Number of the state plus 1; 0: free. */
  #number = new Int32Array(FIRST_PLACES);
  #parents = new Int32Array(FIRST_PLACES);
  #actions = new Uint8Array(FIRST_PLACES);
  /** Whether the last add() was of a new state. */
  isNew = false;

  /**
   * Adds the state, unless it is there.
   *
   * @param parent - number of the state that it was reached from, by `action`
   * @returns the state's number
   */
  add(key1: number, key2: number, parent: number, action: number): number {
    let place = (key1 ^ (key2 >>> 7)) & this.#mask;
    for (;;) {
      const number = this.#number[place] as number;
      if (number === 0) break;
      if (this.#key1[place] === key1 && this.#key2[place] === key2) {
        this.isNew = false;
        return number - 1;
      }
      place = (place + 1) & this.#mask;
    }
    this.isNew = true;
    const number = this.count++;
    this.#key1[place] = key1;
    this.#key2[place] = key2;
    this.#number[place] = number + 1;
    if (number >= this.#parents.length) this.#growWays();
    this.#parents[number] = parent;
    this.#actions[number] = action;
    if (this.count > (this.#mask + 1) * MOST_FULL) this.#grow();
    return number;
  }

  #growWays(): void {
    const size = Math.ceil(this.#parents.length * 1.5);
    const parents = new Int32Array(size);
    parents.set(this.#parents);
    this.#parents = parents;
    const actions = new Uint8Array(size);
    actions.set(this.#actions);
    this.#actions = actions;
  }

  #grow(): void {
    const places = (this.#mask + 1) * 2;
    const [key1, key2, number] = [this.#key1, this.#key2, this.#number];
    this.#key1 = new Int32Array(places);
    this.#key2 = new Int32Array(places);
    this.#number = new Int32Array(places);
    this.#mask = places - 1;
    for (let i = 0; i < number.length; i++) {
      if (number[i] === 0) continue;
      const [a, b] = [key1[i] as number, key2[i] as number];
      let place = (a ^ (b >>> 7)) & this.#mask;
      while (this.#number[place] !== 0) place = (place + 1) & this.#mask;
      this.#key1[place] = a;
      this.#key2[place] = b;
      this.#number[place] = number[i] as number;
    }
  }

  /** The actions that first led from the start to state `number`. */
  wayTo(number: number): number[] {
    const actions: number[] = [];
    for (let at = number; at > 0; at = this.#parents[at] as number) {
      actions.push(this.#actions[at] as number);
    }
    return actions.reverse();
  }

  /** Memory that this takes now. */
  get bytes(): number {
    return (this.#mask + 1) * 12 + this.#parents.length * 5;
  }
}

/** Upper bound of the chance that any two of `states` states had one 64-bit hash: n² / 2^65. */
export function collisionBound(states: number): number {
  return Math.min(1, states ** 2 / 2 ** 65);
}
