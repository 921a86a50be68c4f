// SPDX-License-Identifier: GPL-2.0-only
/** Whether a schedule ends where a fair scheduler can go on for ever and come to no end. */
import { DRAIN, TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { isIdle } from "./ending.ts";
import { endless, IDLE } from "./livelock.ts";

/**
 * Runs a schedule, and looks whether its last steps can be repeated for ever (fair-cycles.ts has the
 * rule), or nothing that can be done then changes anything. `on` is left at its end.
 */
export function endlessOf(on: Interleaver, actions: readonly number[]): Violation | null {
  const keys: string[] = [];
  const runnable: number[] = [];
  const note = () => {
    keys.push(`${on.key1},${on.key2}`);
    runnable.push(on.runnable);
  };
  on.restart();
  note();
  for (const action of actions) {
    on.perform(action);
    note();
  }
  if (on.goesOnForever || on.actions([]) === 0) return null;
  const from = keys.indexOf(keys.at(-1) as string);
  const cycle = actions.slice(from);
  if (cycle.length > 0 && isFair(cycle, runnable.slice(from), on.threads)) {
    return endless(on.program, cycle.length);
  }
  return isIdle(on) ? new Violation("livelock", IDLE) : null;
}

/** Each thread makes one of the steps, or cannot go on in one of the states. */
function isFair(cycle: readonly number[], runnable: readonly number[], threads: number): boolean {
  if (cycle.every((action) => action >= TICK && action < DRAIN)) return false;
  const always = runnable.reduce((all, one) => all & one, ~0);
  return Array.from({ length: threads }, (_, thread) => thread).every(
    (thread) => cycle.includes(thread) || ((always >>> thread) & 1) === 0,
  );
}
