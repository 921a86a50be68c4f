// SPDX-License-Identifier: GPL-2.0-only
/**
 * What `bench` measures, and `compare` before its storms: pairs and removals of the gates asked for,
 * round by round. An aborted signal ends it after the window in flight; what was measured is kept.
 */
import { availableParallelism } from "node:os";
import { tierSelectable } from "../machine/engine.ts";
import type { Machine } from "../machine/machine.ts";
import type { BenchAsked } from "../result/asked.ts";
import type { GateFacts, PairRow, RemovalRow, TierFacts } from "../result/result.ts";
import type { RunContext } from "../result/run.ts";
import { randomFrom } from "../stats/random.ts";
import { baselines, gateContender } from "./contenders.ts";
import { gateFacts, tierFacts } from "./facts.ts";
import { Fleet } from "./fleet.ts";
import { IoctlBench } from "./ioctl-bench.ts";
import { ReadBench } from "./read-bench.ts";
import { RemovalBench } from "./removal-bench.ts";

const NS_PER_MS = 1e6;
const REMOVALS_PER_ROUND = 100;
/** A removal cell costs about this many pair cells: for the progress bar alone. */
const REMOVAL_WEIGHT = 2;

export interface Measured {
  readonly gates: readonly GateFacts[];
  readonly pairs: readonly PairRow[];
  readonly removals: readonly RemovalRow[];
  readonly tier: TierFacts;
}

/** The part of a bench that goes through its cells once a round. */
interface Part {
  readonly cells: number;
  readonly weight: number;
  round(random: () => number, onCell: (label: string) => void, signal: AbortSignal): Promise<void>;
}

/**
 * @param inspect - called with a machine of the run while it is alive: the environment is read there
 * @throws UsageError for an unknown gate; MachineError when a machine fails
 */
export async function measure(
  asked: BenchAsked,
  context: RunContext,
  summaries: ReadonlyMap<string, string>,
  inspect: (machine: Machine) => void,
): Promise<Measured> {
  const fleet = new Fleet({
    ...(tierSelectable() ? { tier: asked.tier } : {}),
    seed: asked.seed,
    memoryBytes: asked.memoryBytes,
  });
  try {
    const { machine } = await fleet.of(1);
    inspect(machine);
    const gates = asked.gates.map((name) => gateContender(machine.kernel, name));
    const windowNs = asked.windowMs * NS_PER_MS;
    const { threads, devices } = asked;
    const read = asked.workload === "read";
    const pairs = read
      ? new ReadBench(fleet, {
          contenders: [...baselines(machine.kernel), ...gates],
          threads,
          devices,
          windowNs,
        })
      : new IoctlBench(fleet, { gates, threads, devices, windowNs, serviceNs: asked.serviceNs });
    const removals = new RemovalBench(fleet, {
      contenders: gates,
      readers: readersFor(threads),
      removals: REMOVALS_PER_ROUND,
    });
    const parts: Part[] = [
      { cells: pairs.cells, weight: 1, round: (...args) => pairs.round(...args) },
    ];
    if (read) {
      const round: Part["round"] = (...args) => removals.round(...args);
      parts.push({ cells: removals.cells, weight: REMOVAL_WEIGHT, round });
    }
    await goThrough(parts, asked, context);
    const rows = pairs.rows(asked.seed);
    const facts: GateFacts[] = [];
    for (const gate of gates) facts.push(await gateFacts(machine, gate, summaries));
    const tier = tierFacts(asked.tier, rows);
    return { gates: facts, pairs: rows, removals: removals.rows(asked.seed), tier };
  } finally {
    await fleet.close();
  }
}

/** As many readers as leave the remover a core of its own, at least one where more than one thread is asked. */
function readersFor(threads: readonly number[]): number {
  const most = Math.max(...threads) - 1;
  return Math.min(most, Math.max(availableParallelism() - 1, 1));
}

async function goThrough(
  parts: readonly Part[],
  asked: BenchAsked,
  context: RunContext,
): Promise<void> {
  const { signal, onProgress } = context;
  const random = randomFrom(asked.seed);
  const perRound = parts.reduce((sum, part) => sum + part.cells * part.weight, 0);
  const total = perRound * asked.rounds;
  let done = 0;
  for (let round = 1; round <= asked.rounds && !signal.aborted; round++) {
    for (const part of parts) {
      const onCell = (label: string) => {
        onProgress({ done: done / total, label: `${label}, round ${round} of ${asked.rounds}` });
        done += part.weight;
      };
      await part.round(random, onCell, signal);
    }
  }
}
