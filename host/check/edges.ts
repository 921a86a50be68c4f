// SPDX-License-Identifier: GPL-2.0-only
/**
 * The graph of what was explored: for each state the steps that lead on, and who could run. Five bytes a
 * step and five a state.
 */

const FIRST = 1 << 12;

function larger<A extends Int32Array | Uint8Array>(array: A, made: A): A {
  made.set(array);
  return made;
}

export class Edges {
  /** First edge of each state, by number; states are expanded in the order of their numbers. */
  #first = new Int32Array(FIRST);
  #runnable = new Uint8Array(FIRST);
  #states = 0;
  #to = new Int32Array(FIRST);
  #actions = new Uint8Array(FIRST);
  #edges = 0;

  /** The next state is expanded. @param runnable - threads that can go on: a bit each */
  begin(runnable: number): void {
    if (this.#states + 1 >= this.#first.length) {
      const size = Math.ceil(this.#first.length * 1.5);
      this.#first = larger(this.#first, new Int32Array(size));
      this.#runnable = larger(this.#runnable, new Uint8Array(size));
    }
    this.#runnable[this.#states] = runnable;
    this.#first[this.#states++] = this.#edges;
    this.#first[this.#states] = this.#edges;
  }

  /** The state that was begun leads to state `to`. */
  add(to: number, action: number): void {
    if (this.#edges >= this.#to.length) {
      const size = Math.ceil(this.#to.length * 1.5);
      this.#to = larger(this.#to, new Int32Array(size));
      this.#actions = larger(this.#actions, new Uint8Array(size));
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

  to(edge: number): number {
    return this.#to[edge] as number;
  }

  action(edge: number): number {
    return this.#actions[edge] as number;
  }

  runnable(state: number): number {
    return this.#runnable[state] as number;
  }

  get bytes(): number {
    return this.#first.length * 5 + this.#to.length * 5;
  }
}
