// SPDX-License-Identifier: GPL-2.0-only
/** Does one job: whatever goes wrong on the way is its outcome. */
import { MachineError } from "../errors.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import type { CounterExample } from "../result/check.ts";
import { type Configuration, explore, prepare, searchesCycles } from "./configuration.ts";
import { counterExample } from "./counterexample.ts";
import type { Explored } from "./explored.ts";
import type { CheckImage } from "./image.ts";
import {
  type Figures,
  isWalk,
  type Job,
  NO_FIGURES,
  NO_GAPS,
  type Outcome,
  WALK_STEPS,
} from "./job.ts";
import { variantOf } from "./named.ts";
import { isOutOfMemory } from "./out-of-memory.ts";
import { wrongOutcome } from "./outcomes.ts";
import type { Variant } from "./scenario.ts";
import { isWanted, type Wanted } from "./wanted.ts";

/** @returns true to stop */
type OnFigures = (figures: Figures) => boolean;

const NO_LIMIT = 2 ** 31 - 2;
const TRAP = "kernel trap";

export function findOut(image: CheckImage, job: Job, onFigures: OnFigures): Outcome {
  const startedMs = performance.now();
  let figures = NO_FIGURES;
  const note: OnFigures = (now) => {
    figures = now;
    return onFigures(now);
  };
  const end = endOf(() => search(image, job, note));
  const seconds = (performance.now() - startedMs) / 1000;
  return { ...NOTHING, figures, seconds, ...end };
}

const NOTHING = { property: null, counterexample: null, error: null, gaps: NO_GAPS };

/** The same of work that is waited for; figures and seconds are the caller's. */
export async function outcomeOf(
  work: () => Promise<End>,
): Promise<Omit<Outcome, "figures" | "seconds">> {
  try {
    return { ...NOTHING, ...(await work()) };
  } catch (error) {
    const thrown = endOf(() => {
      throw error;
    });
    return { ...NOTHING, ...thrown };
  }
}

type End = Pick<Outcome, "end"> & Partial<Outcome>;

function endOf(work: () => End): End {
  try {
    return work();
  } catch (error) {
    if (error instanceof Violation) return { end: "violated", property: error.property };
    if (error instanceof WebAssembly.RuntimeError) {
      return { end: "violated", property: `${TRAP}: ${error.message}` };
    }
    if (isOutOfMemory(error)) return { end: "memory" };
    const cannotStart = error instanceof MachineError ? "the scenario cannot start: " : "";
    return { end: "failed", error: `${cannotStart}${lineOf(error)}` };
  }
}

/** The error, and where it was thrown. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const at = /\n\s+at .*?([\w-]+\.[jt]s:\d+)/.exec(error.stack ?? "")?.[1];
  return `${error.name}: ${error.message}${at === undefined ? "" : ` (${at})`}`;
}

export function configurationOf({ options, wanted }: Job, variant: Variant): Configuration {
  const { bound: preemptions, maxStates } = options;
  const most = maxStates ?? (isWalk(options) ? WALK_STEPS : NO_LIMIT);
  const liveness = wanted === undefined;
  return { ...options, variant, preemptions, maxStates: most, liveness };
}

function search(image: CheckImage, job: Job, note: OnFigures): End {
  const asked = configurationOf(job, variantOf(image.abi, job));
  const on = prepare(image, asked);
  let met: Wanted | undefined;
  const wanted = (violation: Violation) => {
    const one = job.wanted?.find((some) => isWanted(on.machine, some, violation));
    met = one ?? met;
    return job.wanted === undefined || one !== undefined;
  };
  const configuration = { ...asked, wanted };
  let waiting = 0;
  const explored = explore(on, configuration, (counts, left) => {
    waiting = left;
    return note({ ...counts, waiting });
  });
  const { found, counts, leftOut, worth, other } = explored;
  note({ ...counts, waiting: found.kind === "stopped" ? waiting : 0 });
  const cycles = searchesCycles(configuration);
  const gaps = { leftOut, worth, cycles, ...(other && { other }) };
  return { gaps, ...endOfSearch(on, configuration, explored), ...(met && { met }) };
}

/** What a search came to, with the schedule of what is violated. */
export function endOfSearch(
  on: Interleaver,
  configuration: Configuration,
  explored: Explored,
): End {
  const { found } = explored;
  const wrong = wrongOutcome(configuration.variant, configuration.memory, explored);
  if (wrong !== null && found.kind !== "violated") return { end: "violated", property: wrong };
  switch (found.kind) {
    case "exhausted":
      return { end: "exhausted" };
    case "stopped":
      return { end: found.why };
    case "contended":
      throw new Error("[harness bug] a search ended that was to begin anew");
    case "violated": {
      const { violation, actions } = found;
      const property = violation.property;
      return { end: "violated", property, ...shown(on, configuration, actions, violation) };
    }
  }
}

/** A violation that cannot be shown is one all the same. */
function shown(
  on: Interleaver,
  configuration: Configuration,
  actions: readonly number[],
  violation: Violation,
): { counterexample: CounterExample | null; error: string | null } {
  try {
    return { counterexample: counterExample(on, configuration, actions, violation), error: null };
  } catch (error) {
    return {
      counterexample: null,
      error: `its schedule cannot be shown: ${lineOf(error)}`,
    };
  }
}
