// SPDX-License-Identifier: GPL-2.0-only
/** The roles workload: what is asked of it, and what it leaves behind. */
import type { Distribution } from "../stats/distribution.ts";
import type { Rounds, Summary } from "../stats/summary.ts";
import type { Tail } from "../stats/tail.ts";

/** How operations are spaced: by nothing, by a rate of each CPU, or by a pause after each. */
export type Pace =
  | { readonly kind: "unlimited" }
  | { readonly kind: "rate"; readonly perSecond: number }
  | { readonly kind: "think"; readonly ns: number };

/** others: readers of a device that nobody removes. */
export type RoleName = "readers" | "others" | "removers" | "adders";

export type BodyKind = "none" | "spin" | "sleep";

/** How many CPUs a role has, and the pace of each. */
export interface RoleAsked {
  readonly cpus: number;
  readonly pace: Pace;
}

/** Parameters of the roles workload. */
export interface RolesAsked {
  readonly roles: Readonly<Record<RoleName, RoleAsked>>;
  /** Devices that are removed and come back. */
  readonly targets: number;
  readonly body: BodyKind;
  /** How long a body takes. */
  readonly service: Distribution;
  /** Of how many entries one is timed outside of removals. */
  readonly every: number;
  /** From when on a removal is overdue, ms. */
  readonly overdueMs: number;
}

/** How evenly the CPUs of a role came off. */
export interface Fairness {
  /** Jain's index: 1 where all got on alike, 1/n where one did and the others did not. */
  readonly jain: Summary;
  /** The fastest's operations over the slowest's; null where one did none in some round. */
  readonly maxOverMin: Summary | null;
}

/** How long removals waited. */
export interface RemovalWaits {
  readonly removals: number;
  readonly longestNs: number;
  readonly deadlineNs: number;
  /** Removals that took longer than the deadline: they got in when their readers kept out. */
  readonly overdue: number;
}

/** p50, p99: as `latency`, during: the p99 of `during`; one a round, in round order. */
export interface RoleRounds {
  readonly p50: Rounds;
  readonly p99: Rounds;
  readonly during: Rounds;
}

/** What one role of one gate's run came to. */
export interface RoleRow {
  readonly contender: string;
  readonly role: RoleName;
  readonly cpus: number;
  readonly pace: Pace;
  /** More CPUs in all roles than cores: the figures are the scheduler's too. */
  readonly oversubscribed: boolean;
  /** Operations a second, of all CPUs of the role together. */
  readonly rate: Summary;
  /** The same, one a round, in round order; null: round dropped. */
  readonly samples: readonly (number | null)[];
  /** Entries that were turned away; 0 for others than readers. */
  readonly refused: number;
  /** Share of the time that the role had nothing to work on, %. */
  readonly awayPct: Summary;
  /** Of readers: enter() while nobody removes the device; of the others: their operation. */
  readonly latency: Tail | null;
  /** Of readers: enter() while somebody does, granted or not; of others: while any is removed. */
  readonly during: Tail | null;
  /** Percentiles of each round, ns; null in a round with too few samples for one. */
  readonly rounds?: RoleRounds;
  /** What one reading of the clock costs, ns: taken off each latency. */
  readonly clockNs: number;
  /** Change of the rate while there is a device, next to a run without removals, %. Of readers. */
  readonly effectPct: Summary | null;
  /** Of readers, where there is more than one. */
  readonly fairness: Fairness | null;
  /** Of removers. */
  readonly waits: RemovalWaits | null;
}
