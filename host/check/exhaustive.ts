// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every state that some schedule reaches, once. Breadth first: nearest first, so that the first violation
 * that is met is at the end of a schedule of the fewest steps. Depth first: what is far from the start
 * sooner.
 *
 * A data race does not end the search: it is the answer if nothing worse is found, and mostly something
 * is. What follows it was explored all the same, though steps may have been left out there that would make
 * a difference.
 */
import { CLOCK_ADDRESS } from "../machine/coroutine/accounts.ts";
import { TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { Bound } from "./bound.ts";
import { Edges } from "./edges.ts";
import type { Explored, Found, SearchOptions, Stopped } from "./explored.ts";
import { Foresight } from "./foresight.ts";
import { type Frontier, QueueFrontier, StackFrontier } from "./frontier.ts";
import type { Futures } from "./futures.ts";
import { fairLivelock, IDLE } from "./livelock.ts";
import { Visited } from "./visited.ts";

/** Words before a saved state: its number, its depth, and what the bound needs to know. */
const PREFIX = 3;
const PROGRESS_EVERY = 4096;
/**
 * When a word is found to be contended all begins anew, and mostly there are more such words a little
 * further on: so many times the states are looked at before that.
 */
export const MORE = 2;

export class Exhaustive {
  readonly #on: Interleaver;
  readonly #options: SearchOptions;
  /** Null: every step is taken that is possible. */
  readonly #futures: Futures | null;
  readonly #bound: Bound;
  readonly #visited = new Visited();
  readonly #foresight: Foresight;
  readonly #frontier: Frontier;
  readonly #edges: Edges | null;
  readonly #counts = { states: 0, transitions: 0, depth: 0 };
  readonly #outcomes = new Set<string>();
  readonly #actions: number[] = [];
  readonly #locations: number[] = [];
  #race: Found | null = null;
  readonly #other = { passed: 0, ends: 0 };

  constructor(on: Interleaver, options: SearchOptions, futures: Futures | null) {
    this.#on = on;
    this.#options = options;
    this.#futures = options.liveness ? null : futures;
    this.#frontier = options.search === "dfs" ? new StackFrontier() : new QueueFrontier();
    this.#bound = new Bound(on, options.preemptions);
    this.#foresight = new Foresight(on, this.#bound, this.#visited);
    this.#edges = options.liveness ? new Edges() : null;
  }

  run(): Explored {
    const { tracked } = this.#on.machine;
    const { contentions } = tracked;
    const isSure = () => tracked.contentions === contentions;
    let found: Found;
    try {
      found = this.#explore();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      found = isSure()
        ? (this.#wanted(error, 0, null) ?? { kind: "exhausted" })
        : { kind: "contended" };
    }
    if (found.kind === "exhausted") found = this.#livelock() ?? found;
    const isWorse = found.kind === "violated" || found.kind === "contended";
    if (!isWorse && isSure()) found = this.#race ?? found; // else no schedule leads there as it did
    const { bytes } = this;
    const { left } = this.#bound;
    const [counts, outcomes, other] = [this.#counts, this.#outcomes, this.#other];
    return { found, counts, bytes, outcomes, leftOut: left, other, worth: null };
  }

  get bytes(): number {
    const stored = this.#frontier.bytes + this.#on.storeBytes;
    return this.#visited.bytes + stored + (this.#edges?.bytes ?? 0);
  }

  /** @returns the state's number */
  #add(parent: number, action: number, depth: number): number {
    const on = this.#on;
    const bound = this.#bound;
    const number = this.#visited.add(bound.key(on.key1), on.key2, parent, action);
    if (!this.#visited.isNew) return number;
    const { block, at } = this.#frontier.reserve(on.storedWords + PREFIX);
    block[at] = number;
    block[at + 1] = depth;
    block[at + 2] = bound.word;
    this.#frontier.push(on.store(block, at + PREFIX));
    this.#counts.states++;
    if (depth > this.#counts.depth) this.#counts.depth = depth;
    return number;
  }

  #explore(): Found {
    const on = this.#on;
    const { tracked } = on.machine;
    const contentions = tracked.contentions;
    const grown = this.#futures?.grown;
    on.restart();
    if (tracked.contentions !== contentions) return { kind: "contended" };
    if (on.race !== null) this.#race ??= this.#wanted(on.race, 0, null);
    this.#add(0, 0, 0);
    let next = PROGRESS_EVERY;
    /** Once what a step is has changed: so many states, for what else may be found. */
    let enough: number | null = null;
    while (this.#frontier.length > 0) {
      const { block, at } = this.#frontier.take();
      const [number, depth] = [block[at] as number, block[at + 1] as number];
      this.#bound.enter(block[at + 2] as number);
      on.fetch(block, at + PREFIX);
      const found = this.#expand(number, depth);
      if (tracked.contentions !== contentions) {
        enough ??= MORE * this.#counts.states;
        if (found !== null || this.#counts.states >= enough) return { kind: "contended" };
      }
      if (found !== null) return found;
      const isFull = this.#counts.states > this.#options.maxStates;
      if (!isFull && this.#counts.transitions < next) continue;
      next = this.#counts.transitions + PROGRESS_EVERY;
      const why = this.#whyStop();
      if (why === "states" && enough !== null) return { kind: "contended" };
      if (why !== null) return { kind: "stopped", why };
    }
    const isSure = enough === null && this.#futures?.grown === grown;
    return isSure ? { kind: "exhausted" } : { kind: "contended" };
  }

  #whyStop(): Stopped["why"] | null {
    const { maxStates, memoryBytes, onProgress } = this.#options;
    const isInterrupted = onProgress(this.#counts, this.#frontier.length); // told in any case: what waits
    if (this.#counts.states > maxStates) return "states";
    if (this.bytes > memoryBytes) return "memory";
    return isInterrupted ? "interrupted" : null;
  }

  #violated(violation: Violation, number: number, action: number | null): Found {
    const actions = this.#visited.wayTo(number);
    if (action !== null) actions.push(action);
    return { kind: "violated", violation, actions, cycleFrom: null };
  }

  /** Null for one that nobody looks for. Context: before the step that broke it is taken back. */
  #wanted(violation: Violation, number: number, action: number | null): Found | null {
    const { wanted } = this.#options;
    if (wanted?.(violation) === false) {
      this.#other.passed++;
      return null;
    }
    return this.#violated(violation, number, action);
  }

  /** Makes every step that the state loaded allows. */
  #expand(number: number, depth: number): Found | null {
    const on = this.#on;
    const actions = this.#actions;
    const possible = on.actions(actions);
    if (possible === 0) return this.#end(number);
    const count = this.#bound.restrict(actions, possible);
    this.#edges?.begin(on.runnable);
    this.#locate();
    if (this.#futures === null) this.#foresight.look(actions, count); // they learn from each step
    let moved = count < possible;
    for (let i = 0; i < count; i++) {
      const action = actions[i] as number;
      if (this.#leadsBack(i, action)) {
        moved ||= this.#foresight.moves(i);
        continue;
      }
      const [key1, key2] = [on.key1, on.key2];
      try {
        on.perform(action);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        const found = this.#wanted(error, number, action);
        this.#learnBroken(action);
        on.takeBack();
        if (found !== null) return found;
        moved = true;
        continue;
      }
      this.#counts.transitions++;
      if (on.race !== null) this.#race ??= this.#wanted(on.race, number, action);
      const alone = this.#isAlone(action);
      const same = on.key1 === key1 && on.key2 === key2;
      if (!same) {
        moved = true;
        this.#bound.take(action);
        const to = this.#add(number, action, depth + 1);
        this.#edges?.add(to, action);
      } else this.#edges?.add(number, action);
      on.takeBack();
      // To a new state: else the others could be put off round a cycle for ever.
      if (alone && !same && this.#visited.isNew) return null;
    }
    if (moved || on.goesOnForever) return null;
    const violation = new Violation("livelock", IDLE);
    return this.#wanted(violation, number, null);
  }

  /** Whether the action at `i` leads to a state that was seen, as is known without doing it. Counts it then. */
  #leadsBack(i: number, action: number): boolean {
    const to = this.#futures === null ? this.#foresight.numberOf(i) : -1;
    if (to < 0) return false;
    this.#counts.transitions++;
    this.#edges?.add(to, action);
    return true;
  }

  #locate(): void {
    if (this.#futures !== null) this.#on.locations(this.#locations);
  }

  /** Notes what the step that has just broken something accessed before it did. */
  #learnBroken(action: number): void {
    if (this.#futures === null || action >= TICK) return;
    const { noted, nrNoted } = this.#on.machine.accounts;
    const at = this.#locations[action] as number;
    this.#futures.learn(at, at, noted, nrNoted);
  }

  /** Notes the step just made. @returns whether nothing that others may still do conflicts with it */
  #isAlone(action: number): boolean {
    const futures = this.#futures;
    if (futures === null || action >= TICK) return false;
    const { machine, threads } = this.#on;
    const { noted, nrNoted } = machine.accounts;
    futures.learnStep(this.#on, action, this.#locations);
    if (machine.queues.touched !== 0 || this.#mayTickInto()) return false;
    for (let t = 0; t < threads; t++) {
      if (t === action || this.#on.ended(t)) continue;
      if (futures.conflicts(this.#locations[t] as number, noted, nrNoted)) return false;
      if (machine.buffer.weak && this.#mayDrainInto(t)) return false;
    }
    return true;
  }

  /** Whether the clock, which the step just made has looked at, might have ticked before it instead. */
  #mayTickInto(): boolean {
    const { accounts } = this.#on.machine;
    return this.#on.mayTick && accounts.hasNoted(CLOCK_ADDRESS >>> 2);
  }

  /** Whether a store of thread `t` that waits is to a word that the step just made accesses. */
  #mayDrainInto(t: number): boolean {
    const { accounts, buffer } = this.#on.machine;
    for (let i = 0; i < accounts.nrNoted; i++) {
      if (buffer.holds(t, (accounts.noted[i] as number) >>> 1)) return true;
    }
    return false;
  }

  #livelock(): Found | null {
    if (this.#edges === null) return null;
    return fairLivelock(this.#on, this.#edges, (state) => this.#visited.wayTo(state));
  }

  /** Nobody can go on. */
  #end(number: number): Found | null {
    const on = this.#on;
    this.#edges?.begin(0);
    if (!on.finished) return this.#wanted(on.stuck(), number, null);
    this.#other.ends++;
    const { outcome } = on.program;
    if (outcome !== undefined) this.#outcomes.add(outcome(on.machine));
    try {
      on.finish();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const found = this.#wanted(error, number, null);
      on.takeBack();
      return found;
    }
    on.takeBack();
    return null;
  }
}
