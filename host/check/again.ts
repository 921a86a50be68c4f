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
import { scout } from "./scouting.ts";
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

/**
 * First with all that a few schedules at random find to be contended: what others may notice is then shown
 * as by who explored. That can be too much where stores wait, and then with what this one finds alone.
 */
function follow(image: CheckImage, configuration: Configuration, schedule: string): Followed {
  const followed = followOn(image, configuration, schedule, true);
  if (followed.replayed.violation !== null) return followed;
  return followOn(image, configuration, schedule, false);
}

function followOn(
  image: CheckImage,
  configuration: Configuration,
  schedule: string,
  scouts: boolean,
): Followed {
  try {
    const on = prepare(image, configuration);
    if (scouts) scout(on, null, 1);
    const replayed = replaySchedule(on, schedule);
    const { actions, violation } = replayed;
    if (violation !== null) {
      const shown = counterExample(on, configuration, actions, violation);
      // One that was made for another kernel goes on as one of this.
      return { replayed, shown: isOfThisKernel(schedule) ? { ...shown, schedule } : shown };
    }
    return { replayed, shown: shownWhole(new Replay(on, actions), schedule) };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const replayed = { actions: [], fits: false, note: "it broke before its first step" };
    return { replayed: { ...replayed, violation: error }, shown: null };
  }
}

/** Of a schedule that breaks nothing. */
function shownWhole(replay: Replay, schedule: string): CounterExample {
  replay.toEnd();
  const { steps, switches, sleepers, locks } = replay;
  const { length } = replay.threads;
  const ends = steps.some(({ thread }) => thread === length - 1);
  const threads = replay.threads.slice(0, ends ? length : length - 1);
  const rest = { origins: [], cycleFrom: null, schedule };
  return { ...NOTHING, threads, steps, switches, sleepers, locks, ...rest };
}
