// SPDX-License-Identifier: GPL-2.0-only
/**
 * The checks of `compare`: every schedule of one client against a removal, through each gate; of a gate
 * that no driver is built with, of one entrant that comes twice.
 */
import { availableParallelism } from "node:os";
import { select } from "../check/select.ts";
import { checkAll } from "../check/suite.ts";
import { isDriverGate, OPEN_REVISION } from "../machine/driver.ts";
import { kernelImage } from "../machine/image.ts";
import type { CompareAsked } from "../result/asked.ts";
import type { CheckRow } from "../result/check.ts";
import type { RunContext } from "../result/run.ts";

const OF_DRIVER = { scenario: "removal", variant: null, revision: OPEN_REVISION, threads: null };
const BARE = { scenario: "gate", variant: "entrant-twice", revision: null, threads: null };
/** Some times what the gate with the most states has: it is there to end, not to be reached. */
const MAX_STATES = 4_000_000;
const MEMORY_BYTES = 2 ** 30;

/** @returns a row for each gate that was begun before the interruption */
export function checkGates(
  { gates, seed, tier }: Pick<CompareAsked, "gates" | "seed" | "tier">,
  context: RunContext,
): Promise<CheckRow[]> {
  const { abi } = kernelImage(tier);
  const entries = gates.flatMap((gate) => {
    return select({ ...(isDriverGate(abi, gate) ? OF_DRIVER : BARE), gate }, abi);
  });
  const options = {
    ...({ memory: "sc", search: "bfs", seed, bound: null, reduction: true } as const),
    ...{ threads: null, maxStates: MAX_STATES, memoryLimitBytes: MEMORY_BYTES },
    workers: availableParallelism(),
  };
  return checkAll(entries, options, context);
}
