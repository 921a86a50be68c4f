// SPDX-License-Identifier: GPL-2.0-only
/**
 * What `bench` measures, and `compare` before its storms: pairs and removals of the gates asked for,
 * round by round. An aborted signal ends it after the window in flight; what was measured is kept.
 */
import { availableParallelism } from "node:os";
import { tierSelectable } from "../machine/engine.ts";
import type { Machine } from "../machine/machine.ts";
import type { BenchAsked } from "../result/asked.ts";
import { noiseFloor } from "../result/noise.ts";
import type { GateFacts, NoiseFloor, PairRow, RemovalRow, TierFacts } from "../result/result.ts";
import type { RunContext } from "../result/run.ts";
import { randomFrom } from "../stats/random.ts";
import { type Drift, driftOf, paceOf, steadinessOf } from "../stats/steadiness.ts";
import { baselines, type Gate, gateContender, secondOf } from "./contenders.ts";
import { gateFacts, tierFacts } from "./facts.ts";
import { Fleet } from "./fleet.ts";
import { IoctlBench } from "./ioctl-bench.ts";
import type { Part } from "./part.ts";
import { ReadBench } from "./read-bench.ts";
import { RemovalBench } from "./removal-bench.ts";

const NS_PER_MS = 1e6;
export const REMOVALS_PER_ROUND = 100;

export interface Measured {
  readonly gates: readonly GateFacts[];
  readonly pairs: readonly PairRow[];
  readonly removals: readonly RemovalRow[];
  /** Absent when nothing of the A/A pair was measured. */
  readonly noise?: NoiseFloor;
  readonly drift: Drift | null;
  readonly tier: TierFacts;
  readonly notes: readonly string[];
}

/**
 * @param summaries - one line a gate, from the headers in assembly/gates
 * @param alsoIoctl - whether the read workload is followed by whole ioctls
 * @param inspect - called with a machine of the run while it is alive: the environment is read there
 * @throws UsageError for an unknown gate; MachineError when a machine fails
 */
export async function measure(
  asked: BenchAsked,
  context: RunContext,
  summaries: ReadonlyMap<string, string>,
  inspect: (machine: Machine) => void,
  alsoIoctl = false,
): Promise<Measured> {
  const fleet = new Fleet({
    ...(tierSelectable() ? { tier: asked.tier } : {}),
    seed: asked.seed,
    memoryBytes: asked.memoryBytes,
  });
  try {
    const { machine } = await fleet.of(1);
    inspect(machine);
    const gates: Gate[] = [];
    for (const name of asked.gates) gates.push(await gateContender(machine, name));
    const facts: GateFacts[] = [];
    for (const gate of gates) facts.push(await gateFacts(machine, gate, summaries));
    const second = secondOf(gates);
    const contenders = [...gates, second];
    const timed = [pairPart(fleet, machine, contenders, asked)];
    if (alsoIoctl && asked.workload === "read") {
      timed.push(pairPart(fleet, machine, contenders, { ...asked, workload: "ioctl" }));
    }
    const removals =
      asked.workload === "read"
        ? new RemovalBench(fleet, {
            gates: contenders,
            readers: readersFor(asked.threads),
            removals: REMOVALS_PER_ROUND,
          })
        : null;
    await goThrough(removals ? [...timed, removals] : timed, asked, context);
    const pairs = timed.flatMap((part) => part.rows(asked.seed)).map(withSteadiness);
    const removed = (removals?.rows(asked.seed) ?? []).map(withSteadiness);
    const noise = noiseFloor(pairs, removed, { first: second.of, second: second.name }, asked.seed);
    const isOwn = (row: PairRow | RemovalRow) => row.contender !== second.name;
    return {
      gates: facts,
      pairs: pairs.filter(isOwn),
      removals: removed.filter(isOwn),
      ...(noise ? { noise } : {}),
      drift: driftOf(paceOf([...pairs, ...removed].map(({ samples }) => samples))),
      tier: tierFacts(machine, pairs),
      notes: context.signal.aborted ? [] : timed.flatMap((part) => part.notes()),
    };
  } finally {
    await fleet.close();
  }
}

function withSteadiness<R extends PairRow | RemovalRow>(row: R): R {
  return { ...row, steadiness: steadinessOf(row.samples) };
}

function pairPart(
  fleet: Fleet,
  { kernel }: Machine,
  gates: readonly Gate[],
  asked: BenchAsked,
): ReadBench | IoctlBench {
  const { threads, devices, serviceNs, service, body } = asked;
  const windowNs = asked.windowMs * NS_PER_MS;
  if (asked.workload === "ioctl") {
    const contenders = gates.filter(({ atomic }) => !atomic);
    return new IoctlBench(fleet, {
      ...{ contenders, threads, devices, windowNs, serviceNs },
      ...(service ? { service } : {}),
      ...(body ? { body } : {}),
    });
  }
  const contenders = [...baselines(kernel), ...gates];
  return new ReadBench(fleet, { contenders, threads, devices, windowNs });
}

/**
 * As many readers as leave the remover a core of its own, at least one where more than one thread is
 * asked for.
 */
export function readersFor(
  threads: readonly number[],
  cores: number = availableParallelism(),
): number {
  const most = Math.max(...threads) - 1;
  return Math.min(most, Math.max(cores - 1, 1));
}

/** Goes through the parts round by round, each part's cells in an order of their own. */
export async function goThrough(
  parts: readonly Part[],
  asked: Pick<BenchAsked, "rounds" | "seed">,
  { signal, onProgress }: RunContext,
): Promise<void> {
  const random = randomFrom(asked.seed);
  const total = parts.reduce((sum, part) => sum + part.cells * part.weight, 0) * asked.rounds;
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
