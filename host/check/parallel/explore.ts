// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every state that some schedule reaches, by several threads of the host at once, breadth first: the same
 * states as one thread finds, and schedules as short. No step is left out because it conflicts with nothing
 * (futures.ts): what is explored is the whole graph, in which cycles are looked for when all is there.
 */
import { UsageError } from "../../errors.ts";
import type { Interleaver } from "../../machine/coroutine/interleaver.ts";
import { Violation } from "../../machine/coroutine/violation.ts";
import { type Configuration, searchesCycles } from "../configuration.ts";
import type { Counts, Explored, Found, SearchOptions, Stopped } from "../explored.ts";
import type { CheckImage } from "../image.ts";
import { fairLivelock } from "../livelock.ts";
import { wayTo } from "../ways.ts";
import type { Crew } from "./crew.ts";
import { firstOf } from "./findings.ts";
import { JoinedGraph } from "./graph.ts";
import {
  CONTROL,
  type Ended,
  FIGURE,
  FIGURES,
  type Report,
  type Shared,
  SIGNAL,
  sumOf,
} from "./protocol.ts";

export interface Team {
  /** Of the configuration's roots. */
  readonly image: CheckImage;
  readonly configuration: Configuration;
  /** Started for the configuration's variant, and used for nothing else. */
  readonly crew: Crew;
}

/**
 * Explores a configuration.
 *
 * @param on - a machine that has explored nothing. It learns what the workers have learnt: so it makes the
 *   same steps as they did
 * @param onProgress - called now and then; true stops the search
 * @param signal - stops it as well; what was counted so far is returned
 * @throws UsageError for another order than breadth first; MachineError, naming the worker that failed;
 *   StallError when nothing goes on
 */
export async function exploreInParallel(
  on: Interleaver,
  { image, configuration, crew }: Team,
  onProgress: SearchOptions["onProgress"],
  signal: AbortSignal,
): Promise<Explored> {
  const { variant: _, ...plain } = configuration;
  const { shared } = crew;
  const interrupt = () => crew.interrupt();
  signal.addEventListener("abort", interrupt);
  if (signal.aborted) interrupt();
  try {
    const { search, wanted } = plain;
    if (search !== "bfs") {
      throw new UsageError(`--workers ${shared.workers}: not with --search ${search}`);
    }
    if (wanted !== undefined) throw new Error("[harness bug] `wanted` cannot be sent");
    const liveness = plain.liveness && searchesCycles(configuration);
    crew.begin({ woven: image.woven, configuration: { ...plain, liveness } });
    const ended = await crew.answers(() => onProgress(countsOf(shared), waitingOf(shared)));
    for (const word of ended[0]?.contended ?? []) on.machine.tracked.knowledge.contend(word);
    return exploredOf(on, shared, ended);
  } finally {
    signal.removeEventListener("abort", interrupt);
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

function exploredOf(on: Interleaver, shared: Shared, ended: readonly Ended[]): Explored {
  return {
    found: foundOf(on, shared, ended),
    counts: countsOf(shared),
    bytes: sumOf(shared.figures, FIGURE.bytes),
    outcomes: new Set(ended.flatMap(({ outcomes }) => outcomes)),
    leftOut: ended.reduce((sum, { leftOut }) => sum + leftOut, 0),
    worth: null,
  };
}

/** What was found: a violation, else a cycle, else a data race, else why the search ended. */
function foundOf(on: Interleaver, { control }: Shared, ended: readonly Ended[]): Found {
  const signals = Atomics.load(control, CONTROL.signals);
  const isInDoubt = (signals & SIGNAL.contended) !== 0; // what a step is changed on the way
  const first = (of: "violation" | "race") => {
    const report = ended.map((one) => one[of]).reduce((a, b) => firstOf(a, b), null);
    return report === null || isInDoubt ? null : violated(report, ended);
  };
  const violation = first("violation");
  if (violation !== null) return violation;
  const why = whyStopped(signals);
  const cycle = why === null ? livelockOf(on, ended) : null;
  return (
    cycle ?? first("race") ?? (why === null ? { kind: "exhausted" } : { kind: "stopped", why })
  );
}

function whyStopped(signals: number): Stopped["why"] | null {
  if ((signals & SIGNAL.states) !== 0) return "states";
  if ((signals & SIGNAL.memory) !== 0) return "memory";
  return (signals & SIGNAL.interrupted) !== 0 ? "interrupted" : null;
}

function livelockOf(on: Interleaver, ended: readonly Ended[]): Found | null {
  const parts = ended.flatMap(({ graph }) => graph ?? []);
  if (parts.length < ended.length) return null;
  const most = Math.max(...ended.map(({ parents }) => parents.length));
  const graph = new JoinedGraph(parts, most * ended.length);
  return fairLivelock(on, graph, (state) => wayTo(ended, state));
}

function violated(report: Report, ended: readonly Ended[]): Found {
  const { property, detail, address, site, state, action } = report;
  const actions = wayTo(ended, state);
  if (action !== null) actions.push(action);
  const violation = new Violation(property, detail, address, site);
  return { kind: "violated", violation, actions, cycleFrom: null };
}
