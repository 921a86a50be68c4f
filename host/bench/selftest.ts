// SPDX-License-Identifier: GPL-2.0-only
/**
 * `selftest`: bench turned on itself. A run boots machines of its own, measures each gate as two
 * contenders, and compares the two as `bench` compares gates; any difference that it announces is a false
 * alarm. Beside that a slowdown of known size is put in, and must be found.
 */

import { tierSelectable } from "../machine/engine.ts";
import { environmentOf, watchHost } from "../machine/environment.ts";
import type { Machine } from "../machine/machine.ts";
import type { SelfTestAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import { compareGates, EMPTY_LOOP } from "../result/comparison.ts";
import type { ComparisonRow, Environment, TierFacts } from "../result/result.ts";
import type { RunContext, RunSelfTest } from "../result/run.ts";
import type { AaRow } from "../result/selftest.ts";
import { injectionOf, selfTestOf } from "../result/selftest-summary.ts";
import { aaRows } from "./aa-rows.ts";
import { baselines, type Gate, gateContender, secondOf } from "./contenders.ts";
import { tierFacts } from "./facts.ts";
import { Fleet } from "./fleet.ts";
import { IoctlBench } from "./ioctl-bench.ts";
import { goThrough, REMOVALS_PER_ROUND, readersFor } from "./measure.ts";
import { ReadBench } from "./read-bench.ts";
import { RemovalBench } from "./removal-bench.ts";

const NS_PER_MS = 1e6;

/** The modelled device is polled for times like these: no sleep, whose end nobody knows, is in them. */
const SERVICE_NS = 20_000;
const ADDED_NS = 1_000;

interface OneRun {
  readonly rows: readonly AaRow[];
  readonly injected: ComparisonRow | null;
  /** An ioctl without the slowdown, ns; null where no round of it could be used. */
  readonly baseNs: number | null;
}

export const runSelfTest: RunSelfTest = async (asked, context) => {
  const { signal, onProgress } = context;
  const startedAt = new Date();
  let environment: Environment = {};
  const atEnd = watchHost();
  let tier: TierFacts | undefined;
  const inspect = (machine: Machine) => {
    if (tier) return;
    environment = environmentOf(machine);
    tier = tierFacts(machine, []);
  };
  const rows: AaRow[] = [];
  const injected: ComparisonRow[] = [];
  const baseNs: number[] = [];
  let runs = 0;
  while (runs < asked.runs && !signal.aborted) {
    const progress = ({ done, label }: { done: number; label: string }) =>
      onProgress({
        done: (runs + done) / asked.runs,
        label: `run ${runs + 1} of ${asked.runs}, ${label}`,
      });
    const run = await oneRun(asked, runs + 1, { signal, onProgress: progress }, inspect);
    if (run === null) break;
    runs++;
    rows.push(...run.rows);
    if (run.injected) injected.push(run.injected);
    if (run.baseNs !== null) baseNs.push(run.baseNs);
  }
  const [one] = injected;
  const facts = { serviceNs: SERVICE_NS, addedNs: ADDED_NS, baseNs };
  const injection = one ? injectionOf(injected, { ...facts, gate: one.b }) : null;
  return assembleResult(
    {
      ...{ command: "selftest", asked, startedAt, interrupted: signal.aborted },
      environment: { ...environment, ...atEnd() },
      tier: tier ?? { inForce: "unknown", selectable: tierSelectable(), addOverExchange: null },
    },
    rows.length > 0 ? { selftest: selfTestOf(runs, rows, injection) } : {},
  );
};

/** @returns null when the signal ended it: a run counts whole or not at all */
async function oneRun(
  asked: SelfTestAsked,
  run: number,
  context: RunContext,
  inspect: (machine: Machine) => void,
): Promise<OneRun | null> {
  const seed = (asked.seed + run) >>> 0;
  const fleet = new Fleet({
    ...(tierSelectable() ? { tier: asked.tier } : {}),
    ...{ seed, memoryBytes: asked.memoryBytes },
  });
  try {
    const { machine } = await fleet.of(1);
    inspect(machine);
    const gates: Gate[] = [];
    for (const name of asked.gates) gates.push(await gateContender(machine, name));
    const both = gates.flatMap((gate) => [gate, secondOf([gate])]);
    const fit = both.filter(({ atomic }) => !atomic);
    const { threads, devices, serviceNs } = asked;
    const windowNs = asked.windowMs * NS_PER_MS;
    const empty = baselines(machine.kernel).filter(({ name }) => name === EMPTY_LOOP);
    const timed =
      asked.workload === "read"
        ? new ReadBench(fleet, { contenders: [...empty, ...both], threads, devices, windowNs })
        : new IoctlBench(fleet, { contenders: fit, threads, devices, windowNs, serviceNs });
    const removals = new RemovalBench(fleet, {
      gates: asked.workload === "read" ? both : [],
      readers: readersFor(threads),
      removals: REMOVALS_PER_ROUND,
    });
    const [first, second] = fit as [Gate, Gate]; // at least one gate that drives is asked for
    const slowed = new IoctlBench(fleet, {
      ...{ contenders: [first, second], threads: [1], devices: ["same"], windowNs },
      ...{ serviceNs: SERVICE_NS, extraNs: { [second.name]: ADDED_NS } },
    });
    await goThrough([timed, removals, slowed], { rounds: asked.rounds, seed }, context);
    if (context.signal.aborted) return null;
    const slowedRows = slowed.rows(seed);
    const base = slowedRows.find(({ contender }) => contender === first.name);
    return {
      rows: aaRows(timed.rows(seed), removals.rows(seed), both, run, seed),
      injected: compareGates(slowedRows, [], first.name, seed)[0] ?? null,
      baseNs: base?.raw.median ?? null,
    };
  } finally {
    await fleet.close();
  }
}
