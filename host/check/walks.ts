// SPDX-License-Identifier: GPL-2.0-only
/**
 * Schedules drawn at random, for what is too large to exhaust.
 *
 *   random  each action with equal chance, at every step
 *   pct     threads have random priorities, and the highest that can go on does; at depth - 1 random steps
 *           the running thread falls behind all others. Of n threads and k steps, each schedule finds a
 *           violation that depends on `depth` orderings with a chance of at least 1 / (n k^(depth - 1)).
 *
 * Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
 * guarantees of finding bugs", 2010.
 */
import { TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { type Random, randomFrom } from "../stats/random.ts";
import type { Explored, Found, SearchOptions } from "./explored.ts";
import { Sightings } from "./sightings.ts";

const PCT_DEPTH = 3;
/** Steps of one schedule: one that is longer goes round, and is left. */
const STEPS_MOST = 20_000;
const PROGRESS_EVERY = 64;

/** Chooses what is done next. */
interface Scheduler {
  /** A schedule begins. */
  begin(): void;
  choose(actions: readonly number[], count: number, step: number): number;
  /** What a run of `walks` schedules is worth, as a sentence. */
  worth(walks: number, longest: number): string;
}

class Uniform implements Scheduler {
  readonly #random: Random;
  readonly #sightings: Sightings;

  constructor(random: Random, sightings: Sightings) {
    this.#random = random;
    this.#sightings = sightings;
  }

  begin(): void {}

  choose(actions: readonly number[], count: number): number {
    return actions[Math.floor(this.#random() * count)] as number;
  }

  worth(walks: number): string {
    const chance = (100 * this.#sightings.chanceOfNew).toPrecision(2);
    return `${walks} random schedules: a further step would meet a new state with a chance of ${chance} %`;
  }
}

class Priorities implements Scheduler {
  readonly #random: Random;
  readonly #threads: number;
  /** Steps of a schedule, as the longest so far had. */
  #steps = 64;
  readonly #priority: number[] = [];
  readonly #changes = new Set<number>();
  #lowest = 0;

  constructor(random: Random, threads: number) {
    this.#random = random;
    this.#threads = threads;
  }

  begin(): void {
    for (let t = 0; t < this.#threads; t++) this.#priority[t] = 1 + this.#random();
    this.#lowest = 1;
    this.#changes.clear();
    for (let i = 1; i < PCT_DEPTH; i++) {
      this.#changes.add(Math.floor(this.#random() * this.#steps));
    }
  }

  choose(actions: readonly number[], count: number, step: number): number {
    this.#steps = Math.max(this.#steps, step + 1);
    const highest = () => {
      let best = -1;
      for (let i = 0; i < count; i++) {
        const action = actions[i] as number;
        const better = best < 0 || (this.#priority[action] ?? 0) > (this.#priority[best] ?? 0);
        if (action < TICK && better) best = action;
      }
      return best;
    };
    let best = highest();
    if (best >= 0 && this.#changes.has(step)) {
      this.#lowest /= 2;
      this.#priority[best] = this.#lowest;
      best = highest();
    }
    // The clock and the store buffers have no priority: now and then, and when nobody else can.
    const others = count > 0 && (best < 0 || this.#random() < 0.1);
    return others ? (actions[Math.floor(this.#random() * count)] as number) : best;
  }

  worth(walks: number, longest: number): string {
    const chance = 1 / (this.#threads * longest ** (PCT_DEPTH - 1));
    const found = 100 * (1 - (1 - chance) ** walks);
    return `${walks} schedules of up to ${longest} steps by priorities: a violation of depth ${PCT_DEPTH} was found with a chance of at least ${found.toPrecision(2)} %`;
  }
}

/** Runs schedules until as many steps were made as states are allowed. */
export class Walks {
  readonly #on: Interleaver;
  readonly #options: SearchOptions;
  readonly #scheduler: Scheduler;
  readonly #sightings = new Sightings();
  readonly #outcomes = new Set<string>();
  #steps = 0;
  #longest = 0;
  #walks = 0;
  #race: Found | null = null;

  constructor(on: Interleaver, options: SearchOptions, search: "random" | "pct", seed: number) {
    this.#on = on;
    this.#options = options;
    const random = randomFrom(seed);
    this.#scheduler =
      search === "random"
        ? new Uniform(random, this.#sightings)
        : new Priorities(random, on.threads);
  }

  run(): Explored {
    const found = this.#walkAll();
    const counts = {
      states: this.#sightings.states,
      transitions: this.#steps,
      depth: this.#longest,
    };
    return {
      found: found.kind === "violated" ? found : (this.#race ?? found),
      counts,
      bytes: this.#sightings.bytes,
      outcomes: this.#outcomes,
      leftOut: 0,
      worth: this.#scheduler.worth(this.#walks, this.#longest),
    };
  }

  #walkAll(): Found {
    const { maxStates, memoryBytes, onProgress } = this.#options;
    // A schedule without steps counts as one: threads may end before they first stop.
    while (Math.max(this.#steps, this.#walks) < maxStates) {
      if (this.#sightings.bytes > memoryBytes) return { kind: "stopped", why: "memory" };
      const found = this.#walk();
      this.#walks++;
      if (found !== null) return found;
      if (this.#walks % PROGRESS_EVERY !== 0) continue;
      const { states } = this.#sightings;
      const soFar = { states, transitions: this.#steps, depth: this.#longest };
      if (onProgress(soFar, 0)) return { kind: "stopped", why: "interrupted" };
    }
    return { kind: "stopped", why: "states" };
  }

  /** One schedule, from the start to its end. */
  #walk(): Found | null {
    const on = this.#on;
    const taken: number[] = [];
    const actions: number[] = [];
    const violated = (violation: Violation): Found => {
      return { kind: "violated", violation, actions: [...taken], cycleFrom: null };
    };
    this.#scheduler.begin();
    try {
      on.restart();
      if (on.race !== null) this.#race ??= violated(on.race);
      for (let step = 0; step < STEPS_MOST; step++) {
        const count = on.actions(actions);
        if (count === 0) return this.#end(violated);
        const action = this.#scheduler.choose(actions, count, step);
        taken.push(action);
        this.#steps++;
        on.perform(action);
        this.#sightings.add(on.key1, on.key2);
        if (on.race !== null) this.#race ??= violated(on.race);
        this.#longest = Math.max(this.#longest, step + 1);
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return violated(error);
    }
    return null;
  }

  #end(violated: (violation: Violation) => Found): Found | null {
    const on = this.#on;
    if (!on.finished) return violated(on.stuck());
    const { outcome } = on.program;
    if (outcome !== undefined) this.#outcomes.add(outcome(on.machine));
    on.finish();
    return null;
  }
}
