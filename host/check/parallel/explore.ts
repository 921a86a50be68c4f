// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every state that some schedule reaches, by several threads of the host at once, breadth first: the same
 * states as one thread finds, and schedules as short. Cycles are not looked for, and no step is left out
 * because it conflicts with nothing (futures.ts): what is explored is the whole graph.
 */
import { randomUUID } from "node:crypto";
import { UsageError } from "../../errors.ts";
import type { Interleaver } from "../../machine/coroutine/interleaver.ts";
import { Violation } from "../../machine/coroutine/violation.ts";
import type { Configuration } from "../configuration.ts";
import type { Counts, Explored, Found, SearchOptions } from "../explored.ts";
import { wayTo } from "../ways.ts";
import type { CheckImage } from "../workbench.ts";
import { Crew } from "./crew.ts";
import { firstOf } from "./findings.ts";
import {
  CONTROL,
  type Ended,
  FIGURE,
  FIGURES,
  newShared,
  type Report,
  type Shared,
  SIGNAL,
  sumOf,
  type VariantSource,
} from "./protocol.ts";

export interface ExploredInParallel extends Explored {
  /** Words that were contended: what a step is depends on that. See teach(). */
  readonly contended: readonly number[];
}

/** Lets a machine that has explored nothing make the same steps as those that did. */
export function teach(on: Interleaver, { contended }: ExploredInParallel): void {
  for (const word of contended) on.machine.tracked.knowledge.contend(word);
}

/**
 * Explores a configuration.
 *
 * @param image - of the configuration's roots
 * @param source - where workers find the configuration's variant: functions cannot be sent to them
 * @param workers - threads of the host, besides the one that calls
 * @param onProgress - called now and then; true stops the search
 * @param signal - stops it as well; what was counted so far is returned
 * @throws UsageError for another order than breadth first; MachineError, naming the worker that failed;
 *   StallError when nothing goes on
 */
export async function exploreInParallel(
  image: CheckImage,
  configuration: Configuration,
  source: VariantSource,
  workers: number,
  onProgress: SearchOptions["onProgress"],
  signal: AbortSignal,
): Promise<ExploredInParallel> {
  const { variant: _, ...plain } = configuration;
  const { search } = plain;
  if (search !== "bfs") throw new UsageError(`--workers ${workers}: not with --search ${search}`);
  if (workers < 1) throw new UsageError(`--workers ${workers}: at least 1`);
  if (plain.wanted !== undefined) throw new Error("[harness bug] `wanted` cannot be sent");
  const shared = newShared(workers, `hotunplug check ${randomUUID()}`);
  const { module, sites } = image;
  const crew = new Crew(shared, { module, sites, configuration: plain, source });
  const interrupt = () => crew.interrupt();
  signal.addEventListener("abort", interrupt);
  if (signal.aborted) interrupt();
  try {
    const ended = await crew.answers(() => onProgress(countsOf(shared), waitingOf(shared)));
    return exploredOf(shared, ended);
  } finally {
    signal.removeEventListener("abort", interrupt);
    await crew.end();
  }
}

function countsOf({ figures }: Shared): Counts {
  let depth = 0;
  for (let at = FIGURE.depth; at < figures.length; at += FIGURES) {
    depth = Math.max(depth, figures[at] as number);
  }
  const states = sumOf(figures, FIGURE.states);
  return { states, transitions: sumOf(figures, FIGURE.transitions), depth };
}

function waitingOf({ figures }: Shared): number {
  return Math.max(0, sumOf(figures, FIGURE.states) - sumOf(figures, FIGURE.expanded));
}

function exploredOf(shared: Shared, ended: readonly Ended[]): ExploredInParallel {
  return {
    found: foundOf(shared, ended),
    counts: countsOf(shared),
    bytes: sumOf(shared.figures, FIGURE.bytes),
    outcomes: new Set(ended.flatMap(({ outcomes }) => outcomes)),
    leftOut: ended.reduce((sum, { leftOut }) => sum + leftOut, 0),
    worth: null,
    contended: ended[0]?.contended ?? [],
  };
}

/** What was found: a violation, else a data race, else why the search ended. */
function foundOf({ control }: Shared, ended: readonly Ended[]): Found {
  const signals = Atomics.load(control, CONTROL.signals);
  const first = (of: "violation" | "race") =>
    ended.map((one) => one[of]).reduce((a, b) => firstOf(a, b), null);
  const isInDoubt = (signals & SIGNAL.contended) !== 0; // what a step is changed on the way
  const report = isInDoubt ? null : (first("violation") ?? first("race"));
  if (report !== null) return violated(report, ended);
  if ((signals & SIGNAL.states) !== 0) return { kind: "stopped", why: "states" };
  if ((signals & SIGNAL.memory) !== 0) return { kind: "stopped", why: "memory" };
  if ((signals & SIGNAL.interrupted) !== 0) return { kind: "stopped", why: "interrupted" };
  return { kind: "exhausted" };
}

function violated(report: Report, ended: readonly Ended[]): Found {
  const { property, detail, address, site, state, action } = report;
  const actions = wayTo(ended, state);
  if (action !== null) actions.push(action);
  const violation = new Violation(property, detail, address, site);
  return { kind: "violated", violation, actions, cycleFrom: null };
}
