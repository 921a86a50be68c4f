// SPDX-License-Identifier: GPL-2.0-only
/** Saved states that wait to be expanded, first come first, in blocks that are used again. */

const BLOCK_WORDS = 1 << 20;

export interface Waiting {
  readonly block: Int32Array;
  readonly at: number;
}

export class Frontier {
  /** How many states wait. */
  length = 0;
  readonly #blocks: Int32Array[] = [];
  readonly #spare: Int32Array[] = [];
  /** How far each block but the last is filled. */
  readonly #ends: number[] = [];
  #head = 0;
  #tail = 0;
  #most = 0;

  /** Room for `words` words at the end: the place to save a state to. */
  reserve(words: number): Waiting {
    let block = this.#blocks.at(-1);
    if (block === undefined || this.#tail + words > block.length) {
      if (block !== undefined) this.#ends.push(this.#tail);
      const spare = words <= BLOCK_WORDS ? this.#spare.pop() : undefined;
      block = spare ?? new Int32Array(Math.max(BLOCK_WORDS, words));
      this.#blocks.push(block);
      this.#tail = 0;
      this.#most = Math.max(this.#most, this.#blocks.length);
    }
    return { block, at: this.#tail };
  }

  /** What reserve() gave is filled up to `end`. */
  push(end: number): void {
    this.#tail = end;
    this.length++;
  }

  /** The state that has waited longest; take() goes past it. Context: length is not 0. */
  first(): Waiting {
    if (this.#blocks.length > 1 && this.#head >= (this.#ends[0] as number)) {
      const spent = this.#blocks.shift() as Int32Array;
      this.#ends.shift();
      this.#head = 0;
      if (spent.length === BLOCK_WORDS) this.#spare.push(spent);
    }
    return { block: this.#blocks[0] as Int32Array, at: this.#head };
  }

  take(end: number): void {
    this.#head = end;
    this.length--;
  }

  /** The most memory that it took. */
  get bytes(): number {
    return this.#most * BLOCK_WORDS * 4;
  }
}
