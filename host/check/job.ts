// SPDX-License-Identifier: GPL-2.0-only
/**
 * One configuration of a run, by names, and what came of it: both are plain data, since a scenario is
 * functions, which no thread can be sent.
 */
import type { CounterExample, MemoryModel, SearchOrder } from "../result/check.ts";
import type { Other } from "./explored.ts";
import type { Named } from "./named.ts";
import type { Wanted } from "./wanted.ts";

/** How schedules are searched. */
export interface SearchOptions {
  readonly memory: MemoryModel;
  readonly search: SearchOrder;
  readonly seed: number;
  /** Most preemptions of a schedule; null: no limit. */
  readonly bound: number | null;
  readonly maxStates: number | null;
  /** Of this configuration alone. */
  readonly memoryBytes: number;
  readonly reduction: boolean;
  /** Threads that search it together. */
  readonly workers: number;
}

export interface Job extends Named {
  readonly options: SearchOptions;
  /** What alone is looked for; default: whatever breaks a property. */
  readonly wanted?: readonly Wanted[];
}

/** Whether schedules are drawn, which comes to no end by itself: then `maxStates` is that of its steps. */
export function isWalk({ search }: Pick<SearchOptions, "search">): boolean {
  return search === "random" || search === "pct";
}

/** Steps of such a search that has no limit: some seconds. */
export const WALK_STEPS = 1_000_000;

/** How far a search is. */
export interface Figures {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** States that are still to be expanded. */
  readonly waiting: number;
}

export const NO_FIGURES: Figures = { states: 0, transitions: 0, depth: 0, waiting: 0 };

/** What of a search was no search of everything. */
export interface Gaps {
  /** Steps that the bound left out. */
  readonly leftOut: number;
  readonly other?: Other;
  /** What schedules drawn at random are worth, as a sentence; null: none were. */
  readonly worth: string | null;
  /** Whether cycles were looked for that a fair scheduler could go round for ever. */
  readonly cycles: boolean;
}

export const NO_GAPS: Gaps = { leftOut: 0, worth: null, cycles: true };

export interface Outcome {
  /**
   * exhausted: all that was to be searched was; states, memory, interrupted: why it ended before that;
   * failed: the checker did, see `error`.
   */
  readonly end: "exhausted" | "violated" | "states" | "memory" | "interrupted" | "failed";
  readonly figures: Figures;
  readonly gaps: Gaps;
  readonly seconds: number;
  /** What was violated, in a few words. */
  readonly property: string | null;
  readonly counterexample: CounterExample | null;
  /** Which of those that the job looks for was found. */
  readonly met?: Wanted;
  /** One line, where the checker failed: also where all it could not do is show a violation. */
  readonly error: string | null;
}
