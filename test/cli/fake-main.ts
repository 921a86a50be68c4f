// SPDX-License-Identifier: GPL-2.0-only
/**
 * The command line over runners that measure nothing: a process for the tests to spawn. What a runner
 * does is chosen by the seed, the one parameter that every command has.
 */
import type { Catalogue } from "../../host/cli/catalogue.ts";
import { run } from "../../host/cli/cli.ts";
import type { GateSheet } from "../../host/cli/runners.ts";
import { findings } from "../../host/doctor/findings.ts";
import { MachineError, UsageError } from "../../host/errors.ts";
import type { Asked } from "../../host/result/asked.ts";
import type { CheckRow } from "../../host/result/check.ts";
import type { Command, Result } from "../../host/result/result.ts";
import type { Runner } from "../../host/result/run.ts";
import { calm } from "../doctor/calm.ts";
import { CHECKS, checkResult } from "../report/sample-checks.ts";
import { sampleResult } from "../report/sample-result.ts";

export const SEEDS = {
  held: 1,
  violated: 2,
  usage: 3,
  machine: 4,
  bug: 5,
  /** Works until it is interrupted, then returns what it has. */
  untilAborted: 6,
  /** Works on, whatever it is told. */
  deaf: 7,
  /** Its own fault: of `check`. */
  fault: 8,
  /** Measures other times where its JSON goes to a pipe, as that of a second run does. */
  drifts: 9,
  /** Fails there. */
  failsAgain: 10,
  /** Measures longer times, but not there. */
  slowOnce: 11,
  /** Works there until it is interrupted. */
  waitsAgain: 12,
} as const;

/** A runner that waits looks this often whether it should stop. */
const TICK_MS = 10;

const DRIVES = { mayDrive: true };

const catalogue: Catalogue = {
  gates: [
    { name: "rwsem", id: 0, summary: "one reader/writer semaphore for all devices", ...DRIVES },
    { name: "rwsem_per_device", id: 1, summary: "one in each device", ...DRIVES },
    { name: "percpu_ref", id: 2, summary: "a per-CPU count and a completion", ...DRIVES },
    { name: "refcount", id: 3, summary: "increment unless zero, and a completion", ...DRIVES },
    { name: "busted", id: 64, summary: "lets everybody in and waits for nobody", ...DRIVES },
    { name: "qsbr", id: 129, summary: "a pointer and a grace period", mayDrive: false },
  ],
  revisions: [
    { name: "percpu_ref", id: 0, summary: "before the patch", takesGate: false },
    { name: "rwsem", id: 1, summary: "the patch", takesGate: false },
    { name: "put_device", id: 2, summary: "the series complete", takesGate: true },
  ],
  events: [
    { name: "ioctl", id: 0, summary: "" },
    { name: "rcu_gp", id: 1, summary: "" },
    { name: "sched_sleep", id: 2, summary: "a CPU parked" },
  ],
};

const SCENARIOS = [
  { name: "removal", summary: "clients against a removal" },
  { name: "rwsem", summary: "readers and a writer" },
  { name: "percpu_ref", summary: "a kill against getters" },
];

const GATES: readonly GateSheet[] = catalogue.gates.map(({ name, mayDrive }) => ({
  ...{ name, entrants: name === "busted" ? "passes" : "fails", mayBodySleep: mayDrive },
  admits: "many",
  bytes: { device: 4, deviceAndCpu: 0, global: 28, globalAndCpu: 0 },
  removal: "waits for the last one out.",
  checks: [
    { scenario: "gate/entrant-remover", threads: ["entrant", "remover"], expected: "holds" },
  ],
  commands: [`hotunplug check gate --gate ${name}`],
}));

function resultOf(command: Command, asked: Asked): Result {
  if (command === "check") return { ...checkResult(CHECKS.filter(isAsItMust)), asked };
  const sample = sampleResult();
  const storms = sample.storms.filter((storm) => command !== "bench" && storm.gate !== "busted");
  if (command === "stress") {
    const [storm] = sample.storms;
    const none = { gates: [], pairs: [], removals: [], comparisons: [], breakEvens: [] };
    return { ...sample, ...none, command, asked, storms: storm ? [storm] : [] };
  }
  return { ...sample, command, asked, storms };
}

/** Of the rows that are made up: those that are no failure. */
function isAsItMust({ expected, verdict }: CheckRow): boolean {
  return expected === null || verdict === "bounded" || expected === verdict;
}

function violated(result: Result): Result {
  if (result.command === "check") return { ...result, checks: CHECKS };
  const violations = [{ property: "leak", detail: "2 cxl_memdev left once all was closed" }];
  const storms = result.storms.map((storm) => ({ ...storm, held: false, violations }));
  return { ...result, storms };
}

/** What the engine calls itself is said by the program that stands in for it. */
function inEngine(result: Result): Result {
  const engine = process.env["FAKE_ENGINE"];
  return engine ? { ...result, environment: { ...result.environment, engine } } : result;
}

/** The result with the times of one gate multiplied. */
function slowed(result: Result, gate: string, factor: number): Result {
  const pairs = result.pairs.map((row) => {
    if (row.contender !== gate) return row;
    return { ...row, samples: row.samples.map((ns) => (ns === null ? null : ns * factor)) };
  });
  return { ...result, pairs };
}

function faulty(result: Result): Result {
  const error = "its thread exited with status 1";
  const [row] = CHECKS;
  return row ? { ...result, checks: [{ ...row, verdict: "bounded", error }] } : result;
}

function runner<A extends Asked>(command: Command): () => Promise<Runner<A>> {
  return async () =>
    async (asked, { signal, onProgress }) => {
      const seed = "seed" in asked ? asked.seed : SEEDS.held;
      if (seed === SEEDS.usage) throw new UsageError("--memory: 16 MiB do not hold 64 devices");
      if (seed === SEEDS.machine) throw new MachineError("CPU 1 stalled in down_write");
      if (seed === SEEDS.bug) throw new TypeError("undefined is not a function");
      onProgress({ done: 0.5, label: "halfway" });
      const piped = process.argv.at(-1) === "-";
      const waits = seed === SEEDS.untilAborted || (seed === SEEDS.waitsAgain && piped);
      while (seed === SEEDS.deaf || (waits && !signal.aborted)) {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
      if (seed === SEEDS.failsAgain && piped) throw new MachineError("CPU 0 stalled in up_read");
      const result = inEngine(resultOf(command, asked));
      if (seed === SEEDS.slowOnce && !piped) return slowed(result, "rwsem", 1.5);
      if (seed === SEEDS.drifts && piped) return slowed(result, "rwsem", 1.5);
      if (signal.aborted) return { ...result, interrupted: true };
      if (seed === SEEDS.fault) return faulty(result);
      return seed === SEEDS.violated ? violated(result) : result;
    };
}

/** Only when this file is the process's own: tests import SEEDS from it. */
if (process.argv[1]?.includes("fake-main")) {
  await run({
    runners: {
      bench: runner("bench"),
      stress: runner("stress"),
      compare: runner("compare"),
      check: runner("check"),
      gates: async () => GATES,
      selftest: runner("selftest"),
      scenarios: async () => SCENARIOS,
      doctor: async () => async () => {
        const examination = calm();
        return { examination, findings: findings(examination) };
      },
      place: async () => async () => {
        const { environment, tier } = sampleResult();
        return { environment, tier };
      },
      wasi: async () => async () => ({ exitStatus: 0, threads: 0 }),
    },
    readCatalogue: () => catalogue,
  });
}
