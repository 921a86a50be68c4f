// SPDX-License-Identifier: GPL-2.0-only
/**
 * From actions to a schedule in words, and back.
 *
 * A machine that has explored nothing knows of few words that two threads access them, and so lets
 * threads stand in fewer places. So a replay makes known what it comes across, and begins anew until it
 * comes across nothing new.
 */
import { DRAIN, TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import { TIERING } from "../machine/engine.ts";
import { kernelImage } from "../machine/image.ts";
import { endingOf, isPossible, violationOf } from "./ending.ts";
import { endlessOf } from "./endless.ts";
import { Names } from "./names.ts";
import { isSamePlace, Places } from "./places.ts";
import {
  formatSchedule,
  formatSegment,
  kernelDigits,
  type Place,
  parseSchedule,
  plainName,
  type Segment,
} from "./schedule.ts";

const STEPS_MOST = 100_000;
const PASSES_MOST = 200;

export interface Replayed {
  /** What the schedule came to: see Interleaver.perform(). */
  readonly actions: readonly number[];
  /** Whether each segment could be followed. */
  readonly fits: boolean;
  /** What is to be said of it: made for another kernel, where it stopped fitting. */
  readonly note: string | null;
  /** What it ends in. */
  readonly violation: Violation | null;
}

function thisKernel(): string {
  return kernelDigits(kernelImage(TIERING).sha256);
}

/** Whether a schedule was made for the kernel that there is. Context: it can be read. */
export function isOfThisKernel(schedule: string): boolean {
  return parseSchedule(schedule).kernel === thisKernel();
}

/** The schedule of `actions`, for --replay. Context: words are known as they were when it was found. */
export function encode(on: Interleaver, names: Names, actions: readonly number[]): string {
  const places = new Places(on, names);
  const threads = names.threads.map(plainName);
  const segments: Segment[] = [];
  places.restart();
  let violation = violationOf(() => on.restart());
  for (let i = 0; i < actions.length && violation === null; i++) {
    const action = actions[i] as number;
    if (action >= DRAIN) segments.push(drainSegment(on, names, threads, action));
    if (action < TICK && action !== actions[i - 1]) places.begin(action);
    violation = violationOf(() => on.perform(action));
    if (action === TICK) segments.push({ kind: "tick" });
    if (action >= TICK || (action === actions[i + 1] && violation === null)) continue;
    const place = violation === null && on.canRun(action) ? places.standing(action) : null;
    segments.push({ kind: "run", thread: threads[action] as string, place });
  }
  on.machine.observer = null;
  return formatSchedule({ kernel: thisKernel(), segments });
}

function drainSegment(
  on: Interleaver,
  names: Names,
  threads: readonly string[],
  action: number,
): Segment {
  const [thread, entry] = [(action - DRAIN) >>> 4, action & 15];
  const fields = on.machine.buffer.waiting(thread).map(({ word }) => names.field(word << 2));
  const field = fields[entry] ?? "word";
  const nth = fields.slice(0, entry + 1).filter((other) => other === field).length;
  return { kind: "drain", thread: threads[thread] as string, field, nth };
}

/** Why a segment cannot be followed. */
class Misfit extends Error {}

class Steering {
  readonly actions: number[] = [];
  /** The first data race: who explores goes on behind it. */
  race: Violation | null = null;
  readonly #on: Interleaver;
  readonly #names: Names;
  readonly #places: Places;
  readonly #threads: readonly string[];

  constructor(on: Interleaver, names: Names) {
    this.#on = on;
    this.#names = names;
    this.#places = new Places(on, names);
    this.#threads = names.threads.slice(0, on.threads).map(plainName);
  }

  restart(): Violation | null {
    this.actions.length = 0;
    this.#places.restart();
    const violation = violationOf(() => this.#on.restart());
    this.race = this.#on.race;
    return violation;
  }

  /** Where some actions of the last pass led. */
  goTo(actions: readonly number[]): void {
    this.restart();
    for (const action of actions) this.#perform(action);
  }

  #perform(action: number): Violation | null {
    if (!isPossible(this.#on, action)) throw new Misfit(this.#reason(action));
    this.actions.push(action);
    const violation = violationOf(() => this.#on.perform(action));
    this.race ??= this.#on.race;
    return violation;
  }

  #reason(action: number): string {
    if (action >= TICK) return "nothing waits for that";
    const name = this.#threads[action];
    return this.#on.ended(action) ? `${name} has ended` : `${name} sleeps`;
  }

  #thread(name: string): number {
    const thread = this.#threads.indexOf(name);
    if (thread >= 0) return thread;
    throw new Misfit(`no thread ${name}; there are ${this.#threads.join(", ")}`);
  }

  /** Follows a segment. @returns what it broke @throws Misfit */
  follow(segment: Segment): Violation | null {
    if (segment.kind === "tick") return this.#perform(TICK);
    const thread = this.#thread(segment.thread);
    if (segment.kind === "run") return this.#run(thread, segment.place);
    const fields = this.#on.machine.buffer
      .waiting(thread)
      .map(({ word }) => this.#names.field(word << 2));
    const entries = fields.flatMap((field, i) => (field === segment.field ? [i] : []));
    const entry = entries[segment.nth - 1];
    if (entry === undefined) {
      this.#places.letStoresWait(thread, segment.field);
      throw new Misfit(`no such store of ${segment.thread} waits`);
    }
    return this.#perform(DRAIN + 16 * thread + entry);
  }

  #run(thread: number, place: Place | null): Violation | null {
    const isFirst = this.#places.begin(thread);
    if (isFirst && place !== null && this.#standsAt(thread, place)) return null;
    for (let steps = 0; steps < STEPS_MOST; steps++) {
      const violation = this.#perform(thread);
      if (violation !== null) return violation;
      if (!this.#on.canRun(thread)) {
        if (place === null) return null;
        this.#places.hasPassed(thread, place);
        throw new Misfit(`${this.#reason(thread)} before it comes there`);
      }
      if (place === null) continue;
      if (this.#standsAt(thread, place)) return null;
      if (this.#places.hasPassed(thread, place) !== null)
        throw new Misfit("nobody else could go on there");
    }
    throw new Misfit("it goes round for ever");
  }

  #standsAt(thread: number, place: Place): boolean {
    const standing = this.#places.standing(thread);
    return standing !== null && isSamePlace(standing, place);
  }
}

/**
 * Runs the schedule from the start, as far as it fits; `on` is left there.
 *
 * @param text - of encode()
 * @throws UsageError when it is no schedule
 */
export function replaySchedule(on: Interleaver, text: string): Replayed {
  const { kernel, segments } = parseSchedule(text);
  const steering = new Steering(on, new Names(on));
  const { tracked } = on.machine;
  let replayed: Replayed;
  let passes = 0;
  let known: number;
  do {
    known = tracked.contentions;
    replayed = pass(on, steering, segments);
  } while (tracked.contentions !== known && ++passes < PASSES_MOST);
  // Only now: what a pass has made known may be where a thread of it would stand next time.
  if (!replayed.fits && replayed.violation === null) steering.goTo(replayed.actions);
  on.machine.observer = null;
  if (kernel === thisKernel()) return replayed;
  const other = `made for kernel.wasm ${kernel}, and this is ${thisKernel()}`;
  const { fits, note } = replayed;
  return { ...replayed, note: `${other}: ${fits ? "it fits all the same" : note}` };
}

function pass(on: Interleaver, steering: Steering, segments: readonly Segment[]): Replayed {
  let violation = steering.restart();
  for (const [i, segment] of segments.entries()) {
    const said = `segment ${i + 1} of ${segments.length}, "${formatSegment(segment)}"`;
    if (violation !== null) {
      const note = `${said}: not reached: ${violation.message}`;
      return { actions: [...steering.actions], fits: false, note, violation };
    }
    const done = steering.actions.length;
    try {
      violation = steering.follow(segment);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const note = `${said}: ${error.message}`;
      return { actions: steering.actions.slice(0, done), fits: false, note, violation: null };
    }
  }
  // As who explores has it: a race is the answer where nothing worse is.
  violation ??= endingOf(on) ?? steering.race ?? endlessOf(on, steering.actions);
  return { actions: [...steering.actions], fits: true, note: null, violation };
}
