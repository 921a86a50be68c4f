// SPDX-License-Identifier: GPL-2.0-only
/**
 * The graph of what was explored: for each state the steps that lead on, and who could run. Five bytes a
 * step and five a state.
 */
import { longer } from "./longer.ts";

export interface Graph {
  /** More than the number of any state that was expanded. */
  readonly states: number;
  /** The steps of a state are numbered from firstOf() up to, and without, endOf(). */
  firstOf(state: number): number;
  endOf(state: number): number;
  /** State that a step leads to; it may not have been expanded. */
  to(edge: number): number;
  action(edge: number): number;
  /** Threads that could go on from a state: a bit each. */
  runnable(state: number): number;
}

/** Of states in the order of their expansion: their steps are those from `first` of one to that of the next. */
export interface Rows {
  readonly first: Int32Array<ArrayBuffer>;
  readonly runnable: Uint8Array<ArrayBuffer>;
  readonly to: Int32Array<ArrayBuffer>;
  readonly actions: Uint8Array<ArrayBuffer>;
}

const FIRST = 1 << 10;

/** Of one search, which expands states in the order of their numbers; else a state's number here is its turn. */
export class Edges implements Graph {
  /** First edge of each state. */
  #first = new Int32Array(FIRST);
  #runnable = new Uint8Array(FIRST);
  #states = 0;
  #to = new Int32Array(FIRST);
  #actions = new Uint8Array(FIRST);
  #edges = 0;

  /** The next state is expanded. @param runnable - threads that can go on: a bit each */
  begin(runnable: number): void {
    if (this.#states + 1 >= this.#first.length) {
      this.#first = longer(this.#first);
      this.#runnable = longer(this.#runnable);
    }
    this.#runnable[this.#states] = runnable;
    this.#first[this.#states++] = this.#edges;
    this.#first[this.#states] = this.#edges;
  }

  /** The state that was begun leads to state `to`. */
  add(to: number, action: number): void {
    if (this.#edges >= this.#to.length) {
      this.#to = longer(this.#to);
      this.#actions = longer(this.#actions);
    }
    this.#to[this.#edges] = to;
    this.#actions[this.#edges++] = action;
    this.#first[this.#states] = this.#edges;
  }

  /** States that were expanded. */
  get states(): number {
    return this.#states;
  }

  firstOf(state: number): number {
    return this.#first[state] as number;
  }

  endOf(state: number): number {
    return this.#first[state + 1] as number;
  }

  to(edge: number): number {
    return this.#to[edge] as number;
  }

  action(edge: number): number {
    return this.#actions[edge] as number;
  }

  runnable(state: number): number {
    return this.#runnable[state] as number;
  }

  get rows(): Rows {
    return {
      first: this.#first.subarray(0, this.#states + 1),
      runnable: this.#runnable.subarray(0, this.#states),
      to: this.#to.subarray(0, this.#edges),
      actions: this.#actions.subarray(0, this.#edges),
    };
  }

  get bytes(): number {
    return this.#first.length * 5 + this.#to.length * 5;
  }
}
