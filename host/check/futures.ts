// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each thread may still access, by where it stands: learnt from the steps that were made.
 *
 * A location is the control stack of a thread: the call of its script, and the point in each frame. From
 * every step its location, its accesses to contended words and the location behind it are noted; what a
 * thread may access from a location on is the union over all that was seen to follow. Each time that
 * grows, what was decided by it before is in doubt: `grown` counts, and who explores begins anew.
 *
 * So when a step conflicts with nothing that any other thread may still access, no step of others can
 * come between that would make a difference: it is a persistent set by itself, and need be the only one
 * that is taken.
 */

import type { Interleaver } from "../machine/coroutine/interleaver.ts";

const READ = 1;
const WRITE = 2;
const NOTHING = new Int32Array(0);

interface Location {
  /** READ and WRITE, by the contended word's number: accesses from here on. */
  future: Uint8Array;
  readonly before: Set<Location>;
}

export class Futures {
  /** Grows whenever a location's future does. */
  grown = 0;
  readonly #locations = new Map<number, Location>();
  /** Number of each contended word. */
  readonly #numbers = new Map<number, number>();

  #numberOf(word: number): number {
    let number = this.#numbers.get(word);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(word, number);
    }
    return number;
  }

  #location(key: number): Location {
    let location = this.#locations.get(key);
    if (location === undefined) {
      location = { future: new Uint8Array(256), before: new Set() };
      this.#locations.set(key, location);
      this.grown++;
    }
    return location;
  }

  /** Takes `location`'s future to be at least `bits` at `number`, and that of all before it. */
  #spread(location: Location, number: number, bits: number): void {
    const todo = [location];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      if (number >= at.future.length) {
        const larger = new Uint8Array(Math.max(at.future.length * 2, number + 1));
        larger.set(at.future);
        at.future = larger;
      }
      const had = at.future[number] as number;
      if ((had | bits) === had) continue;
      at.future[number] = had | bits;
      this.grown++;
      todo.push(...at.before);
    }
  }

  /** A step led from location `from` to `to`. @param accesses - word << 1 | 1 for a write */
  learn(from: number, to: number, accesses: Int32Array, count: number): void {
    const location = this.#location(from);
    for (let i = 0; i < count; i++) {
      const access = accesses[i] as number;
      this.#spread(location, this.#numberOf(access >>> 1), (access & 1) !== 0 ? WRITE : READ);
    }
    const next = this.#location(to);
    if (next === location || next.before.has(location)) return;
    next.before.add(location);
    for (let number = 0; number < next.future.length; number++) {
      const bits = next.future[number] as number;
      if (bits !== 0) this.#spread(location, number, bits);
    }
  }

  /**
   * Thread `action` of `on` has just made a step. Whom it has woken goes on from where that thread slept: so
   * what follows the wake-up is what may follow the sleep.
   *
   * @param before - where each thread stood
   */
  learnStep(on: Interleaver, action: number, before: readonly number[]): void {
    const { accounts, queues } = on.machine;
    const [from, to] = [before[action] as number, on.location(action)];
    this.learn(from, to, accounts.noted, accounts.nrNoted);
    for (let left = queues.touched; left !== 0; left &= left - 1) {
      const woken = 31 - Math.clz32(left & -left);
      if (woken !== action) this.learn(before[woken] as number, on.location(woken), NOTHING, 0);
    }
  }

  /** Whether a thread at `location` may still make an access that conflicts with one of these. */
  conflicts(location: number, accesses: Int32Array, count: number): boolean {
    const found = this.#locations.get(location);
    if (found === undefined) return true;
    for (let i = 0; i < count; i++) {
      const access = accesses[i] as number;
      const number = this.#numbers.get(access >>> 1);
      if (number === undefined) return true;
      const bits = found.future[number] ?? 0;
      if ((bits & WRITE) !== 0 || ((access & 1) !== 0 && (bits & READ) !== 0)) return true;
    }
    return false;
  }
}
