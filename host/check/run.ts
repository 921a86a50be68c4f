// SPDX-License-Identifier: GPL-2.0-only
/** `check`: what was asked, as a result. */
import { UsageError } from "../errors.ts";
import { tierInForce, tierSelectable } from "../machine/engine.ts";
import { environmentOf } from "../machine/environment.ts";
import { kernelImage } from "../machine/image.ts";
import type { CheckAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import type { RunCheck } from "../result/run.ts";
import { select } from "./select.ts";
import { checkAll } from "./suite.ts";

const TIER = "default";

export const runCheck: RunCheck = async (asked, context) => {
  const startedAt = new Date();
  refuseUnsupported(asked);
  const image = kernelImage(TIER);
  const entries = select(asked, image.abi);
  const checks = await checkAll(entries, { ...asked, tier: TIER }, context);
  const left = entries.length - checks.length;
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
    {
      checks,
      notes: left > 0 ? [`${left} of ${entries.length} configurations were not begun.`] : [],
    },
  );
};

/** What the search cannot do: a verdict without it would not be what was asked for. */
function refuseUnsupported({ memory, search, bound }: CheckAsked): void {
  if (memory !== "sc") throw new UsageError(`--memory ${memory}: not supported yet`);
  if (search !== "bfs") throw new UsageError(`--search ${search}: not supported yet`);
  if (bound !== null) throw new UsageError(`--bound preemptions=${bound}: not supported yet`);
}
