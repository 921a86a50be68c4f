// SPDX-License-Identifier: GPL-2.0-only
/** Schedules drawn at random, for what is too large to exhaust. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { randomFrom } from "../stats/random.ts";
import type { Explored, Found, SearchOptions } from "./explored.ts";
import { type Broken, type Course, retrace } from "./retrace.ts";
import { Priorities, type Scheduler, Uniform } from "./schedulers.ts";
import { Sightings } from "./sightings.ts";

/** Steps of one schedule: one that is longer goes round, and is left. */
const STEPS_MOST = 20_000;
const PROGRESS_EVERY = 64;

interface Drawn {
  /** Words that were contended when it began: see TrackedMemory. */
  readonly contentions: number;
  readonly course: Course;
  /** The first data race. */
  readonly race: Broken | null;
  /** What ended it, but a data race. */
  readonly broken: Broken | null;
  /** Of one that came to its end: see Program. */
  readonly outcome: string | null;
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
  /** The first schedule that had a data race. */
  #raced: Drawn | null = null;

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
      found: found.kind === "violated" ? found : (this.#raceOf(this.#raced) ?? found),
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
    const { contentions } = this.#on.machine.tracked;
    const drawn = this.#draw();
    if (this.#raced === null && this.#raceOf(drawn) !== null) this.#raced = drawn;
    if (this.#on.machine.tracked.contentions === contentions) {
      this.#walks++;
      if (drawn.outcome !== null) this.#outcomes.add(drawn.outcome);
    }
    return this.#asFound(drawn, drawn.broken);
  }

  #raceOf(drawn: Drawn | null): Found | null {
    return drawn && this.#asFound(drawn, drawn.race);
  }

  /** What a schedule broke, in the steps that there are now: more may have been found to be contended since. */
  #asFound({ course, contentions }: Drawn, broken: Broken | null): Found | null {
    if (broken === null) return null;
    const isKnown = contentions === this.#on.machine.tracked.contentions;
    const now = isKnown ? broken : retrace(this.#on, course, broken.violation);
    return now && { kind: "violated", ...now, cycleFrom: null };
  }

  /** Draws a schedule, and runs it. */
  #draw(): Drawn {
    const on = this.#on;
    const { contentions } = on.machine.tracked;
    const [actions, accesses, possible] = [[], [], []] as [number[], number[], number[]];
    let race: Broken | null = null;
    const ended = (violation: Violation | null, outcome: string | null): Drawn => {
      const broken = violation && { violation, actions };
      const course = { actions, accesses, begun: [...on.begun] };
      return { contentions, course, race, broken, outcome };
    };
    this.#scheduler.begin();
    try {
      on.restart();
      if (on.race !== null) race = { violation: on.race, actions: [] };
      for (let step = 0; step < STEPS_MOST; step++) {
        const count = on.actions(possible);
        if (count === 0) {
          if (!on.finished) return ended(on.stuck(), null);
          const outcome = on.program.outcome?.(on.machine) ?? null;
          on.finish();
          return ended(null, outcome);
        }
        const action = this.#scheduler.choose(possible, count, step);
        actions.push(action);
        this.#steps++;
        on.perform(action);
        accesses.push(on.machine.accounts.accesses);
        this.#sightings.add(on.key1, on.key2);
        if (on.race !== null) race ??= { violation: on.race, actions: [...actions] };
        this.#longest = Math.max(this.#longest, step + 1);
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      accesses.push(on.machine.accounts.accesses);
      return ended(error, null);
    }
    return ended(null, null);
  }
}
