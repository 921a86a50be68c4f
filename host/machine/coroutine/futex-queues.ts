// SPDX-License-Identifier: GPL-2.0-only
/** memory.atomic.wait32 and notify between coroutines: the queue of a word, first come first. */
import { FIELD, PAST, type Regions, STATUS } from "./regions.ts";

export const WAIT_OK = 0;
export const WAIT_NOT_EQUAL = 1;
export const WAIT_TIMED_OUT = 2;

export class FutexQueues {
  readonly #regions: Regions;
  readonly #threads: number;
  /** Threads whose region a wake-up changed: a bit each. */
  touched = 0;
  /** Whether the step has looked into a queue: then what it did depends on other threads' regions. */
  consulted = false;

  constructor(regions: Regions, threads: number) {
    this.#regions = regions;
    this.#threads = threads;
  }

  /** A step begins. */
  begin(): void {
    this.touched = 0;
    this.consulted = false;
  }

  #waitsOn(thread: number, address: number): boolean {
    const regions = this.#regions;
    if (regions.get(thread, FIELD.status) !== STATUS.waiting) return false;
    return regions.get(thread, FIELD.address) === address;
  }

  /** The thread is about to wait: what for is kept in its region until it goes on. */
  prepare(thread: number, expected: number, timeout: number, now: number): void {
    const never = timeout < 0 ? 0 : now + 1;
    this.#regions.set(thread, FIELD.expected, expected);
    this.#regions.set(thread, FIELD.deadline, timeout === 0 ? PAST : never);
  }

  /**
   * The wait itself: the word holds `value`.
   *
   * @returns true when the thread sleeps; else the result of the wait is in `expected`
   */
  wait(thread: number, address: number, site: number, value: number): boolean {
    const regions = this.#regions;
    this.consulted = true;
    const same = value === regions.get(thread, FIELD.expected);
    if (!same || regions.get(thread, FIELD.deadline) === PAST) {
      regions.set(thread, FIELD.expected, same ? WAIT_TIMED_OUT : WAIT_NOT_EQUAL);
      regions.set(thread, FIELD.deadline, 0);
      return false;
    }
    let order = 1;
    for (let t = 0; t < this.#threads; t++) if (this.#waitsOn(t, address)) order++;
    regions.set(thread, FIELD.status, STATUS.waiting);
    regions.set(thread, FIELD.site, site);
    regions.set(thread, FIELD.address, address);
    regions.set(thread, FIELD.order, order);
    return true;
  }

  /** Takes a thread out of its queue; what it waited for returns `result`. */
  wake(thread: number, result: number): void {
    const regions = this.#regions;
    this.consulted = true;
    const address = regions.get(thread, FIELD.address);
    const order = regions.get(thread, FIELD.order);
    regions.set(thread, FIELD.status, STATUS.woken);
    regions.set(thread, FIELD.expected, result);
    regions.set(thread, FIELD.deadline, 0);
    regions.set(thread, FIELD.order, 0);
    this.touched |= 1 << thread;
    for (let t = 0; t < this.#threads; t++) {
      if (!this.#waitsOn(t, address)) continue;
      const own = regions.get(t, FIELD.order);
      if (own < order) continue;
      regions.set(t, FIELD.order, own - 1);
      this.touched |= 1 << t;
    }
  }

  /** Wakes the first of the queue. @returns the thread, -1 when there is none */
  wakeFirst(address: number): number {
    this.consulted = true;
    for (let t = 0; t < this.#threads; t++) {
      if (!this.#waitsOn(t, address) || this.#regions.get(t, FIELD.order) !== 1) continue;
      this.wake(t, WAIT_OK);
      return t;
    }
    return -1;
  }
}
