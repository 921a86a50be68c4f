// SPDX-License-Identifier: GPL-2.0-only
/** `check`: what was asked, as a result. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import { TIERING, tierInForce, tierSelectable } from "../machine/engine.ts";
import { environmentOf } from "../machine/environment.ts";
import { kernelImage } from "../machine/image.ts";
import type { CheckAsked } from "../result/asked.ts";
import { assembleResult, type Sections } from "../result/assemble.ts";
import type { RunCheck, RunContext } from "../result/run.ts";
import { entriesAsked } from "./answers.ts";
import { CLAIMS } from "./history.ts";
import { claimsOf, isHistory, refuseForHistory } from "./history-run.ts";
import { commandOf } from "./row.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { parseSchedule } from "./schedule.ts";
import { select } from "./select.ts";
import { checkAll, weaverOf } from "./suite.ts";
import { checkImage } from "./weave.ts";

/** Of those that a message could name. */
const NAMED_MOST = 3;

/**
 * The configurations that were asked for.
 *
 * @throws UsageError for what does not go together: before anything is run, or said
 */
export function entriesFor(asked: CheckAsked): SuiteEntry[] {
  const entries = select(asked, kernelImage(TIERING).abi);
  if (isHistory(asked)) refuseForHistory(asked);
  const { replay: schedule, threads } = asked;
  if (schedule === null) return entries;
  parseSchedule(schedule);
  if (entries.length === 1) return entries;
  const options = { ...asked, memoryBytes: asked.memoryLimitBytes, workers: 1 };
  const few = entries.slice(0, NAMED_MOST).map((one) => commandOf(one, threads, options));
  const more = entries.length > few.length ? ", ..." : "";
  throw new UsageError(
    `--replay ${schedule}: a schedule is of one configuration, and these are ${entries.length}: ${few.join(", ")}${more}`,
  );
}

export const runCheck: RunCheck = async (asked, context) => {
  const entries = entriesFor(asked);
  const startedAt = new Date();
  const image = kernelImage(TIERING);
  const sections = isHistory(asked)
    ? await historyOf(asked, image.abi, context)
    : await rowsOf(asked, entries, image.abi, context);
  return assembleResult(
    {
      command: "check",
      asked,
      environment: environmentOf({ image, pinned: [null] }), // no thread is bound to a core
      tier: {
        inForce: tierInForce(image.engine),
        selectable: tierSelectable(),
        addOverExchange: null,
      },
      startedAt,
      interrupted: context.signal.aborted,
    },
    sections,
  );
};

/** What was said of the driver. */
async function historyOf(
  asked: CheckAsked,
  abi: KernelAbi,
  context: RunContext,
): Promise<Pick<Sections, "claims">> {
  return { claims: await claimsOf(asked, abi, asked, [], context) };
}

/** Without options that change what is explored: what was said of the driver is then looked into as well. */
function isWholeSuite({ scenario, revision, gate, memory, search, ...asked }: CheckAsked): boolean {
  if (scenario !== null || revision !== null || gate !== null) return false;
  return memory === "sc" && search === "bfs" && asked.bound === null && asked.maxStates === null;
}

async function rowsOf(
  asked: CheckAsked,
  entries: readonly SuiteEntry[],
  abi: KernelAbi,
  context: RunContext,
): Promise<Pick<Sections, "checks" | "claims" | "notes">> {
  if (asked.replay !== null) return replayed(asked, entries, asked.replay);
  const whole = isWholeSuite(asked);
  const all = whole ? [...entries, ...entriesAsked(CLAIMS, abi)] : entries;
  const options = { ...asked, weave: weaverOf(all) };
  const checks = await checkAll(entries, options, context);
  const left = entries.length - checks.length;
  const notes = left > 0 ? [notBegun(left, entries.length)] : [];
  if (!whole || context.signal.aborted) return { checks, notes };
  return { checks, notes, claims: await claimsOf(asked, abi, options, checks, context) };
}

function notBegun(left: number, all: number): string {
  if (left === all) return "No configuration was begun.";
  return `${left} of ${all} configurations ${left === 1 ? "was" : "were"} not begun.`;
}

/** Context: entriesFor() has made sure that there is one entry. */
async function replayed(asked: CheckAsked, [entry]: readonly SuiteEntry[], schedule: string) {
  if (entry === undefined) throw new Error("[harness bug] nothing to replay");
  const options = { ...asked, memoryBytes: asked.memoryLimitBytes, workers: 1 };
  const { runAgain } = await import("./again.ts");
  const image = checkImage(entry.variant.roots);
  const { row, notes } = runAgain(image, entry, asked.threads, options, schedule);
  return { checks: [row], notes };
}
