// SPDX-License-Identifier: GPL-2.0-only
/**
 * How each state was first reached: from which state, by which action. Five bytes a state.
 *
 * With several workers each has its own; a state's number is that among its worker's own, times the
 * workers, plus the worker: so the start, which is worker 0's first, is 0.
 */
import { longer } from "./longer.ts";

const FIRST = 1 << 10;

export class Ways {
  #parents = new Int32Array(FIRST);
  #actions = new Uint8Array(FIRST);
  count = 0;

  /** @returns the state's number among the worker's own */
  add(parent: number, action: number): number {
    if (this.count >= this.#parents.length) this.#grow();
    this.#parents[this.count] = parent;
    this.#actions[this.count] = action;
    return this.count++;
  }

  #grow(): void {
    this.#parents = longer(this.#parents);
    this.#actions = longer(this.#actions);
  }

  get parents(): Int32Array<ArrayBuffer> {
    return this.#parents;
  }

  get actions(): Uint8Array<ArrayBuffer> {
    return this.#actions;
  }

  get bytes(): number {
    return this.#parents.length * 5;
  }
}

/** @param all - of each worker. @returns the actions that first led from the start to `state` */
export function wayTo(all: readonly Pick<Ways, "parents" | "actions">[], state: number): number[] {
  const way: number[] = [];
  for (let at = state; at > 0; ) {
    const ways = all[at % all.length] as Ways;
    const own = Math.floor(at / all.length);
    way.push(ways.actions[own] as number);
    at = ways.parents[own] as number;
  }
  return way.reverse();
}
