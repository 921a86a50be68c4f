// SPDX-License-Identifier: GPL-2.0-only
/** What all workers of a search do next: decided by one of them, while the others wait. */
import { MORE } from "../exhaustive.ts";
import type { Levels } from "./levels.ts";
import type { Meeting } from "./meeting.ts";
import { CONTROL, SIGNAL } from "./protocol.ts";
import type { Tally } from "./tally.ts";

/** Go on to the next level; make the table larger, and go on with this one; begin anew; end. */
export const NEXT = { level: 0, grow: 1, again: 2, end: 3 } as const;

export class Course {
  readonly #meeting: Meeting;
  readonly #tally: Tally;
  readonly #levels: Levels;

  constructor(meeting: Meeting, tally: Tally, levels: Levels) {
    this.#meeting = meeting;
    this.#tally = tally;
    this.#levels = levels;
  }

  /** @returns one of NEXT. Context: all others wait */
  decide(): number {
    const { signals } = this.#meeting;
    const { grow, contended, states, memory, interrupted } = SIGNAL;
    if ((signals & (memory | interrupted)) !== 0) return NEXT.end;
    if ((signals & contended) !== 0 && this.#isEnough()) {
      this.#beginAnew();
      return NEXT.again;
    }
    if ((signals & states) !== 0) return NEXT.end;
    if ((signals & grow) !== 0) {
      this.#meeting.clear(grow);
      return NEXT.grow;
    }
    if (this.#isViolated) return NEXT.end;
    return this.#levels.nextIsEmpty ? NEXT.end : NEXT.level;
  }

  get #isViolated(): boolean {
    return Atomics.load(this.#meeting.control, CONTROL.violated) !== 0;
  }

  /** Whether all begin anew by now: see MORE. Context: what a step is has changed. */
  #isEnough(): boolean {
    const { control, signals } = this.#meeting;
    const { states } = this.#tally;
    if (this.#isViolated || this.#levels.nextIsEmpty || (signals & SIGNAL.states) !== 0)
      return true;
    const enough = Atomics.load(control, CONTROL.enough);
    if (enough === 0) Atomics.store(control, CONTROL.enough, MORE * states);
    return enough > 0 && states >= enough;
  }

  #beginAnew(): void {
    const { control } = this.#meeting;
    this.#meeting.clear(SIGNAL.contended | SIGNAL.grow | SIGNAL.states);
    Atomics.store(control, CONTROL.violated, 0);
    Atomics.store(control, CONTROL.enough, 0);
  }
}
