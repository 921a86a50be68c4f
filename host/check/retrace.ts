// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule is a list of steps, and what a step is depends on which words are known as contended. One
 * that has made more of them known is told here in the steps that there are now.
 */
import { TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import { endingOf, isPossible, isSame, reproduce, violationOf } from "./ending.ts";

/** How a schedule went. */
export interface Course {
  readonly actions: readonly number[];
  /** Accesses that each action made. */
  readonly accesses: readonly number[];
  /** Accesses of each thread before its first step. */
  readonly begun: readonly number[];
}

/** A violation, and what led to it. */
export interface Broken {
  readonly violation: Violation;
  readonly actions: number[];
}

/**
 * Lets the threads make the same accesses in the same order as in `course`, from the start. Where stores
 * wait in buffers those to words that are known now do so as well, and what happened may not happen then.
 *
 * @returns what it breaks; null when it comes to nothing of the kind of `wanted`
 */
export function retrace(on: Interleaver, course: Course, wanted: Violation): Broken | null {
  const taken: number[] = [];
  let broken = violationOf(() => on.restart());
  const behind = course.begun.map((accesses, t) => accesses - (on.begun[t] as number));
  const isThere = () => broken !== null || (on.race !== null && isSame(on.race, wanted));
  const go = (action: number): boolean => {
    if (!isPossible(on, action)) return false;
    taken.push(action);
    broken = violationOf(() => on.perform(action));
    if (action < TICK) (behind[action] as number) -= on.machine.accounts.accesses;
    return true;
  };
  const catchUp = (thread: number): boolean => {
    while (!isThere() && (behind[thread] as number) > 0) if (!go(thread)) return false;
    return true;
  };
  for (let t = 0; t < on.threads; t++) if (!catchUp(t)) return null;
  for (const [i, action] of course.actions.entries()) {
    if (isThere()) break;
    if (action < TICK) (behind[action] as number) += course.accesses[i] as number;
    if (!go(action) || (action < TICK && !catchUp(action))) return null;
  }
  const violation = broken ?? (isThere() ? on.race : endingOf(on));
  if (violation === null || violation.property !== wanted.property) return null;
  // Where more was found all the same, the steps that led there are others already.
  return reproduce(on, taken, violation) === taken.length ? { actions: taken, violation } : null;
}
