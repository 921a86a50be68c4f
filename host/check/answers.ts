// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether claims are right, at each revision. One search of a configuration is for all that is asked of
 * it; what it did not meet, once it has met something, is asked again alone.
 */
import type { KernelAbi } from "../abi/kernel.ts";
import { DEFAULT_GATE, OPEN_REVISION } from "../machine/driver.ts";
import type { CheckRow, ClaimCell, ClaimRow } from "../result/check.ts";
import type { Claim, Question } from "./history.ts";
import type { Job, Outcome, SearchOptions } from "./job.ts";
import { commandOf } from "./row.ts";
import type { Driver } from "./scenario.ts";
import { drivers, type SuiteEntry, scenarioNamed } from "./scenarios/table.ts";
import { jobOf } from "./suite.ts";
import type { Wanted } from "./wanted.ts";

/** A claim at a revision, and what is known of it so far. */
interface Case {
  readonly claim: Claim;
  readonly question: Question;
  readonly entry: SuiteEntry;
  cell: ClaimCell | null;
}

/** Does jobs. @returns an outcome for each; null for one that was not begun */
export type DoJobs = (jobs: readonly Job[]) => Promise<readonly (Outcome | null)[]>;

/** Drivers that a claim can be said of. */
function driversOf({ revisions, gate = DEFAULT_GATE }: Claim, abi: KernelAbi): Driver[] {
  return drivers(abi).filter(({ revision, gate: built }) => {
    if (revision === OPEN_REVISION && built !== gate) return false;
    return revisions === undefined || revisions.includes(revision);
  });
}

function entryOf(abi: KernelAbi, { scenario: name, variant: of }: Question, driver: Driver) {
  const scenario = scenarioNamed(name);
  const variant = scenario.variants(abi, driver, null).find((one) => one.name === of);
  if (variant === undefined) throw new Error(`[harness bug] no ${name}/${of}`);
  return { scenario, driver, variant };
}

/** Every configuration that is asked about, once each. */
export function entriesAsked(claims: readonly Claim[], abi: KernelAbi): SuiteEntry[] {
  return casesOf(claims, abi, () => true).map(({ entry }) => entry);
}

function casesOf(
  claims: readonly Claim[],
  abi: KernelAbi,
  isAsked: (driver: Driver) => boolean,
): Case[] {
  return claims.flatMap((claim) => {
    const question = claim.decidedBy;
    if (typeof question === "string") return [];
    return driversOf(claim, abi)
      .filter(isAsked)
      .map((driver) => ({ claim, question, entry: entryOf(abi, question, driver), cell: null }));
  });
}

/** The options of a question's searches. */
function optionsOf({ preemptions }: Question, options: SearchOptions): SearchOptions {
  return { ...options, bound: options.bound ?? preemptions ?? null };
}

function isSame(a: Wanted | undefined, b: Wanted): boolean {
  return a?.property === b.property && a.object === b.object;
}

function placeOf({ entry: { scenario, variant } }: Case, { bound }: SearchOptions): string {
  const most = bound === null ? "" : ` of at most ${bound} preemption${bound === 1 ? "" : "s"}`;
  const threads = `${variant.threads.length} thread${variant.threads.length === 1 ? "" : "s"}`;
  return `every schedule${most} of ${scenario.name}/${variant.name}, ${threads}`;
}

/** Why a search did not come to its end. */
const ENDED_BY = {
  states: "stopped by --max-states",
  memory: "stopped by --memory-limit",
  interrupted: "interrupted",
  failed: "internal error",
} as const;

/** @returns null when the search met something else, and is to be made again without it */
function cellOf(one: Case, options: SearchOptions, outcome: Outcome | null): ClaimCell | null {
  const { revision } = one.entry.driver as Driver; // a scenario of a driver
  const place = placeOf(one, options);
  const open = { revision, reachable: null, schedule: null } as const;
  if (outcome === null) return { ...open, bound: `not begun: ${place}` };
  const { end, error, gaps, met, property, counterexample } = outcome;
  if (end === "violated") {
    if (met === undefined) return { ...open, bound: `${place}: ${property}, before it began` };
    if (!isSame(met, one.question.wanted)) return null;
    const command = commandOf(one.entry, null, options);
    const schedule = counterexample?.schedule ?? null;
    return { revision, reachable: true, bound: place, schedule, command };
  }
  if (end !== "exhausted") return { ...open, bound: `${ENDED_BY[end]}: ${error ?? place}` };
  const { passed = 0, ends = 0 } = gaps.other ?? {};
  if (passed === 0) return { ...open, reachable: false, bound: place };
  if (ends === 0) return { ...open, bound: `${place}: each breaks something else first` };
  return { ...open, reachable: false, bound: `${place}, each up to what else it breaks` };
}

function keyOf({ entry, question }: Case): string {
  const { scenario, variant, driver } = entry;
  const { revision, gate } = driver as Driver; // a scenario of a driver
  return [scenario.name, variant.name, revision, gate, question.preemptions].join(" ");
}

/** What a row of the suite says: where everything holds, nothing that is asked for is there. */
function ofRow(one: Case, options: SearchOptions, rows: readonly CheckRow[]): ClaimCell | null {
  const command = commandOf(one.entry, null, optionsOf(one.question, options));
  const row = rows.find((known) => known.command === command);
  if (row?.verdict !== "holds") return null;
  const { revision } = one.entry.driver as Driver; // a scenario of a driver
  return { revision, reachable: false, bound: placeOf(one, options), schedule: null };
}

/** Searches until every case has its cell. */
async function decide(cases: readonly Case[], options: SearchOptions, run: DoJobs): Promise<void> {
  for (;;) {
    const open = cases.filter(({ cell }) => cell === null);
    if (open.length === 0) return;
    const keys = [...new Set(open.map(keyOf))];
    const groups = keys.map((key) => open.filter((one) => keyOf(one) === key));
    const outcomes = await run(groups.map((group) => jobFor(group, options)));
    for (const [i, group] of groups.entries()) {
      for (const one of group) {
        one.cell = cellOf(one, optionsOf(one.question, options), outcomes[i] ?? null);
      }
    }
  }
}

function jobFor(group: readonly Case[], options: SearchOptions): Job {
  const [first] = group as [Case]; // of no group is there none
  const wanted = group.map(({ question }) => question.wanted);
  return { ...jobOf(first.entry, null, optionsOf(first.question, options)), wanted };
}

export interface Ask {
  readonly isAsked: (driver: Driver) => boolean;
  readonly options: SearchOptions;
  /** Of the suite, where it has been run with these options. */
  readonly rows: readonly CheckRow[];
  readonly run: DoJobs;
}

/** @returns a row for each claim, with a cell for each revision that it can be said of */
export async function answer(
  claims: readonly Claim[],
  abi: KernelAbi,
  { isAsked, options, rows, run }: Ask,
): Promise<ClaimRow[]> {
  const cases = casesOf(claims, abi, isAsked);
  for (const one of cases) one.cell = ofRow(one, options, rows);
  await decide(cases, options, run);
  return claims.map((claim) => {
    const { id, source, decidedBy } = claim;
    const found = cases.filter((one) => one.claim === claim).flatMap(({ cell }) => cell ?? []);
    const open = typeof decidedBy !== "string" ? [] : driversOf(claim, abi).filter(isAsked);
    const unasked = open.map(({ revision }) => {
      return { revision, reachable: null, bound: String(decidedBy), schedule: null };
    });
    return { id, claim: claim.claim, source, cells: [...found, ...unasked] };
  });
}
