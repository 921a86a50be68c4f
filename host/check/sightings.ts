// SPDX-License-Identifier: GPL-2.0-only
/**
 * States that random schedules met, and how likely the next one is new: the share of sightings that were
 * of a state that was seen once only.
 *
 * Source: Good, "The population frequencies of species and the estimation of population parameters", 1953.
 */
import { Visited } from "./visited.ts";

export class Sightings {
  readonly #visited = new Visited();
  /** By state: 1 for one that was seen once. */
  #seen = new Uint8Array(1 << 12);
  #all = 0;
  #once = 0;

  add(key1: number, key2: number): void {
    const number = this.#visited.add(key1, key2, 0, 0);
    this.#all++;
    if (number >= this.#seen.length) {
      const larger = new Uint8Array(this.#seen.length * 2);
      larger.set(this.#seen);
      this.#seen = larger;
    }
    if (this.#visited.isNew) {
      this.#seen[number] = 1;
      this.#once++;
    } else if (this.#seen[number] === 1) {
      this.#seen[number] = 2;
      this.#once--;
    }
  }

  /** States that were met. */
  get states(): number {
    return this.#visited.count;
  }

  /** Chance that a further sighting is of a new state, by Good's estimate. */
  get chanceOfNew(): number {
    return this.#once / Math.max(this.#all, 1);
  }

  get bytes(): number {
    return this.#visited.bytes + this.#seen.length;
  }
}
