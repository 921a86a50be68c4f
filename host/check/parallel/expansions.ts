// SPDX-License-Identifier: GPL-2.0-only
/** What a worker notes of the states that it expands, for who looks for cycles. */
import { Edges } from "../edges.ts";
import { longer } from "../longer.ts";
import type { Part } from "./graph.ts";

const FIRST = 1 << 10;

export class Expansions {
  readonly #edges = new Edges();
  #expanded = new Int32Array(FIRST);

  /** State number `state` is expanded next. @param runnable - threads that can go on: a bit each */
  begin(state: number, runnable: number): void {
    const turn = this.#edges.states;
    if (turn === this.#expanded.length) this.#expanded = longer(this.#expanded);
    this.#expanded[turn] = state;
    this.#edges.begin(runnable);
  }

  /** It leads to state `to`. */
  add(to: number, action: number): void {
    this.#edges.add(to, action);
  }

  get part(): Part {
    const expanded = this.#expanded.subarray(0, this.#edges.states);
    return { ...this.#edges.rows, expanded };
  }

  get bytes(): number {
    return this.#edges.bytes + this.#expanded.byteLength;
  }
}
