// SPDX-License-Identifier: GPL-2.0-only
/**
 * What `selftest` finds out about comparisons themselves: how often two contenders that are one and the
 * same gate are called different, and how large a difference must be to be seen.
 */
import type { Share } from "../stats/binomial.ts";
import type { Rounds } from "../stats/summary.ts";
import type { ComparisonRow, Metric } from "./compared.ts";

/** A gate beside itself in one setting of one run. */
export interface AaRow extends ComparisonRow {
  /** From 1 on. */
  readonly run: number;
  /** What was compared, ns, one a round. */
  readonly times: { readonly a: Rounds; readonly b: Rounds };
}

/** All runs of one gate in one setting. */
export interface AaSetting {
  readonly gate: string;
  readonly metric: Metric;
  /** Comparisons that said "faster" or "slower", of those that could. */
  readonly alarms: Share;
  /** How much longer the longer of the two times was, %: in the middle one of the runs. */
  readonly middlePct: number | null;
  readonly detectsPct: number | null;
}

/** A slowdown of known size that was really there: time added to each ioctl of one contender. */
export interface Injection {
  readonly gate: string;
  /** What the device takes for a command of the one contender, and how much more for the other's, ns. */
  readonly serviceNs: number;
  readonly addedNs: number;
  /** What that must make of the ratio, by the time of the contender without it; and what was measured. */
  readonly expectedPct: number;
  readonly measuredPct: number;
  /** Comparisons that said "slower". */
  readonly found: Share;
}

export interface SelfTest {
  /** Runs that were finished. */
  readonly runs: number;
  /** Comparisons that said "faster" or "slower", of those that could. */
  readonly alarms: Share;
  /** Comparisons of too few rounds to say anything. */
  readonly undecided: number;
  /**
   * The smallest difference, %, that is seen in at least 4 of 5 comparisons: by scaling the measured
   * times of one side. Null where none is.
   */
  readonly detectsPct: number | null;
  readonly settings: readonly AaSetting[];
  /** Absent where no run of it was finished. */
  readonly injection?: Injection;
  readonly rows: readonly AaRow[];
}
