// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule to step through, forwards and back, for whoever draws it: no input or output here.
 *
 * The position is how many actions were done; the program's end counts as one where all have ended. To go
 * back is to run from the start again, which takes no time that a person would notice.
 */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import type { CheckStep } from "../result/check.ts";
import { lockLines, sleeperLines } from "./aftermath.ts";
import { checkStep } from "./draft.ts";
import { switchesOf } from "./minimise.ts";
import { Names } from "./names.ts";
import { Trace } from "./trace.ts";

export class Replay {
  /** Names of the threads, by CheckStep.thread; the last one is the end. */
  readonly threads: readonly string[];
  /** What the last action broke. */
  violation: Violation | null = null;
  readonly #on: Interleaver;
  readonly #actions: readonly number[];
  readonly #names: Names;
  readonly #trace: Trace;
  #position = 0;
  #atEnd = false;

  /** @param actions - from the start, as replaySchedule() gives them */
  constructor(on: Interleaver, actions: readonly number[]) {
    this.#on = on;
    this.#actions = actions;
    this.#names = new Names(on);
    this.#trace = new Trace(on, this.#names);
    this.threads = this.#names.threads;
    this.#restart();
  }

  #restart(): void {
    this.#position = 0;
    this.violation = this.#trace.restart();
    this.#atEnd = this.violation !== null;
  }

  get position(): number {
    return this.#position;
  }

  /** Whether forward() would do nothing. */
  get isAtEnd(): boolean {
    if (this.#atEnd || this.violation !== null) return true;
    return this.#position >= this.#actions.length && !this.#on.finished;
  }

  /** Steps of the action that was done last; none at the start. */
  get current(): CheckStep[] {
    return this.#trace.steps.slice(this.#trace.starts.at(-1) ?? 0).map(checkStep);
  }

  /** Steps of all that was done. */
  get steps(): CheckStep[] {
    return this.#trace.steps.map(checkStep);
  }

  /** Context switches so far. */
  get switches(): number {
    return switchesOf(this.#actions.slice(0, this.#position));
  }

  /** Lines on who sleeps now, and on the locks touched so far. */
  get sleepers(): string[] {
    return sleeperLines(this.#on, this.#names);
  }

  get locks(): string[] {
    return lockLines(this.#on, this.#names, this.#trace.steps);
  }

  /** Does the next action. @returns false at the end */
  forward(): boolean {
    if (this.isAtEnd) return false;
    const action = this.#actions[this.#position];
    this.#atEnd = action === undefined;
    this.violation = action === undefined ? this.#trace.finish() : this.#trace.perform(action);
    this.#position++;
    return true;
  }

  /** Takes the last action back. @returns false at the start */
  back(): boolean {
    if (this.#position === 0) return false;
    this.goTo(this.#position - 1);
    return true;
  }

  /** To the position given, or as near as can be. */
  goTo(position: number): void {
    if (position < this.#position) this.#restart();
    while (this.#position < position && this.forward());
  }

  /** Up to where another thread goes on, or the end. */
  nextSwitch(): void {
    const thread = this.#actions[this.#position];
    while (this.forward() && this.#actions[this.#position] === thread);
  }

  toEnd(): void {
    while (this.forward());
  }
}
