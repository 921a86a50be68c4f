// SPDX-License-Identifier: GPL-2.0-only
/** `stress`: one storm, as a result. */
import { environmentOf } from "../machine/environment.ts";
import { assembleResult } from "../result/assemble.ts";
import type { Environment } from "../result/result.ts";
import type { RunStress } from "../result/run.ts";
import { runStorm } from "./storm.ts";

export const runStress: RunStress = async (asked, { signal, onProgress }) => {
  const startedAt = new Date();
  let environment: Environment = {};
  const storm = await runStorm({
    ...asked,
    signal,
    onTick: (elapsedMs) =>
      onProgress({ done: Math.min(elapsedMs / asked.timeMs, 1), label: "storm" }),
    inspect: (machine) => {
      environment = environmentOf(machine);
    },
  });
  return assembleResult(
    {
      command: "stress",
      asked,
      environment,
      tier: { inForce: "unknown", selectable: false, addOverExchange: null },
      startedAt,
      interrupted: signal.aborted,
    },
    { storms: [storm] },
  );
};
