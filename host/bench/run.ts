// SPDX-License-Identifier: GPL-2.0-only
/** `bench`: pairs and removals, as a result. */
import { environmentOf, watchHost } from "../machine/environment.ts";
import { gateSummaries } from "../machine/summaries.ts";
import { assembleResult } from "../result/assemble.ts";
import { breakEvens, compareGates } from "../result/comparison.ts";
import type { Environment } from "../result/result.ts";
import type { RunBench } from "../result/run.ts";
import { measure } from "./measure.ts";
import { runRoles } from "./roles-run.ts";

export const runBench: RunBench = async (asked, context) => {
  if (asked.roles) return runRoles(asked, asked.roles, context);
  const startedAt = new Date();
  let environment: Environment = {};
  const atEnd = watchHost();
  const measured = await measure(asked, context, gateSummaries(), (machine) => {
    environment = environmentOf(machine);
  });
  const { gates, pairs, removals, tier, notes } = measured;
  const reference = asked.gates[0] as string; // at least one gate is asked for
  return assembleResult(
    {
      command: "bench",
      asked,
      environment: { ...environment, ...atEnd() },
      tier,
      startedAt,
      interrupted: context.signal.aborted,
    },
    {
      gates,
      pairs,
      removals,
      comparisons: compareGates(pairs, removals, reference, asked.seed),
      breakEvens: breakEvens(pairs),
      ...(measured.noise ? { noise: measured.noise } : {}),
      drift: measured.drift,
      notes,
    },
  );
};
