// SPDX-License-Identifier: GPL-2.0-only
/**
 * Breadth first: every state that some schedule reaches, once, nearest first. So the first violation
 * that is met is at the end of a schedule of the fewest steps.
 */
import { type Interleaver, TICK } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { Frontier } from "./frontier.ts";
import type { Futures } from "./futures.ts";
import { Visited } from "./visited.ts";

/** Words before a saved state: its number and its depth. */
const PREFIX = 2;

export interface Limits {
  readonly maxStates: number;
  readonly memoryBytes: number;
  /** Called every few thousand states. @returns true to stop */
  readonly onProgress: (soFar: Counts, waiting: number) => boolean;
}

export interface Counts {
  states: number;
  transitions: number;
  /** Steps of the longest of the shortest schedules. */
  depth: number;
}

export type Found =
  | { readonly kind: "exhausted" }
  | { readonly kind: "violated"; readonly violation: Violation; readonly actions: number[] }
  | { readonly kind: "stopped"; readonly why: "states" | "memory" | "interrupted" }
  /** A run found two threads at a word that was thought to be one's own: all is to begin anew. */
  | { readonly kind: "contended" };

export interface Explored {
  readonly found: Found;
  readonly counts: Counts;
  readonly bytes: number;
}

const PROGRESS_EVERY = 4096;

export class BreadthFirst {
  readonly #on: Interleaver;
  /** Null: every step is taken that is possible. */
  readonly #futures: Futures | null;
  readonly #locations: number[] = [];
  readonly #limits: Limits;
  readonly #visited = new Visited();
  readonly #frontier = new Frontier();
  readonly #counts: Counts = { states: 0, transitions: 0, depth: 0 };
  readonly #actions: number[] = [];

  constructor(on: Interleaver, limits: Limits, futures: Futures | null) {
    this.#on = on;
    this.#futures = futures;
    this.#limits = limits;
  }

  run(): Explored {
    let found: Found;
    try {
      found = this.#explore();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      found = { kind: "violated", violation: error, actions: [] };
    }
    const bytes = this.#visited.bytes + this.#frontier.bytes;
    return { found, counts: this.#counts, bytes };
  }

  /** @returns whether the state is new */
  #add(parent: number, action: number, depth: number): boolean {
    const on = this.#on;
    const number = this.#visited.add(on.key1, on.key2, parent, action);
    if (!this.#visited.isNew) return false;
    const words = on.savedWords + PREFIX;
    const { block, at } = this.#frontier.reserve(words);
    block[at] = number;
    block[at + 1] = depth;
    this.#frontier.push(on.save(block, at + PREFIX));
    this.#counts.states++;
    this.#counts.depth = depth;
    return true;
  }

  #explore(): Found {
    const on = this.#on;
    const { tracked } = on.machine;
    const contentions = tracked.contentions;
    const grown = this.#futures?.grown;
    on.restart();
    if (tracked.contentions !== contentions) return { kind: "contended" };
    this.#add(0, 0, 0);
    let next = PROGRESS_EVERY;
    while (this.#frontier.length > 0) {
      const { block, at } = this.#frontier.first();
      const [number, depth] = [block[at] as number, block[at + 1] as number];
      on.load(block, at + PREFIX);
      this.#frontier.take(on.loadedEnd);
      const violation = this.#expand(number, depth);
      if (tracked.contentions !== contentions) return { kind: "contended" };
      if (violation !== null) return violation;
      if (this.#counts.transitions < next) continue;
      next = this.#counts.transitions + PROGRESS_EVERY;
      const stop = this.#stop();
      if (stop !== null) return stop;
    }
    return this.#futures?.grown === grown ? { kind: "exhausted" } : { kind: "contended" };
  }

  #stop(): Found | null {
    const { maxStates, memoryBytes, onProgress } = this.#limits;
    if (this.#counts.states > maxStates) return { kind: "stopped", why: "states" };
    const bytes = this.#visited.bytes + this.#frontier.bytes;
    if (bytes > memoryBytes) return { kind: "stopped", why: "memory" };
    const stop = onProgress(this.#counts, this.#frontier.length);
    return stop ? { kind: "stopped", why: "interrupted" } : null;
  }

  #violated(violation: Violation, number: number, action: number | null): Found {
    const actions = this.#visited.wayTo(number);
    if (action !== null) actions.push(action);
    return { kind: "violated", violation, actions };
  }

  /** Makes every step that the state loaded allows. */
  #expand(number: number, depth: number): Found | null {
    const on = this.#on;
    const actions = this.#actions;
    const count = on.actions(actions);
    if (count === 0) return this.#end(number);
    const [key1, key2] = [on.key1, on.key2];
    const futures = this.#futures;
    if (futures !== null) {
      for (let t = 0; t < on.threads; t++) this.#locations[t] = on.machine.regions.location(t);
    }
    let moved = false;
    for (let i = 0; i < count; i++) {
      const action = actions[i] as number;
      try {
        on.perform(action);
        this.#counts.transitions++;
        const alone = futures !== null && action !== TICK && this.#isAlone(futures, action);
        if (on.key1 !== key1 || on.key2 !== key2) {
          moved = true;
          // A new state: else the others could be put off round a cycle for ever.
          if (this.#add(number, action, depth + 1) && alone) {
            on.takeBack();
            return null;
          }
        }
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        on.takeBack();
        return this.#violated(error, number, action);
      }
      on.takeBack();
    }
    if (moved) return null;
    const violation = new Violation(
      "livelock",
      "whoever can run looks at words that nobody changes",
    );
    return this.#violated(violation, number, null);
  }

  /** Notes the step just made. @returns whether nothing that others may still do conflicts with it */
  #isAlone(futures: Futures, action: number): boolean {
    const { machine, threads } = this.#on;
    const { noted } = machine.accounts;
    futures.learn(this.#locations[action] as number, machine.regions.location(action), noted);
    if (machine.queues.touched !== 0) return false;
    for (let t = 0; t < threads; t++) {
      if (t === action || this.#on.ended(t)) continue;
      if (futures.conflicts(this.#locations[t] as number, noted)) return false;
    }
    return true;
  }

  /** Nobody can go on. */
  #end(number: number): Found | null {
    const on = this.#on;
    if (!on.finished) return this.#violated(stuck(on), number, null);
    try {
      on.finish();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      on.takeBack();
      return this.#violated(error, number, null);
    }
    on.takeBack();
    return null;
  }
}

function stuck(on: Interleaver): Violation {
  const lost = on.sleepers().find(({ changed }) => changed);
  if (lost !== undefined) {
    return new Violation(
      "lost wake-up",
      `${lost.name} sleeps on a word that has changed`,
      lost.address,
    );
  }
  const names = on.sleepers().map(({ name }) => name);
  return new Violation("deadlock", `${names.join(", ")}: asleep, with nobody to wake them`);
}
