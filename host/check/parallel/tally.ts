// SPDX-License-Identifier: GPL-2.0-only
/** What a worker has counted, where all see it, and how that compares with the limits of all. */
import type { SearchOptions } from "../explored.ts";
import { FIGURE, FIGURES, type Shared, SIGNAL, sumOf } from "./protocol.ts";

export type Limits = Pick<SearchOptions, "maxStates" | "memoryBytes">;

export class Tally {
  readonly #all: Float64Array;
  readonly #own: Float64Array;
  readonly #limits: Limits;
  #transitions = 0;
  #expanded = 0;

  constructor({ figures }: Shared, worker: number, limits: Limits) {
    this.#all = figures;
    this.#own = figures.subarray(FIGURES * worker, FIGURES * (worker + 1));
    this.#limits = limits;
  }

  clear(): void {
    this.#transitions = 0;
    this.#expanded = 0;
    this.#own.fill(0);
  }

  /** States that all have found. */
  get states(): number {
    return sumOf(this.#all, FIGURE.states);
  }

  /** It has found so many states by now, the last at `depth`. */
  found(states: number, depth: number): void {
    this.#own[FIGURE.states] = states;
    this.#own[FIGURE.depth] = depth;
  }

  /** It has expanded another state, in so many transitions. */
  expanded(transitions: number): void {
    this.#transitions += transitions;
    this.#own[FIGURE.transitions] = this.#transitions;
    this.#own[FIGURE.expanded] = ++this.#expanded;
  }

  /**
   * Looks at the limits.
   *
   * @param bytes - that the worker takes now
   * @param room - states that the table has room for
   * @returns bits of SIGNAL
   */
  signals(bytes: number, room: number): number {
    this.#own[FIGURE.bytes] = bytes;
    const { states } = this;
    let signals = states > room ? SIGNAL.grow : 0;
    if (states > this.#limits.maxStates) signals |= SIGNAL.states;
    if (sumOf(this.#all, FIGURE.bytes) > this.#limits.memoryBytes) signals |= SIGNAL.memory;
    return signals;
  }
}
