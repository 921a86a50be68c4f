// SPDX-License-Identifier: GPL-2.0-only
/** Checks several configurations at the same time: the likely longest first, their rows in order. */
import { availableParallelism } from "node:os";
import { driverName } from "../machine/driver.ts";
import type { CheckRow } from "../result/check.ts";
import type { RunContext } from "../result/run.ts";
import { type CrewOrders, doJobs } from "./crew.ts";
import type { Woven } from "./image.ts";
import {
  type Figures,
  isWalk,
  type Job,
  type Outcome,
  type SearchOptions,
  WALK_STEPS,
} from "./job.ts";
import { rowOf } from "./row.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { Tally } from "./tally.ts";
import { weave as weaveRoots } from "./weave.ts";
import { likelyStates } from "./weights.ts";

export interface SuiteOptions extends Omit<SearchOptions, "memoryBytes" | "workers"> {
  readonly threads: number | null;
  /** For all of them together. */
  readonly memoryLimitBytes: number;
  /** Threads that search; null: as many as there are cores, each configuration by one. */
  readonly workers: number | null;
  /** See weaverOf(); default: that of the entries. */
  readonly weave?: () => Woven;
}

/** Threads that search at the same time. */
export function threadsOf({ workers }: Pick<SuiteOptions, "workers">): number {
  return workers ?? availableParallelism();
}

/** @returns a row for each entry that was begun before the interruption */
export async function checkAll(
  entries: readonly SuiteEntry[],
  options: SuiteOptions,
  { signal, onProgress }: RunContext,
): Promise<CheckRow[]> {
  if (signal.aborted) return [];
  const { threads } = options;
  const crew = Math.min(threadsOf(options), entries.length);
  const perJob = searchOptions(options, crew);
  const planned = plan(entries, perJob);
  const tally = new Tally(planned);
  const jobs = planned.map(({ entry }) => jobOf(entry, threads, perJob));
  const orders = {
    weave: options.weave ?? weaverOf(entries),
    threads: crew,
    signal,
    onFigures: (index: number, figures: Figures) => {
      tally.figures(index, figures);
      onProgress(tally.progress);
    },
    onDone: (index: number, { figures }: Outcome) => {
      tally.done(index, figures);
      onProgress(tally.progress);
    },
  };
  const outcomes = perJob.workers > 1 ? await inTurn(jobs, orders) : await doJobs(jobs, orders);
  const rows = planned.map(({ entry, place }, index) => {
    const outcome = outcomes[index] ?? null;
    return { place, row: outcome && rowOf(entry, threads, perJob, outcome) };
  });
  return rows.sort((a, b) => a.place - b.place).flatMap(({ row }) => row ?? []);
}

/** What makes, once it is asked for, what all of the entries reach. */
export function weaverOf(entries: readonly SuiteEntry[]): () => Woven {
  let woven: Woven | undefined;
  return () => {
    woven ??= weaveRoots([...new Set(entries.flatMap(({ variant }) => variant.roots))]);
    return woven;
  };
}

/** One job after the other, each by several threads. */
async function inTurn(jobs: readonly Job[], orders: CrewOrders): Promise<(Outcome | null)[]> {
  const { weave, signal, onFigures, onDone } = orders;
  const { findTogether } = await import("./together.ts");
  const outcomes: (Outcome | null)[] = [];
  for (const [index, job] of jobs.entries()) {
    if (signal.aborted) break;
    const note = (figures: Figures) => onFigures(index, figures);
    const outcome = await findTogether(weave, job, note, signal);
    onDone(index, outcome);
    outcomes.push(outcome);
  }
  return outcomes;
}

/** The likely longest first: what is begun last then ends last by little. */
function plan(entries: readonly SuiteEntry[], options: SearchOptions) {
  const walk = isWalk(options);
  const steps = options.maxStates ?? WALK_STEPS;
  return entries
    .map((entry, place) => {
      const likely = walk ? steps : likelyStates(entry);
      return { entry, place, likely, walk, name: nameOf(entry) };
    })
    .sort((a, b) => b.likely - a.likely || a.place - b.place);
}

/** What is left of the limits when `crew` searches run at the same time. */
export function searchOptions(options: SuiteOptions, crew: number): SearchOptions {
  const { memory, search, seed, bound, maxStates, reduction, memoryLimitBytes, workers } = options;
  return {
    ...{ memory, search, seed, bound, maxStates, reduction },
    memoryBytes: Math.floor(memoryLimitBytes / Math.max(crew, 1)),
    workers: search === "bfs" ? Math.max(1, Math.floor((workers ?? 1) / Math.max(crew, 1))) : 1,
  };
}

export function jobOf(
  { scenario, driver, variant }: SuiteEntry,
  threads: number | null,
  options: SearchOptions,
): Job {
  return { scenario: scenario.name, variant: variant.name, driver, threads, options };
}

function nameOf({ scenario, driver, variant }: SuiteEntry): string {
  return `${scenario.name} ${driver === null ? variant.name : driverName(driver)}`;
}
