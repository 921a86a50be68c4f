// SPDX-License-Identifier: GPL-2.0-only
/** A livelock, or the starvation of one thread by others, as a cycle in what was explored. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Program } from "../machine/coroutine/program.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import type { Graph } from "./edges.ts";
import type { Found } from "./explored.ts";
import { fairCycle } from "./fair-cycles.ts";

/** What is wrong where nothing that can be done changes anything. */
export const IDLE = "whoever can run looks at words that nobody changes";

function hasForever({ threads }: Program): boolean {
  return threads.some(({ forever }) => forever === true);
}

/** Of so many steps that a fair scheduler can go round with. */
export function endless(program: Program, steps: number): Violation {
  const property = hasForever(program) ? "starvation" : "livelock";
  return new Violation(property, `${steps} steps that a fair scheduler can repeat for ever`);
}

/**
 * @param wayTo - the actions that lead from the start to a state
 * @returns null when no fair scheduler could go round for ever. Context: `on` is restarted
 */
export function fairLivelock(
  on: Interleaver,
  edges: Graph,
  wayTo: (state: number) => number[],
): Found | null {
  const { threads } = on.program;
  const goesOn = hasForever(on.program);
  const isProgress = (state: number) => goesOn && goesOnBehind(on, wayTo(state));
  const cycle = fairCycle(edges, threads.length, isProgress);
  if (cycle === null) return null;
  const way = wayTo(cycle.state);
  const violation = endless(on.program, cycle.actions.length);
  const actions = [...way, ...cycle.actions];
  return { kind: "violated", violation, actions, cycleFrom: way.length };
}

function goesOnBehind(on: Interleaver, way: readonly number[]): boolean {
  on.restart();
  for (const action of way) on.perform(action);
  return on.goesOnForever;
}
