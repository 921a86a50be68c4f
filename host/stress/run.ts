// SPDX-License-Identifier: GPL-2.0-only
/** `stress`: one storm, as a result. */
import { tierInForce, tierSelectable } from "../machine/engine.ts";
import { environmentOf } from "../machine/environment.ts";
import { assembleResult } from "../result/assemble.ts";
import type { Environment, TierFacts } from "../result/result.ts";
import type { RunStress } from "../result/run.ts";
import { runStorm } from "./storm.ts";

export const runStress: RunStress = async (asked, { signal, onProgress }) => {
  const startedAt = new Date();
  let environment: Environment = {};
  let tier: TierFacts = { inForce: "unknown", selectable: false, addOverExchange: null };
  const storm = await runStorm({
    ...asked,
    signal,
    onTick: (elapsedMs) =>
      onProgress({ done: Math.min(elapsedMs / asked.timeMs, 1), label: "storm" }),
    inspect: (machine) => {
      environment = environmentOf(machine);
      tier = {
        inForce: tierInForce(machine.image.engine),
        selectable: tierSelectable(),
        addOverExchange: null,
      };
    },
  });
  return assembleResult(
    {
      command: "stress",
      asked,
      environment,
      tier,
      startedAt,
      interrupted: signal.aborted,
    },
    { storms: [storm] },
  );
};
