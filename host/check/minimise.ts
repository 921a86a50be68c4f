// SPDX-License-Identifier: GPL-2.0-only
/**
 * Makes a schedule easier to follow: the same violation, in no more steps, with fewer context switches.
 *
 * Greedy: of the changes below the first that still ends so, and is better, is made; then all are tried
 * anew. A run is what one thread does between two switches.
 *
 *   merge   a run joins the last or the next one of its thread, whole or in two parts
 *   drop    a run is left out, or what is at its end
 *
 * Each candidate is run from the start, which costs its steps; so there is a bound on those.
 */

import { DRAIN, TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import { reproduce } from "./ending.ts";

const STEPS_MOST = 60_000;

type Run = readonly number[];

/** Ticks and drains are nobody's turn. */
function isTurn(action: number): boolean {
  return action < TICK;
}

/** How often another thread goes on than did before. */
export function switchesOf(actions: readonly number[]): number {
  const turns = actions.filter(isTurn);
  return turns.filter((thread, i) => i > 0 && thread !== turns[i - 1]).length;
}

function runsOf(actions: readonly number[]): Run[] {
  const runs: number[][] = [];
  for (const action of actions) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === action && action < DRAIN) last.push(action);
    else runs.push([action]);
  }
  return runs;
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  const fewer = switchesOf(a) - switchesOf(b);
  return fewer < 0 || (fewer === 0 && a.length < b.length);
}

/** Index of the next run, in the direction given, of the thread that run `i` is of; -1: none. */
function neighbour(runs: readonly Run[], i: number, step: 1 | -1): number {
  for (let j = i + step; j >= 0 && j < runs.length; j += step) {
    if (runs[j]?.[0] === runs[i]?.[0]) return j;
  }
  return -1;
}

/** Run `i` in two parts: `kept` of its actions join the run before, the others the run behind. */
function split(runs: readonly Run[], i: number, before: number, behind: number, kept: number) {
  return runs.flatMap((run, j) => {
    const moved = runs[i] as Run;
    if (j === before) return [...run, ...moved.slice(0, kept)];
    if (j === behind) return [...moved.slice(kept), ...run];
    return j === i ? [] : run;
  });
}

function* merges(runs: readonly Run[]): Iterable<number[]> {
  for (let i = runs.length - 1; i >= 0; i--) {
    const { length } = runs[i] as Run;
    const before = neighbour(runs, i, -1);
    const behind = neighbour(runs, i, 1);
    if (before >= 0) yield split(runs, i, before, -1, length);
    if (behind >= 0) yield split(runs, i, -1, behind, 0);
    if (before < 0 || behind < 0) continue;
    for (let kept = 1; kept < length; kept++) yield split(runs, i, before, behind, kept);
  }
}

function* drops(runs: readonly Run[]): Iterable<number[]> {
  for (const [i, run] of runs.entries()) {
    for (let kept = 0; kept < run.length; kept++) {
      yield runs.flatMap((other, j) => (j === i ? run.slice(0, kept) : other));
    }
  }
}

/** What exploring has found out about words, to go back to: a candidate must not change what a step is. */
class Contention {
  readonly #on: Interleaver;
  readonly #kept: readonly Uint8Array[];
  readonly #contentions: number;

  constructor(on: Interleaver) {
    const { flags, readers, writers, contentions } = on.machine.tracked;
    this.#on = on;
    this.#kept = [flags.slice(), readers.slice(), writers.slice()];
    this.#contentions = contentions;
  }

  get hasGrown(): boolean {
    return this.#on.machine.tracked.contentions !== this.#contentions;
  }

  restore(): void {
    const { tracked } = this.#on.machine;
    const all = [tracked.flags, tracked.readers, tracked.writers];
    for (const [i, kept] of this.#kept.entries()) all[i]?.set(kept);
    tracked.contentions = this.#contentions;
  }
}

/**
 * @param actions - from the start; they end in `violation`
 * @returns actions that end in the same; those given when none are better, or they do not end so
 */
export function minimise(
  on: Interleaver,
  actions: readonly number[],
  violation: Violation,
): number[] {
  const contention = new Contention(on);
  let left = STEPS_MOST;
  const attempt = (candidate: readonly number[]): number[] | null => {
    left -= candidate.length;
    const length = reproduce(on, candidate, violation);
    if (!contention.hasGrown) return length === null ? null : candidate.slice(0, length);
    contention.restore();
    return null;
  };
  let best = attempt(actions);
  if (best === null) return [...actions];
  for (let better: number[] | null = best; better !== null; ) {
    best = better;
    better = null;
    const runs = runsOf(best);
    for (const candidate of [...merges(runs), ...drops(runs)]) {
      if (left < candidate.length) break;
      if (!isBetter(candidate, best)) continue;
      better = attempt(candidate);
      if (better !== null) break;
    }
  }
  contention.restore();
  return best;
}
