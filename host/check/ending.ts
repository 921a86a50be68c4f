// SPDX-License-Identifier: GPL-2.0-only
/** What a schedule ends in, and whether that is what another one ended in. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";

/** Whether the action may be done now. */
export function isPossible(on: Interleaver, action: number): boolean {
  const actions: number[] = [];
  const count = on.actions(actions);
  return actions.slice(0, count).includes(action);
}

/** Does something. @returns the violation that it had */
export function violationOf(act: () => void): Violation | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}

/** The same property, at the same place; addresses in words may be others. */
export function isSame(a: Violation, b: Violation): boolean {
  if (a.property !== b.property || a.site !== b.site) return false;
  return a.site !== 0 || withoutNumbers(a.detail) === withoutNumbers(b.detail);
}

function withoutNumbers(detail: string): string {
  return detail.replace(/0x[0-9a-f]+|\d+/g, "#");
}

/** Runs the end of the program; the machine is to be restarted after that. */
export function finish(on: Interleaver): Violation | null {
  const violation = violationOf(() => on.finish());
  on.takeBack(); // what the end took of the heap
  return violation;
}

/** What the state that the last action led to is, when it is a last one; null when it is well or not last. */
export function endingOf(on: Interleaver): Violation | null {
  if (on.actions([]) > 0) return null;
  return on.finished ? finish(on) : on.stuck();
}

/** Whether whatever can be done changes nothing. Context: the state that the last action led to. */
export function isIdle(on: Interleaver): boolean {
  const actions: number[] = [];
  const count = on.actions(actions);
  on.rebase();
  const [key1, key2] = [on.key1, on.key2];
  let idle = count > 0 && !on.goesOnForever;
  for (let i = 0; i < count && idle; i++) {
    const violation = violationOf(() => on.perform(actions[i] as number));
    idle = violation === null && on.key1 === key1 && on.key2 === key2;
    on.takeBack();
  }
  return idle;
}

/**
 * Runs a schedule from the start until it ends as `wanted` did.
 *
 * @returns how many of the actions that took; null when it ends otherwise, or an action is not possible
 */
export function reproduce(
  on: Interleaver,
  actions: readonly number[],
  wanted: Violation,
): number | null {
  const first = violationOf(() => on.restart());
  if (first !== null) return isSame(first, wanted) ? 0 : null;
  if (on.race !== null && isSame(on.race, wanted)) return 0;
  const seen = new Set([`${on.key1},${on.key2}`]);
  for (const [i, action] of actions.entries()) {
    if (!isPossible(on, action)) return null;
    const violation = violationOf(() => on.perform(action));
    if (violation !== null) return isSame(violation, wanted) ? i + 1 : null;
    if (on.race !== null && isSame(on.race, wanted)) return i + 1;
    if (i < actions.length - 1) seen.add(`${on.key1},${on.key2}`);
  }
  const repeats = seen.has(`${on.key1},${on.key2}`);
  return endsAs(on, wanted, repeats) ? actions.length : null;
}

function endsAs(on: Interleaver, wanted: Violation, repeats: boolean): boolean {
  if (on.actions([]) > 0) return wanted.property === "livelock" && (repeats || isIdle(on));
  const isStuck = !on.finished;
  const violation = endingOf(on);
  if (violation === null) return false;
  return isStuck ? violation.property === wanted.property : isSame(violation, wanted);
}
