// SPDX-License-Identifier: GPL-2.0-only
/** Parts of states that another machine keeps: each is kept here too, once it is met. */
import { type Components, KEPT, viewOf } from "./components.ts";

export class ForeignParts {
  readonly #buffer: SharedArrayBuffer;
  readonly #own: Components;
  #words: Int32Array;
  readonly #places = new Map<number, number>();

  /** @param buffer - that the other machine has shared its components in; it holds what is asked for */
  constructor(buffer: SharedArrayBuffer, own: Components) {
    this.#buffer = buffer;
    this.#own = own;
    this.#words = viewOf(buffer);
  }

  /** @returns where what is kept there at `entry` is kept here */
  placeOf(entry: number): number {
    return this.#places.get(entry) ?? this.#adopt(entry);
  }

  #adopt(entry: number): number {
    this.#reach(entry + KEPT);
    const count = this.#words[entry] as number;
    this.#reach(entry + KEPT + count);
    const words = this.#words;
    const [hash1, hash2] = [words[entry + 1] as number, words[entry + 2] as number];
    const place = this.#own.keep(hash1, hash2, words, entry + KEPT, count);
    this.#places.set(entry, place);
    return place;
  }

  /** The view goes up to `end`, as its buffer does. */
  #reach(end: number): void {
    if (end > this.#words.length) this.#words = viewOf(this.#buffer);
  }
}
