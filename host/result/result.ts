// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a run leaves behind: one JSON object. Text, SVG and HTML are drawings of it and of nothing
 * else, so whatever a drawing needs is a field here.
 *
 * Sections that a command does not fill are empty arrays, never absent, but for those that earlier
 * writers did not know. A violated property is in here (StormRow.violations,
 * CheckRow.verdict); a run that could not happen leaves no result but throws.
 */
import type { Histogram } from "../stats/histogram.ts";
import type { Drift, Steadiness } from "../stats/steadiness.ts";
import type { Summary } from "../stats/summary.ts";
import type { Asked, Devices, Workload } from "./asked.ts";
import type { CheckRow, ClaimRow } from "./check.ts";
import type { ComparisonRow } from "./compared.ts";
import type { SelfTest } from "./selftest.ts";

export type { ComparisonRow, ComparisonWord, Metric } from "./compared.ts";

import type { RoleRow } from "./roles.ts";

/** Raised when a field changes its meaning or goes away; a new optional field does not raise it. */
export const SCHEMA = 1;

export type Command = "bench" | "stress" | "compare" | "check" | "selftest";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [k: string]: Json };

/**
 * Where the run took place. Keys known to the drawings: cpu, cores, os, node, v8, v8Flags,
 * kernelSha256, clockResolutionNs, loadAverage. `compareResults` calls two environments unlike when
 * any key but kernelSha256 and those in VOLATILE_KEYS differs.
 */
export type Environment = { readonly [key: string]: Json };

export interface Result {
  readonly schema: typeof SCHEMA;
  readonly tool: { readonly name: "hotunplug"; readonly version: string };
  readonly command: Command;
  /** The parameters in force, defaults filled in. */
  readonly asked: Asked;
  readonly environment: Environment;
  readonly tier: TierFacts;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationS: number;
  /** Present when the run was stopped early: the rows hold what had been measured by then. */
  readonly interrupted?: true;
  readonly gates: readonly GateFacts[];
  readonly pairs: readonly PairRow[];
  readonly removals: readonly RemovalRow[];
  readonly storms: readonly StormRow[];
  readonly comparisons: readonly ComparisonRow[];
  readonly breakEvens: readonly BreakEvenRow[];
  /** Of a run that timed something. */
  readonly noise?: NoiseFloor;
  readonly selftest?: SelfTest;
  /** Of the roles workload: a row a gate and role. */
  readonly roles?: readonly RoleRow[];
  /** How the pace of all rows together changed over the rounds; null: too few to say. */
  readonly drift?: Drift | null;
  readonly checks?: readonly CheckRow[];
  readonly claims?: readonly ClaimRow[];
  /** Present when the same was measured in other engines: the rows of all but the first. */
  readonly engines?: readonly EngineRows[];
  /** Present when the run was set beside a stored one. */
  readonly against?: Against;
  /** Present when the run was made twice, to be stored. */
  readonly repeat?: Repeat;
  /** Warnings and remarks, one sentence each, printed below the tables. */
  readonly notes: readonly string[];
}

/** Which of the engine's compilers made the code that was timed. */
export interface TierFacts {
  readonly inForce: "baseline" | "optimized" | "unknown";
  /** False in an engine that offers no way to choose: the table then carries a warning. */
  readonly selectable: boolean;
  /**
   * Cost of an uncontended atomic add over that of an atomic exchange in this tier, measured. Near 1
   * where add is one instruction; about 1.7 where the engine makes a compare-exchange loop of it.
   * Null when it was not measured.
   */
  readonly addOverExchange: number | null;
}

/** What a gate takes besides time; bytes as laid out by the module. */
export interface GateFacts {
  readonly name: string;
  /** A negative control: it protects nothing, must be caught, and its cost is the floor. */
  readonly control?: true;
  /** A body may not sleep in it: no driver is built with it, and nothing that takes one is measured. */
  readonly atomic?: true;
  /** One line, from the header of the gate's file. */
  readonly summary: string;
  readonly bytesPerDevice: number;
  readonly bytesPerCpuPerDevice: number;
  readonly globalBytes: number;
  /** Once on each CPU, for all devices; absent where there is nothing. */
  readonly globalBytesPerCpu?: number;
}

/** The cost of one enter/exit pair, or of one ioctl, as each thread sees it. */
export interface PairRow {
  /** Gate name; for a baseline one of those named in assembly/workload/contenders.ts. */
  readonly contender: string;
  readonly kind: "gate" | "baseline";
  readonly workload: Workload;
  readonly threads: number;
  readonly devices: Devices;
  /** More threads than cores: the figure is the OS scheduler's as much as the gate's. */
  readonly oversubscribed: boolean;
  readonly unit: "ns/pair" | "ns/ioctl";
  readonly raw: Summary;
  /** Raw less the empty loop of the same round, threads and devices. */
  readonly net: Summary;
  /** Raw, one a round, in round order, so that rows of a run pair by index; null: round dropped. */
  readonly samples: readonly (number | null)[];
  /** Of the samples. */
  readonly steadiness?: Steadiness;
}

/** What becomes of a thread that comes during a removal. Who passes a gate is not kept out by it. */
export type EntrantOutcome = "blocks" | "fails" | "passes" | "spins";

/** From the call of unregister to "nobody inside, nobody can come in". */
export interface RemovalRow {
  readonly contender: string;
  readonly condition: "idle" | "busy";
  /** Threads that ran ioctls on the device while it was removed; 0 when idle. */
  readonly readers: number;
  readonly oversubscribed: boolean;
  readonly latency: Histogram;
  /** Median latency of each round's removals, ns, in round order; null: round dropped. */
  readonly samples: readonly (number | null)[];
  readonly entrantOutcome: EntrantOutcome;
  /** The longest enter() of each reader in each removal; null when idle. */
  readonly entrant: Histogram | null;
  /** What the device's readers lose of their rate while it is open, %; null when idle. */
  readonly readersLossPct: Summary | null;
  /** Change in throughput of readers of another device during removal, %; negative: they lose. */
  readonly othersEffectPct: Summary | null;
  /** Of the samples. */
  readonly steadiness?: Steadiness;
}

/** A property that did not hold. */
export interface Violation {
  /** Short name of the property, as in "use after free". */
  readonly property: string;
  /** One line: what was seen, where. */
  readonly detail: string;
  /** How often it was seen, where that is more than once. */
  readonly count?: number;
  /** Steps or sites, oldest first, each naming a line of assembly/. */
  readonly trace?: readonly string[];
}

/** Verdict of one removal storm. */
export interface StormRow {
  /** The driver as built, as in "put_device+rwsem"; equal to revision where that fixes the gate. */
  readonly driver: string;
  readonly revision: string;
  /** The gate it was built with; null for a revision that brings its own. */
  readonly gate: string | null;
  readonly held: boolean;
  /**
   * Present where the driver is looked at as it stood, with all its faults: what is found is a report,
   * and no failure of the run.
   */
  readonly asFound?: true;
  readonly sanitized: boolean;
  readonly seed: number;
  readonly seconds: number;
  /** Events by lower-case name, as in { ioctl: 812345, remove: 9120 }; the driver's totals. */
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  /** The command that runs this storm again. */
  readonly replay: string;
}

/** The same module and parameters in another engine. */
export interface EngineRows {
  /** Its name and version, as in "bun 1.4.5". */
  readonly engine: string;
  readonly environment: Environment;
  readonly tier: TierFacts;
  readonly pairs: readonly PairRow[];
  readonly removals: readonly RemovalRow[];
}

/** A run beside a baseline, which is an earlier result that was stored under a name. */
export interface Against {
  readonly baseline: string;
  /** When the baseline was measured; ISO 8601, UTC. */
  readonly startedAt: string;
  /** The slowdown above which the run fails, %; null: it never does. */
  readonly failOverPct: number | null;
  /** Processes that the baseline was measured in, and this run; absent: one. */
  readonly captures?: number;
  readonly runs?: number;
  /** Time in this run over time in the baseline; intervals span all pairs of those processes. */
  readonly comparisons: readonly ComparisonRow[];
  /** What else tells the two runs apart. */
  readonly notes: readonly string[];
}

/** What one process measured, of a result that has more than one. */
export type Capture = Pick<Result, "pairs" | "removals" | "roles">;

/** A run beside the same run made just before it, in another process: is it fit to be a baseline? */
export interface Repeat {
  /** The name that it was to be stored under; it was if all rows agree. */
  readonly baseline: string;
  /** A row agrees unless its interval lies wholly further from 1 than this, %. */
  readonly tolerancePct: number;
  /** Time in this run over time in the one before it. */
  readonly comparisons: readonly ComparisonRow[];
  /** Rows without enough rounds in both runs to say anything, by name. */
  readonly lacking: readonly string[];
  /** What of the place of the runs was not the same. */
  readonly unlike: readonly string[];
  /** What the run before it measured: later runs are set beside both. */
  readonly first?: Capture;
}

/** The ioctl length above which a gate's cost is under 1 % of it, on this machine. */
export interface BreakEvenRow {
  readonly gate: string;
  readonly threads: number;
  readonly devices: Devices;
  readonly gateCostNs: number;
  readonly ioctlNs: number;
}

/** What comes out when one gate is set beside itself, as two contenders: the A/A pair of the run. */
export interface NoiseFloor {
  /** The gate that was measured as two contenders. */
  readonly gate: string;
  /** A row for each setting: the second contender's time over the first one's. */
  readonly comparisons: readonly ComparisonRow[];
  /** How many of them were called faster or slower; one in twenty may be, by chance. */
  readonly alarms: number;
  /**
   * How much longer the longer of the two times was, %: in the middle one of the settings, and at most.
   * Of settings with a core for each thread where there are any; null where the times are about zero.
   */
  readonly middlePct: number | null;
  readonly mostPct: number | null;
  /** Rows of the second contender; those of the first are among the result's. */
  readonly pairs: readonly PairRow[];
  readonly removals: readonly RemovalRow[];
}
