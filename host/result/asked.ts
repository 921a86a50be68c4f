// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a user can ask of each command. The command line fills in every default before a runner sees
 * the object, and the result keeps it as it was: a run is repeated from its own JSON.
 */

import type { Distribution } from "../stats/distribution.ts";
import type { MemoryModel, SearchOrder } from "./check.ts";
import type { BodyKind, RolesAsked } from "./roles.ts";

/** Whether the threads share one device or have one each. */
export type Devices = "same" | "own";

/** read: the gate alone, around one load. ioctl: an open file and a real command. */
export type Workload = "read" | "ioctl";

/** Which of the engine's compilers every row of a run is fixed to. */
export type Tier = "baseline" | "optimized";

/** Parameters of `bench`. */
export interface BenchAsked {
  /** roles: readers, removers and adders at once, as `roles` says; no threads and no devices then. */
  readonly workload: Workload | "roles";
  /** Gate names, as the module spells them. */
  readonly gates: readonly string[];
  readonly threads: readonly number[];
  readonly devices: readonly Devices[];
  readonly rounds: number;
  /** Length of one timed window, ms. */
  readonly windowMs: number;
  readonly tier: Tier;
  /** Modelled time the device takes for a command, ns. */
  readonly serviceNs: number;
  /** Present where that is the mean of a distribution and not a fixed time. */
  readonly service?: Distribution;
  /** How an ioctl waits for the device; absent: short times it spins, long ones it sleeps. */
  readonly body?: Exclude<BodyKind, "none">;
  /** Of the roles workload. */
  readonly roles?: RolesAsked;
  readonly seed: number;
  readonly memoryBytes: number;
}

/** Parameters of `selftest`: those of bench, of which each gate is set beside itself. */
export interface SelfTestAsked extends BenchAsked {
  /** How often everything is set up, measured and compared anew. */
  readonly runs: number;
}

/** Parameters of `stress`. */
export interface StressAsked {
  readonly revision: string;
  /** Null for a revision that brings its own gate. */
  readonly gate: string | null;
  readonly clients: number;
  readonly devices: number;
  readonly removers: number;
  readonly timeMs: number;
  readonly seed: number;
  /** Chance that a fallible step of add fails, 0 to 1. */
  readonly faultRate: number;
  readonly sanitize: boolean;
  readonly serviceNs: number;
  /** Time between pauses of all load, ms; 0: none. */
  readonly stutterMs: number;
  /** Longest random delay put between operations, ns; 0: none. */
  readonly delayNs: number;
  readonly memoryBytes: number;
}

/** Parameters of `compare`: those of bench, and the storm that each gate goes through. */
export interface CompareAsked extends BenchAsked {
  readonly quick: boolean;
  /** Length of each gate's storm, ms. */
  readonly stormMs: number;
}

/** Parameters of `check`. */
export interface CheckAsked {
  /** Null: each of them. */
  readonly scenario: string | null;
  /** Null: each of the scenario's. */
  readonly variant: string | null;
  /** Null: each that the scenario is for. */
  readonly revision: string | null;
  /** Null: each, or the revision brings its own. */
  readonly gate: string | null;
  /** Null: as many as the scenario has by itself. */
  readonly threads: number | null;
  readonly memory: MemoryModel;
  readonly search: SearchOrder;
  /** Of a random search. */
  readonly seed: number;
  /** Most context switches of a schedule; null: no limit. */
  readonly bound: number | null;
  /** Most states that are explored; null: no limit. */
  readonly maxStates: number | null;
  /** Memory that the states that were seen may take. */
  readonly memoryLimitBytes: number;
  /** Threads that search; null: one a core, each configuration by one of them. */
  readonly workers: number | null;
  /** Whether schedules that differ only in the order of independent steps count as one. */
  readonly reduction: boolean;
  /** The schedule that is run, and no other; null: they are searched. */
  readonly replay: string | null;
}

/** Parameters of `compare A.json B.json`. */
export interface SavedAsked {
  readonly a: string;
  readonly b: string;
  /** Whether unlike environments were compared all the same. */
  readonly force: boolean;
  /** The slowdown above which the comparison fails, %; null: it never does. */
  readonly failOverPct: number | null;
}

export type Asked =
  | BenchAsked
  | SelfTestAsked
  | StressAsked
  | CompareAsked
  | CheckAsked
  | SavedAsked;
