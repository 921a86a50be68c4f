// SPDX-License-Identifier: GPL-2.0-only
/**
 * What each worker of a parallel search does. All expand the same level, state by state, and go on to the
 * next together: so what is found first is at the end of a schedule of the fewest steps.
 *
 * A level is always expanded to its end, whatever is found in it: so what is counted and told does not
 * depend on who was faster. Of the ways to it of that length, which is told may.
 */
import type { Interleaver } from "../../machine/coroutine/interleaver.ts";
import { Violation } from "../../machine/coroutine/violation.ts";
import { Bound } from "../bound.ts";
import { endingOf } from "../ending.ts";
import type { SearchOptions } from "../explored.ts";
import { Foresight } from "../foresight.ts";
import { IDLE } from "../livelock.ts";
import { scout } from "../scouting.ts";
import { Ways } from "../ways.ts";
import { Course, NEXT } from "./course.ts";
import { Expansions } from "./expansions.ts";
import { firstOf, reportOf } from "./findings.ts";
import { Levels } from "./levels.ts";
import { Meeting } from "./meeting.ts";
import { CONTROL, type Ended, type Report, type Shared, SIGNAL } from "./protocol.ts";
import { Seen } from "./seen.ts";
import { type Limits, Tally } from "./tally.ts";

/** Words before a saved state: its number, and what the bound needs to know. */
const PREFIX = 2;
/** New states of a worker between its looks at the limits. */
const CHECK_EVERY = 64;

export class Search {
  readonly #on: Interleaver;
  readonly #meeting: Meeting;
  readonly #bound: Bound;
  readonly #seen: Seen;
  readonly #foresight: Foresight;
  readonly #levels: Levels;
  #ways = new Ways();
  readonly #liveness: boolean;
  /** Null: nobody looks for cycles. */
  #expansions: Expansions | null = null;
  readonly #tally: Tally;
  readonly #course: Course;
  readonly #outcomes = new Set<string>();
  readonly #actions: number[] = [];
  #contentions = 0;
  #depth = 0;
  #violation: Report | null = null;
  #race: Report | null = null;

  /** Context: all workers make theirs; their machines have just been set up. */
  constructor(
    on: Interleaver,
    options: Limits & Pick<SearchOptions, "preemptions" | "liveness">,
    shared: Shared,
    worker: number,
  ) {
    this.#on = on;
    this.#meeting = new Meeting(shared, worker);
    this.#levels = new Levels(this.#meeting, shared);
    this.#bound = new Bound(on, options.preemptions);
    this.#tally = new Tally(shared, worker, options);
    this.#course = new Course(this.#meeting, this.#tally, this.#levels);
    this.#liveness = options.liveness;
    on.shareParts(shared.parts, worker);
    this.#meeting.meet(); // all can be sent to
    const { tracked } = on.machine;
    tracked.share(this.#meeting.share(() => tracked.knowledge.toShared()));
    this.#seen = new Seen(this.#meeting);
    this.#foresight = new Foresight(on, this.#bound, this.#seen);
  }

  run(): Ended {
    let next: number;
    let round = 0;
    do {
      this.#begin(++round);
      next = this.#explore();
    } while (next === NEXT.again);
    this.#levels.close();
    this.#meeting.close();
    return {
      violation: this.#violation,
      race: this.#race,
      outcomes: [...this.#outcomes],
      leftOut: this.#bound.left,
      parents: this.#ways.parents,
      actions: this.#ways.actions,
      graph: this.#expansions?.part ?? null,
      contended: this.#on.machine.tracked.knowledge.contended(),
    };
  }

  /** From the start, with what is known by now. */
  #begin(round: number): void {
    const { tracked } = this.#on.machine;
    const { worker } = this.#meeting;
    this.#seen.clear();
    this.#levels.clear();
    this.#forget();
    if (worker === 0 && this.#meeting.signals === 0) scout(this.#on, null, round);
    this.#meeting.meet();
    this.#contentions = tracked.contentions;
    if (worker === 0) this.#start();
  }

  #forget(): void {
    this.#ways = new Ways();
    this.#expansions = this.#liveness ? new Expansions() : null;
    this.#outcomes.clear();
    this.#violation = null;
    this.#race = null;
    this.#bound.left = 0;
    this.#depth = -1;
    this.#tally.clear();
  }

  #start(): void {
    try {
      this.#on.restart();
      const { race } = this.#on;
      if (race !== null) this.#race = this.#report(race, -1, null);
      this.#add(0, 0);
    } catch (error) {
      this.#violated(error, -1, null);
    }
    this.#checkContentions();
  }

  #checkContentions(): void {
    if (this.#on.machine.tracked.contentions === this.#contentions) return;
    if ((this.#meeting.signals & SIGNAL.contended) === 0) this.#meeting.signal(SIGNAL.contended);
  }

  #explore(): number {
    for (;;) {
      const next = this.#meeting.meet(() => this.#course.decide());
      if (next === NEXT.level) {
        this.#levels.next();
        this.#depth++;
      } else if (next === NEXT.grow) this.#seen.grow();
      else return next;
      this.#expandLevel();
    }
  }

  #expandLevel(): void {
    const levels = this.#levels;
    while ((this.#meeting.signals & ~SIGNAL.contended) === 0) {
      const at = levels.take();
      if (at === 0) return;
      const { block, owner } = levels;
      this.#bound.enter(block[at + 1] as number);
      this.#on.fetchFrom(owner, block, at + PREFIX);
      this.#tally.expanded(this.#expand(block[at] as number));
      this.#checkContentions();
    }
  }

  /** Makes every step that the state loaded allows. @returns how many */
  #expand(state: number): number {
    const on = this.#on;
    const actions = this.#actions;
    const possible = on.actions(actions);
    if (possible === 0) {
      this.#end(state);
      return 0;
    }
    const count = this.#bound.restrict(actions, possible);
    this.#expansions?.begin(state, on.runnable);
    const [key1, key2] = [on.key1, on.key2];
    this.#foresight.look(actions, count);
    let moved = count < possible;
    for (let i = 0; i < count; i++) {
      const action = actions[i] as number;
      const known = this.#foresight.numberOf(i);
      if (known >= 0) {
        moved ||= this.#foresight.moves(i);
        this.#expansions?.add(known, action);
        continue;
      }
      try {
        on.perform(action);
        if (on.race !== null)
          this.#race = firstOf(this.#race, this.#report(on.race, state, action));
        let to = state;
        if (on.key1 !== key1 || on.key2 !== key2) {
          moved = true;
          this.#bound.take(action);
          to = this.#add(state, action);
        }
        this.#expansions?.add(to, action);
      } catch (error) {
        moved = true;
        this.#violated(error, state, action);
      }
      on.takeBack();
    }
    if (moved || on.goesOnForever) return count;
    this.#violated(new Violation("livelock", IDLE), state, null);
    return count;
  }

  /** @returns the state's number */
  #add(parent: number, action: number): number {
    const on = this.#on;
    const bound = this.#bound;
    const { worker, workers } = this.#meeting;
    const known = this.#seen.claim(bound.key(on.key1), on.key2);
    if (known >= 0) return known;
    const number = this.#ways.add(parent, action) * workers + worker;
    this.#seen.settle(number);
    const at = this.#levels.reserve(on.storedWords + PREFIX);
    const block = this.#levels.filling;
    block[at] = number;
    block[at + 1] = bound.word;
    this.#levels.push(on.store(block, at + PREFIX));
    this.#tally.found(this.#ways.count, this.#depth + 1);
    if (this.#ways.count % CHECK_EVERY === 0) this.#checkRoom();
    return number;
  }

  /** Looks whether there is room for more states. */
  #checkRoom(): void {
    const kept = this.#ways.bytes + (this.#expansions?.bytes ?? 0);
    const bytes = kept + this.#levels.bytes + this.#on.storeBytes;
    const seen = this.#meeting.worker === 0 ? this.#seen.bytes : 0;
    let signals = this.#tally.signals(bytes + seen, this.#seen.limit);
    if (this.#on.storeIsFull) signals |= SIGNAL.memory;
    if (signals !== 0) this.#meeting.signal(signals);
  }

  /** Nobody can go on. */
  #end(state: number): void {
    const on = this.#on;
    this.#expansions?.begin(state, 0);
    const { outcome } = on.program;
    if (on.finished && outcome !== undefined) this.#outcomes.add(outcome(on.machine));
    const violation = endingOf(on);
    if (violation !== null) this.#violated(violation, state, null);
  }

  #report(violation: Violation, state: number, action: number | null): Report {
    const depth = this.#depth;
    const { key1, key2 } = this.#on;
    return reportOf(violation, { state, action, depth, key1, key2 });
  }

  /** @throws error, if that is no violation */
  #violated(error: unknown, state: number, action: number | null): void {
    if (!(error instanceof Violation)) throw error;
    this.#violation = firstOf(this.#violation, this.#report(error, state, action));
    Atomics.store(this.#meeting.control, CONTROL.violated, 1);
  }
}
