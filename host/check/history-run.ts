// SPDX-License-Identifier: GPL-2.0-only
/** Runs what decides the claims of history.ts, on several threads. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import type { CheckAsked } from "../result/asked.ts";
import type { CheckRow, ClaimRow } from "../result/check.ts";
import type { RunContext } from "../result/run.ts";
import { answer, type DoJobs, entriesAsked } from "./answers.ts";
import { doJobs } from "./crew.ts";
import { CLAIMS } from "./history.ts";
import { isWalk, type Job } from "./job.ts";
import type { Driver } from "./scenario.ts";
import { history } from "./scenarios/history.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { type SuiteOptions, searchOptions, threadsOf, weaverOf } from "./suite.ts";
import { Tally } from "./tally.ts";
import { likelyStates } from "./weights.ts";

/** Whether the claims are asked about: the scenario as a whole, which is nothing without them. */
export function isHistory({ scenario, variant, replay }: CheckAsked): boolean {
  return scenario === history.name && variant === null && replay === null;
}

/** @throws UsageError for options that ask for what the claims settle themselves */
export function refuseForHistory({ threads, gate, search }: CheckAsked): void {
  if (gate !== null) throw new UsageError(`--gate ${gate}: history is of the gates that Linux had`);
  if (threads !== null) {
    throw new UsageError(`--threads ${threads}: each claim of history has its own`);
  }
  if (isWalk({ search })) {
    throw new UsageError(`--search ${search}: history is searched as a whole, by bfs or dfs`);
  }
}

/** @param rows - of the suite, where it has been run with these options */
export async function claimsOf(
  { revision }: Pick<CheckAsked, "revision">,
  abi: KernelAbi,
  options: SuiteOptions,
  rows: readonly CheckRow[],
  context: RunContext,
): Promise<ClaimRow[]> {
  const isAsked = (driver: Driver) => revision === null || driver.revision === revision;
  const each = { ...searchOptions(options, threadsOf(options)), workers: 1 };
  return answer(CLAIMS, abi, { isAsked, options: each, rows, run: crew(abi, options, context) });
}

/** Does jobs, round by round, with one image. */
function crew(abi: KernelAbi, options: SuiteOptions, context: RunContext): DoJobs {
  const { signal, onProgress } = context;
  const entries = entriesAsked(CLAIMS, abi);
  const weave = options.weave ?? weaverOf(entries);
  let done = 0;
  return (jobs) => {
    const tally = new Tally(jobs.map((job) => planOf(job, entries)));
    const tell = () => {
      done = Math.max(done, tally.progress.done); // a round that follows begins anew
      onProgress({ ...tally.progress, done });
    };
    return doJobs(jobs, {
      ...{ weave, threads: threadsOf(options), signal },
      onFigures: (index, figures) => {
        tally.figures(index, figures);
        tell();
      },
      onDone: (index, { figures }) => {
        tally.done(index, figures);
        tell();
      },
    });
  };
}

function planOf({ scenario, variant, driver }: Job, entries: readonly SuiteEntry[]) {
  const entry = entries.find(
    (one) =>
      one.scenario.name === scenario &&
      one.variant.name === variant &&
      one.driver?.revision === driver?.revision,
  );
  const name = `${scenario}/${variant} ${driver?.revision}`;
  return { name, likely: entry === undefined ? 1 : likelyStates(entry) };
}
