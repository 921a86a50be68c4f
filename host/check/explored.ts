// SPDX-License-Identifier: GPL-2.0-only
/** What a search is told, and what it comes back with. */

import type { Violation } from "../machine/coroutine/violation.ts";
import type { SearchOrder } from "../result/check.ts";

export interface Counts {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of the shortest schedules. */
  readonly depth: number;
}

export interface SearchOptions {
  readonly search: SearchOrder;
  /** Of schedules drawn at random. */
  readonly seed: number;
  /** Of random schedules, the steps. */
  readonly maxStates: number;
  readonly memoryBytes: number;
  /** Most switches away from a thread that could go on; null: any number. */
  readonly preemptions: number | null;
  /** Whether cycles are looked for that a fair scheduler could go round for ever. */
  readonly liveness: boolean;
  /** Whether a violation is what is looked for; others end their schedule alone. Default: any is. */
  readonly wanted?: (violation: Violation) => boolean;
  /** Called every few thousand steps. @returns true to stop */
  readonly onProgress: (soFar: Counts, waiting: number) => boolean;
}

export interface Stopped {
  readonly kind: "stopped";
  readonly why: "states" | "memory" | "interrupted";
}

export type Found =
  | { readonly kind: "exhausted" }
  | {
      readonly kind: "violated";
      readonly violation: Violation;
      readonly actions: number[];
      /** Index of the action from which a cycle repeats for ever; null: it is none. */
      readonly cycleFrom: number | null;
    }
  | Stopped
  /** A run found two threads at a word that was thought to be one's own: all is to begin anew. */
  | { readonly kind: "contended" };

export interface Other {
  /** Steps and ends that broke something else: what follows those was not explored. */
  readonly passed: number;
  /** States in which all threads have ended. */
  readonly ends: number;
}

export interface Explored {
  readonly found: Found;
  readonly counts: Counts;
  /** The most memory that it took. */
  readonly bytes: number;
  /** What Program.outcome said of each end. */
  readonly outcomes: ReadonlySet<string>;
  /** Steps that a bound left out. */
  readonly leftOut: number;
  /** What certain violations being looked for means for the rest. */
  readonly other?: Other;
  /** What schedules drawn at random are worth, as a sentence; null: all were explored, or a bounded part. */
  readonly worth: string | null;
}
