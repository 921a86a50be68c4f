// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who goes on next in a schedule that is drawn at random.
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
import { formatCount } from "../result/counts.ts";
import type { Random } from "../stats/random.ts";
import type { Sightings } from "./sightings.ts";

const PCT_DEPTH = 3;
/** How often an action is taken that is no thread's, where there is one. */
const OTHERS = 0.1;

/** Chooses what is done next. */
export interface Scheduler {
  /** A schedule begins. */
  begin(): void;
  choose(actions: readonly number[], count: number, step: number): number;
  /** What a run of `walks` schedules is worth, as a sentence. */
  worth(walks: number, longest: number): string;
}

/** In percent, with two digits. @param round - to the second of them */
function percentOf(share: number, round: (x: number) => number): string {
  if (share <= 0) return "0";
  const unit = 10 ** (Math.floor(Math.log10(100 * share)) - 1);
  return String(Number((round((100 * share) / unit) * unit).toPrecision(2)));
}

export class Uniform implements Scheduler {
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
    const chance = percentOf(this.#sightings.chanceOfNew, Math.round);
    return `${formatCount(walks)} random schedules: a further step would meet a new state with a chance of ${chance} %`;
  }
}

/** Of the actions those that are threads' stand first. @returns how many they are */
function threadsIn(actions: readonly number[], count: number): number {
  let threads = 0;
  while (threads < count && (actions[threads] as number) < TICK) threads++;
  return threads;
}

export class Priorities implements Scheduler {
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
    const threads = threadsIn(actions, count);
    if (threads > 0 && this.#changes.has(step)) {
      this.#lowest /= 2;
      this.#priority[this.#highest(actions, threads)] = this.#lowest;
    }
    // The clock and the store buffers have no priority: now and then, and when nobody else can.
    const others = count - threads;
    if (others > 0 && (threads === 0 || this.#random() < OTHERS)) {
      return actions[threads + Math.floor(this.#random() * others)] as number;
    }
    return this.#highest(actions, threads);
  }

  #highest(threads: readonly number[], count: number): number {
    const priorityOf = (thread: number) => this.#priority[thread] as number;
    let best = threads[0] as number;
    for (let i = 1; i < count; i++) {
      const thread = threads[i] as number;
      if (priorityOf(thread) > priorityOf(best)) best = thread;
    }
    return best;
  }

  worth(walks: number, longest: number): string {
    const chance = 1 / (this.#threads * longest ** (PCT_DEPTH - 1));
    const found = percentOf(1 - (1 - chance) ** walks, Math.floor);
    return `${formatCount(walks)} schedules of up to ${formatCount(longest)} steps by priorities: a violation of depth ${PCT_DEPTH} was found with a chance of at least ${found} %`;
  }
}
