// SPDX-License-Identifier: GPL-2.0-only
/** Schedules drawn at random, for what is too large to exhaust. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { randomFrom } from "../stats/random.ts";
import type { Explored, Found, SearchOptions } from "./explored.ts";
import { Priorities, type Scheduler, Uniform } from "./schedulers.ts";
import { Sightings } from "./sightings.ts";

/** Steps of one schedule: one that is longer goes round, and is left. */
const STEPS_MOST = 20_000;
const PROGRESS_EVERY = 64;

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
      const { tracked } = this.#on.machine;
      const [steps, contentions] = [this.#steps, tracked.contentions];
      const found = this.#walk();
      this.#walks++;
      if (found !== null) return found;
      if (this.#steps === steps && tracked.contentions === contentions) {
        return { kind: "exhausted" }; // no schedule has a step
      }
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
