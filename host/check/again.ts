// SPDX-License-Identifier: GPL-2.0-only
/** Runs one schedule, and no other: the same one to the same step, for ever. */
import { Violation } from "../machine/coroutine/violation.ts";
import type { CheckRow, CounterExample } from "../result/check.ts";
import type { Configuration } from "./configuration.ts";
import { prepare } from "./configuration.ts";
import { counterExample } from "./counterexample.ts";
import { configurationOf } from "./find.ts";
import type { CheckImage } from "./image.ts";
import { NO_FIGURES, NO_GAPS, type Outcome, type SearchOptions } from "./job.ts";
import { Replay } from "./replay.ts";
import { rowOf } from "./row.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { isOfThisKernel, type Replayed, replaySchedule } from "./steer.ts";
import { jobOf } from "./suite.ts";

/** A schedule that ends well is shown all the same. */
const NOTHING = { property: "nothing violated", detail: "the schedule ends here" } as const;
const UNEXPLORED = "Every schedule but the one that was replayed.";

export interface Again {
  readonly row: CheckRow;
  readonly notes: readonly string[];
}

/** @throws UsageError when `schedule` is none */
export function runAgain(
  image: CheckImage,
  entry: SuiteEntry,
  threads: number | null,
  options: SearchOptions,
  schedule: string,
): Again {
  const startedMs = performance.now();
  const configuration = configurationOf(jobOf(entry, threads, options), entry.variant);
  const { replayed, shown } = follow(image, configuration, schedule);
  const { violation, note } = replayed;
  const steps = replayed.actions.length;
  const outcome: Outcome = {
    end: violation === null ? "exhausted" : "violated",
    figures: { ...NO_FIGURES, states: steps, transitions: steps, depth: steps },
    gaps: NO_GAPS,
    seconds: (performance.now() - startedMs) / 1000,
    property: violation?.property ?? null,
    counterexample: shown,
    error: null,
  };
  const row = { ...rowOf(entry, threads, options, outcome), collision: 0 };
  const notes = note === null ? [] : [`--replay: ${note}`];
  if (violation !== null) return { row, notes };
  const open = { verdict: "bounded", expected: null, unexplored: [UNEXPLORED] } as const;
  return { row: { ...row, ...open }, notes };
}

interface Followed {
  readonly replayed: Replayed;
  /** Null where there was no step. */
  readonly shown: CounterExample | null;
}

function follow(image: CheckImage, configuration: Configuration, schedule: string): Followed {
  try {
    const on = prepare(image, configuration);
    const replayed = replaySchedule(on, schedule);
    const { actions, violation } = replayed;
    if (violation !== null) {
      const shown = counterExample(on, configuration, actions, violation);
      // One that was made for another kernel goes on as one of this.
      return { replayed, shown: isOfThisKernel(schedule) ? { ...shown, schedule } : shown };
    }
    const replay = new Replay(on, actions);
    replay.toEnd();
    const { threads, steps, switches, sleepers, locks } = replay;
    const rest = { origins: [], cycleFrom: null, schedule };
    return { replayed, shown: { ...NOTHING, threads, steps, switches, sleepers, locks, ...rest } };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const replayed = { actions: [], fits: false, note: "it broke before its first step" };
    return { replayed: { ...replayed, violation: error }, shown: null };
  }
}
