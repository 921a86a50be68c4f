// SPDX-License-Identifier: GPL-2.0-only
/** `check`: what was asked, as a result. */
import { UsageError } from "../errors.ts";
import { tierInForce, tierSelectable } from "../machine/engine.ts";
import { environmentOf } from "../machine/environment.ts";
import { kernelImage } from "../machine/image.ts";
import type { CheckAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import type { CheckRow } from "../result/check.ts";
import type { RunCheck, RunContext } from "../result/run.ts";
import { runAgain } from "./again.ts";
import { commandOf } from "./row.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { select } from "./select.ts";
import { checkAll } from "./suite.ts";
import { checkImage } from "./workbench.ts";

const TIER = "default";
/** Of those that a message could name. */
const NAMED_MOST = 3;

export const runCheck: RunCheck = async (asked, context) => {
  const startedAt = new Date();
  const image = kernelImage(TIER);
  const entries = select(asked, image.abi);
  const { checks, notes } = await rowsOf(asked, entries, context);
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
    { checks, notes },
  );
};

async function rowsOf(
  asked: CheckAsked,
  entries: readonly SuiteEntry[],
  context: RunContext,
): Promise<{ checks: readonly CheckRow[]; notes: readonly string[] }> {
  if (asked.replay !== null) return replayed(asked, entries, asked.replay);
  const checks = await checkAll(entries, { ...asked, tier: TIER }, context);
  const left = entries.length - checks.length;
  const notes = left > 0 ? [`${left} of ${entries.length} configurations were not begun.`] : [];
  return { checks, notes };
}

/** @throws UsageError for several configurations: which one the schedule is of, it does not say */
function replayed(asked: CheckAsked, entries: readonly SuiteEntry[], schedule: string) {
  const [entry] = entries;
  const options = { ...asked, memoryBytes: asked.memoryLimitBytes, workers: 1 };
  if (entry === undefined || entries.length > 1) {
    const few = entries.slice(0, NAMED_MOST).map((one) => commandOf(one, asked.threads, options));
    const more = entries.length > few.length ? ", ..." : "";
    throw new UsageError(
      `--replay ${schedule}: a schedule is of one configuration, and these are ${entries.length}: ${few.join(", ")}${more}`,
    );
  }
  const image = checkImage(entry.variant.roots, TIER);
  const { row, notes } = runAgain(image, entry, asked.threads, options, schedule);
  return { checks: [row], notes };
}
