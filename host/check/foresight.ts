// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where the actions of a state lead, as far as that is known without doing them, looked up all at once: a
 * table of many states is not in any cache, and so its lines are waited for together.
 */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Bound } from "./bound.ts";

/** States that were seen. */
export interface Table {
  /** Numbers of the first `count` of these states; -1: it was not seen. */
  numbersOf(keys1: Int32Array, keys2: Int32Array, count: number, out: Int32Array): void;
}

/** What is known of where an action leads: nothing; to the same state of the machine; to another. */
const UNKNOWN = 0;
const STAYS = 1;
const MOVES = 2;
/** Threads that go on or drain: more actions than these no state has. */
const ACTIONS_MOST = 1 << 10;

export class Foresight {
  readonly #on: Interleaver;
  readonly #bound: Bound;
  readonly #table: Table;
  readonly #keys1 = new Int32Array(ACTIONS_MOST);
  readonly #keys2 = new Int32Array(ACTIONS_MOST);
  readonly #known = new Uint8Array(ACTIONS_MOST);
  readonly #numbers = new Int32Array(ACTIONS_MOST);

  constructor(on: Interleaver, bound: Bound, table: Table) {
    this.#on = on;
    this.#bound = bound;
    this.#table = table;
  }

  /** Looks where the first `count` of `actions` lead. */
  look(actions: readonly number[], count: number): void {
    const on = this.#on;
    for (let i = 0; i < count; i++) {
      const action = actions[i] as number;
      if (!on.foresee(action)) {
        this.#known[i] = UNKNOWN;
        continue;
      }
      const stays = on.nextKey1 === on.key1 && on.nextKey2 === on.key2;
      this.#known[i] = stays ? STAYS : MOVES;
      this.#keys1[i] = this.#bound.keyBehind(action, on.nextKey1);
      this.#keys2[i] = on.nextKey2;
    }
    this.#table.numbersOf(this.#keys1, this.#keys2, count, this.#numbers);
  }

  /** The state that was seen and that the action at `i` leads to; -1: it is to be done to know. */
  numberOf(i: number): number {
    return this.#known[i] === UNKNOWN ? -1 : (this.#numbers[i] as number);
  }

  /** Whether that is another state of the machine. */
  moves(i: number): boolean {
    return this.#known[i] === MOVES;
  }
}
