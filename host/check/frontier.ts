// SPDX-License-Identifier: GPL-2.0-only
/** Saved states that wait to be expanded. */

/** Small, so that few states take little; of many, blocks of this size are still few. */
const BLOCK_WORDS = 1 << 12;

export interface Waiting {
  readonly block: Int32Array;
  readonly at: number;
}

export interface Frontier {
  /** How many states wait. */
  readonly length: number;
  /** Room for `words` words: the place to save a state to. */
  reserve(words: number): Waiting;
  /** What reserve() gave is filled up to `end`. */
  push(end: number): void;
  /** The next state; it stays as it is until the next call. Context: length is not 0. */
  take(): Waiting;
  /** The most memory that it took. */
  readonly bytes: number;
}

/** First come first, in blocks that are used again. An entry: its length in words, then the state. */
export class QueueFrontier implements Frontier {
  length = 0;
  readonly #blocks: Int32Array[] = [];
  readonly #spare: Int32Array[] = [];
  /** How far each block but the last is filled. */
  readonly #ends: number[] = [];
  #head = 0;
  #tail = 0;
  #most = 0;

  reserve(words: number): Waiting {
    let block = this.#blocks.at(-1);
    if (block === undefined || this.#tail + words + 1 > block.length) {
      if (block !== undefined) this.#ends.push(this.#tail);
      const spare = words < BLOCK_WORDS ? this.#spare.pop() : undefined;
      block = spare ?? new Int32Array(Math.max(BLOCK_WORDS, words + 1));
      this.#blocks.push(block);
      this.#tail = 0;
      this.#most = Math.max(this.#most, this.#blocks.length);
    }
    return { block, at: this.#tail + 1 };
  }

  push(end: number): void {
    const block = this.#blocks.at(-1) as Int32Array;
    block[this.#tail] = end - this.#tail;
    this.#tail = end;
    this.length++;
  }

  take(): Waiting {
    if (this.#blocks.length > 1 && this.#head >= (this.#ends[0] as number)) {
      const spent = this.#blocks.shift() as Int32Array;
      this.#ends.shift();
      this.#head = 0;
      if (spent.length === BLOCK_WORDS) this.#spare.push(spent);
    }
    const block = this.#blocks[0] as Int32Array;
    const at = this.#head + 1;
    this.#head += block[this.#head] as number;
    this.length--;
    return { block, at };
  }

  get bytes(): number {
    return this.#most * BLOCK_WORDS * 4;
  }
}

/** Last come first. */
export class StackFrontier implements Frontier {
  #words = new Int32Array(BLOCK_WORDS);
  /** Where each entry begins. */
  readonly #starts: number[] = [];
  #end = 0;
  /** The entry that was taken last: others may be pushed over its place. */
  #taken = new Int32Array(0);

  get length(): number {
    return this.#starts.length;
  }

  reserve(words: number): Waiting {
    if (this.#end + words > this.#words.length) {
      const larger = new Int32Array(Math.max(this.#words.length * 2, this.#end + words));
      larger.set(this.#words);
      this.#words = larger;
    }
    return { block: this.#words, at: this.#end };
  }

  push(end: number): void {
    this.#starts.push(this.#end);
    this.#end = end;
  }

  take(): Waiting {
    const start = this.#starts.pop() as number;
    if (this.#taken.length < this.#end - start) this.#taken = new Int32Array(this.#end - start);
    this.#taken.set(this.#words.subarray(start, this.#end));
    this.#end = start;
    return { block: this.#taken, at: 0 };
  }

  get bytes(): number {
    return this.#words.byteLength;
  }
}
