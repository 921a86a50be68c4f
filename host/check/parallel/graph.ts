// SPDX-License-Identifier: GPL-2.0-only
/** The graph that several workers have explored, each some states of it, as one. */
import type { Graph } from "../edges.ts";
import type { Ended } from "./protocol.ts";

export type Part = NonNullable<Ended["graph"]>;

export class JoinedGraph implements Graph {
  readonly states: number;
  /** By state: its steps among all; and who could run. */
  readonly #first: Int32Array;
  readonly #end: Int32Array;
  readonly #runnable: Uint8Array;
  readonly #to: Int32Array;
  readonly #actions: Uint8Array;

  /** @param states - more than the number of any state */
  constructor(parts: readonly Part[], states: number) {
    const edges = parts.reduce((sum, { to }) => sum + to.length, 0);
    this.states = states;
    this.#first = new Int32Array(states);
    this.#end = new Int32Array(states);
    this.#runnable = new Uint8Array(states);
    this.#to = new Int32Array(edges);
    this.#actions = new Uint8Array(edges);
    let before = 0;
    for (const { expanded, first, runnable, to, actions } of parts) {
      this.#to.set(to, before);
      this.#actions.set(actions, before);
      for (const [row, state] of expanded.entries()) {
        this.#first[state] = before + (first[row] as number);
        this.#end[state] = before + (first[row + 1] as number);
        this.#runnable[state] = runnable[row] as number;
      }
      before += to.length;
    }
  }

  firstOf(state: number): number {
    return this.#first[state] as number;
  }

  endOf(state: number): number {
    return this.#end[state] as number;
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
}
