// SPDX-License-Identifier: GPL-2.0-only
/** A livelock, or the starvation of one thread by others, as a cycle in what was explored. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import type { Graph } from "./edges.ts";
import type { Found } from "./explored.ts";
import { fairCycle } from "./fair-cycles.ts";

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
  const goesOn = threads.some(({ forever }) => forever === true);
  const isProgress = (state: number) => goesOn && goesOnBehind(on, wayTo(state));
  const cycle = fairCycle(edges, threads.length, isProgress);
  if (cycle === null) return null;
  const way = wayTo(cycle.state);
  const property = goesOn ? "starvation" : "livelock";
  const detail = `${cycle.actions.length} steps that a fair scheduler can repeat for ever`;
  const violation = new Violation(property, detail);
  const actions = [...way, ...cycle.actions];
  return { kind: "violated", violation, actions, cycleFrom: way.length };
}

function goesOnBehind(on: Interleaver, way: readonly number[]): boolean {
  on.restart();
  for (const action of way) on.perform(action);
  return on.goesOnForever;
}
