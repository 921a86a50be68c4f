// SPDX-License-Identifier: GPL-2.0-only
/**
 * `--against NAME`: a run set beside a stored one. With a limit, what is over it is measured again, each
 * time in a process of its own: what two processes of one code differ by is in no interval of one run.
 */
import { UsageError } from "../errors.ts";
import { isOver, unmeasured } from "../report/agreement.ts";
import { acrossProcesses, capturesOf } from "../report/captures.ts";
import { compareResults, refuseUnlike } from "../report/side-by-side.ts";
import type { BenchAsked } from "../result/asked.ts";
import { formatPlural } from "../result/counts.ts";
import type { Against, Result } from "../result/result.ts";
import type { RunContext, Runner } from "../result/run.ts";
import { lateMs, runAgain, thisEngine } from "./elsewhere.ts";
import { type Place, placeInEngine } from "./engines.ts";

/** Processes that a row has to be over the limit in before the run fails. */
export const RUNS = 3;

export interface AgainstWish {
  readonly baseline: Result;
  readonly name: string;
  readonly force: boolean;
  readonly failOverPct: number | null;
  /** Engines that the run takes place in; none: this one. */
  readonly engines: readonly string[];
  /** The folders that engines are looked for in. */
  readonly path: string;
  /** The command that makes the same run, without the options of baselines. */
  readonly args: readonly string[];
  /** Says a line to whoever waits. */
  readonly tell: (line: string) => void;
}

/** @throws UsageError for a baseline that was measured elsewhere, or has no row of the run */
export function refuseElsewhere(place: Place, asked: BenchAsked, wish: AgainstWish): void {
  refuseUnlike(wish.baseline, { ...place, asked }, labelsOf(wish), true);
}

function labelsOf({ name, force }: AgainstWish) {
  return { a: `baseline ${name}`, b: "this run", force, failOverPct: null };
}

export function besideBaseline<A extends BenchAsked>(run: Runner<A>, wish: AgainstWish): Runner<A> {
  return async (asked, context) => {
    if (wish.engines.length > 0) {
      const place = await placeInEngine(wish.engines, asked, wish.path, context.signal);
      refuseElsewhere(place, asked, wish);
    }
    const first = await run(asked, context);
    try {
      return await confirmed(first, wish, context);
    } catch (error) {
      if (first.interrupted && error instanceof UsageError) return first; // nothing was measured
      throw error;
    }
  };
}

async function confirmed(first: Result, wish: AgainstWish, context: RunContext): Promise<Result> {
  const { baseline, name, failOverPct } = wish;
  // What could be refused before the run was; what changed since is in the notes.
  const besideIt = (run: Result) =>
    compareResults(baseline, run, { ...labelsOf(wish), force: true }, run, true);
  const { comparisons, notes } = besideIt(first);
  const lists = [comparisons];
  const isOpen = () =>
    failOverPct !== null && acrossProcesses(lists).some((row) => isOver(row, failOverPct));
  let interrupted = first.interrupted === true;
  while (isOpen() && lists.length < RUNS && !interrupted) {
    const run = await again(first, lists.length + 1, wish, context);
    if (run === null) interrupted = true;
    else lists.push(besideIt(run).comparisons);
  }
  const lacking = unmeasured(baseline, first).length;
  const fewer = `${formatPlural(lacking, "row")} of the baseline have no counterpart in this run.`;
  const stopped = interrupted && isOpen();
  const unsure = `nothing is called a failure: ${lists.length} of ${RUNS} runs were finished.`;
  const against: Against = {
    baseline: name,
    startedAt: baseline.startedAt,
    failOverPct: stopped ? null : failOverPct,
    captures: capturesOf(baseline).length,
    runs: lists.length,
    comparisons: acrossProcesses(lists),
    notes: [...notes, ...(lacking > 0 ? [fewer] : []), ...(stopped ? [unsure] : [])],
  };
  return { ...first, ...(interrupted ? { interrupted } : {}), against };
}

function again(
  first: Result,
  which: number,
  { args, failOverPct, tell }: AgainstWish,
  { signal, onProgress }: RunContext,
): Promise<Result | null> {
  const name = `run ${which}`;
  tell(`rows are over ${failOverPct} %: ${name} of at most ${RUNS} begins`);
  const what = { program: thisEngine(), args, name, deadlineMs: lateMs(first) };
  return runAgain(what, {
    signal,
    onProgress: ({ done, label }) => {
      const percent = Math.round(100 * done);
      onProgress({ done: 1, label: `${name} of at most ${RUNS}, ${percent} %: ${label}` });
    },
  });
}
