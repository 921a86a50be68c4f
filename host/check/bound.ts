// SPDX-License-Identifier: GPL-2.0-only
/**
 * At most so many preemptions: switches away from a thread that could go on. What is left of the bound,
 * and the thread that ran last, are then part of the state.
 *
 * Source: Musuvathi, Qadeer, "Iterative context bounding for systematic testing of multithreaded
 * programs", 2007: most bugs show with two.
 */
import { TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { mix1 } from "../machine/coroutine/tracked-memory.ts";

const NOBODY = 15;

export class Bound {
  readonly #on: Interleaver;
  readonly #most: number | null;
  /** Steps that were left out for the bound's sake. */
  left = 0;
  /** Of the state that is expanded: the thread that ran last, and preemptions so far. */
  #last = NOBODY;
  #used = 0;
  /** The same, of the state that the last step led to, packed: to be saved with it. */
  word = NOBODY;

  constructor(on: Interleaver, most: number | null) {
    this.#on = on;
    this.#most = most;
  }

  /** Goes to a state that was saved with `word`. */
  enter(word: number): void {
    this.#last = word & 15;
    this.#used = word >>> 4;
  }

  /** Of the `count` possible actions, moves those that the bound allows to the front; returns how many. */
  restrict(actions: number[], count: number): number {
    if (this.#most === null || this.#used < this.#most) return count;
    const last = this.#last;
    if (last === NOBODY || !this.#on.canRun(last)) return count;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const action = actions[i] as number;
      if (action === last || action >= TICK) actions[kept++] = action;
    }
    this.left += count - kept;
    return kept;
  }

  /** `action` was taken. Context: before it is taken back. */
  take(action: number): void {
    this.word = this.#wordBehind(action);
  }

  #wordBehind(action: number): number {
    if (this.#most === null) return NOBODY;
    if (action >= TICK) return this.#last | (this.#used << 4);
    return action | ((this.#used + this.#costOf(action)) << 4);
  }

  /** A thread that the step woke or ended is no reason: what counts is whether it could have gone on. */
  #costOf(action: number): number {
    const last = this.#last;
    return last !== NOBODY && last !== action && this.#on.couldRun(last) ? 1 : 0;
  }

  /** A lane of the state's hash, told apart by what is left of the bound. */
  key(key1: number): number {
    return this.#keyWith(key1, this.word);
  }

  /** The same, of the state that `action` leads to. */
  keyBehind(action: number, key1: number): number {
    return this.#keyWith(key1, this.#wordBehind(action));
  }

  #keyWith(key1: number, word: number): number {
    return this.#most === null ? key1 : (key1 + mix1(word, 0x5bd1e995)) | 0;
  }
}
