// SPDX-License-Identifier: GPL-2.0-only
/**
 * `compare`: what `bench` measures, a storm through each gate, and what follows from both. The storms
 * come last, so that their leftovers (caches, clocks) spoil no measurement.
 */
import { measure } from "../bench/measure.ts";
import { environmentOf } from "../machine/environment.ts";
import { gateSummaries } from "../machine/summaries.ts";
import type { CompareAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import { breakEvens, compareGates } from "../result/comparison.ts";
import type { Environment, StormRow } from "../result/result.ts";
import type { RunCompare, RunContext } from "../result/run.ts";
import { OPEN_REVISION } from "../stress/drivers.ts";
import { runStorm } from "../stress/storm.ts";

/** The gate that all others are set beside: the patch's. */
export const REFERENCE_GATE = "rwsem";

/** Of the progress bar, what the storms take. */
const STORM_SHARE = 0.25;

export const runCompare: RunCompare = async (asked, context) => {
  const startedAt = new Date();
  let environment: Environment = {};
  const measured = await measure(
    asked,
    {
      signal: context.signal,
      onProgress: ({ done, label }) =>
        context.onProgress({ done: done * (1 - STORM_SHARE), label }),
    },
    gateSummaries(),
    (machine) => {
      environment = environmentOf(machine);
    },
  );
  const storms = await stormAll(asked, context);
  const { gates, pairs, removals, tier } = measured;
  return assembleResult(
    {
      command: "compare",
      asked,
      environment,
      tier,
      startedAt,
      interrupted: context.signal.aborted,
    },
    {
      gates,
      pairs,
      removals,
      storms,
      comparisons: compareGates(pairs, removals, REFERENCE_GATE, asked.seed),
      breakEvens: breakEvens(pairs),
    },
  );
};

/** A storm through each gate, one after the other; an aborted signal ends the row of them. */
async function stormAll(asked: CompareAsked, context: RunContext): Promise<StormRow[]> {
  const storms: StormRow[] = [];
  const { signal, onProgress } = context;
  for (const [i, gate] of asked.gates.entries()) {
    if (signal.aborted) break;
    const share = (elapsedMs: number) =>
      1 -
      STORM_SHARE +
      (STORM_SHARE * (i + Math.min(elapsedMs / asked.stormMs, 1))) / asked.gates.length;
    storms.push(
      await runStorm({
        revision: OPEN_REVISION,
        gate,
        clients: 1,
        devices: 4,
        removers: 1,
        timeMs: asked.stormMs,
        seed: asked.seed,
        faultRate: 0,
        sanitize: false,
        serviceNs: 0,
        stutterMs: 0,
        delayNs: 0,
        tier: asked.tier,
        signal,
        onTick: (elapsedMs) =>
          onProgress({ done: share(elapsedMs), label: `storm through ${gate}` }),
      }),
    );
  }
  return storms;
}
