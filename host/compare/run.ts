// SPDX-License-Identifier: GPL-2.0-only
/**
 * `compare`: what `bench` measures in both its workloads, storms through each gate and through the
 * driver's history, a check of each gate, and what follows from all that. Storms and checks come last,
 * so that their leftovers spoil no measurement.
 */
import { measure } from "../bench/measure.ts";
import { MachineError } from "../errors.ts";
import { environmentOf, watchHost } from "../machine/environment.ts";
import { gateSummaries } from "../machine/summaries.ts";
import type { CompareAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import type { CheckRow } from "../result/check.ts";
import { breakEvens, compareGates } from "../result/comparison.ts";
import type { Environment, StormRow } from "../result/result.ts";
import type { RunCompare, RunContext } from "../result/run.ts";
import { runStorm } from "../stress/storm.ts";
import { checkGates } from "./checks.ts";
import { type PlannedStorm, plannedStorms } from "./storms.ts";

/** Of the progress bar, what the storms take, and the checks behind them. */
const STORM_SHARE = 0.25;
const CHECK_SHARE = 0.1;
const MEASURE_SHARE = 1 - STORM_SHARE - CHECK_SHARE;

export const runCompare: RunCompare = async (asked, context) => {
  const { signal, onProgress } = context;
  const startedAt = new Date();
  let environment: Environment = {};
  const atEnd = watchHost();
  const measured = await measure(
    asked,
    {
      signal,
      onProgress: ({ done, label }) => onProgress({ done: done * MEASURE_SHARE, label }),
    },
    gateSummaries(),
    (machine) => {
      environment = environmentOf(machine);
    },
    true,
  );
  const { gates, pairs, removals, tier } = measured;
  environment = { ...environment, ...atEnd() }; // of what was timed: storms need no quiet
  const reference = asked.gates[0] as string; // at least one gate is asked for
  const { storms, notes } = await stormAll(plannedStorms(asked, gates), context);
  const checks = await checkLast(asked, context);
  return assembleResult(
    { command: "compare", asked, environment, tier, startedAt, interrupted: signal.aborted },
    {
      gates,
      pairs,
      removals,
      storms,
      checks,
      comparisons: compareGates(pairs, removals, reference, asked.seed),
      breakEvens: breakEvens(pairs),
      ...(measured.noise ? { noise: measured.noise } : {}),
      drift: measured.drift,
      notes: [...measured.notes, ...notes],
    },
  );
};

function checkLast(asked: CompareAsked, { signal, onProgress }: RunContext): Promise<CheckRow[]> {
  return checkGates(asked, {
    signal,
    onProgress: ({ done, label }) => {
      onProgress({ done: 1 - CHECK_SHARE + done * CHECK_SHARE, label: `check: ${label}` });
    },
  });
}

interface Stormed {
  readonly storms: readonly StormRow[];
  readonly notes: readonly string[];
}

/** One storm after the other; an aborted signal ends the row of them, and the one in hand. */
async function stormAll(plan: readonly PlannedStorm[], context: RunContext): Promise<Stormed> {
  const { signal, onProgress } = context;
  const storms: StormRow[] = [];
  const notes: string[] = [];
  const wholeMs = plan.reduce((sum, { likelyMs }) => sum + likelyMs, 0);
  let beforeMs = 0;
  for (const { label, request, likelyMs } of plan) {
    if (signal.aborted) break;
    const onTick = (elapsedMs: number) => {
      const doneMs = beforeMs + Math.min(elapsedMs, likelyMs);
      onProgress({ done: MEASURE_SHARE + (STORM_SHARE * doneMs) / wholeMs, label });
    };
    onTick(0);
    try {
      storms.push(await runStorm({ ...request, signal, onTick }));
    } catch (error) {
      if (!request.asFound || !(error instanceof MachineError)) throw error;
      notes.push(`${label}: could not be finished: ${error.message.split("\n")[0]}`);
    }
    beforeMs += likelyMs;
  }
  return { storms, notes };
}
