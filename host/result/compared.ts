// SPDX-License-Identifier: GPL-2.0-only
/** What is said of two contenders beside each other. */
import type { Interval } from "../stats/summary.ts";
import type { Devices } from "./asked.ts";
import type { RoleName } from "./roles.ts";

/** Which rows two contenders were compared on. */
export interface Metric {
  readonly what: "pair" | "ioctl" | "removal" | "role";
  /** Of a role: its CPUs. */
  readonly threads: number;
  /** Null for removal and role. */
  readonly devices: Devices | null;
  /** Null for all but removal. */
  readonly condition: "idle" | "busy" | null;
  readonly oversubscribed: boolean;
  /** Of a role. */
  readonly role?: RoleName;
  readonly figure?: RoleFigure;
}

/**
 * What of a role is compared. score: the time from one operation to the next, of all its CPUs together;
 * p50, p99: of an operation, of readers while nobody removes; during: the p99 while somebody does.
 */
export type RoleFigure = "score" | "p50" | "p99" | "during";

export type ComparisonWord = "faster" | "slower" | "no difference seen";

/** Two contenders of one run, or one contender of two results. */
export interface ComparisonRow {
  readonly metric: Metric;
  /** Contender. Where b is the same one, a is from the second of two saved results. */
  readonly a: string;
  readonly b: string;
  /** Time of a over time of b; above 1 means that a is slower. */
  readonly ratio: Interval;
  /** What a is, next to b. */
  readonly word: ComparisonWord;
  /** Rounds in which both were measured. */
  readonly pairs: number;
}
