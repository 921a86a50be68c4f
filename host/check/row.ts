// SPDX-License-Identifier: GPL-2.0-only
/** From what came of a job to what is said of it. */

import { driverName } from "../machine/driver.ts";
import type { CheckRow, CheckVerdict } from "../result/check.ts";
import { formatPlural } from "../result/counts.ts";
import { type Figures, isWalk, type Outcome, type SearchOptions } from "./job.ts";
import type { Expected, Variant } from "./scenario.ts";
import type { SuiteEntry } from "./scenarios/table.ts";
import { collisionBound } from "./visited.ts";

/** @param threads - as asked for */
export function rowOf(
  entry: SuiteEntry,
  threads: number | null,
  options: SearchOptions,
  outcome: Outcome,
): CheckRow {
  const { scenario, driver, variant } = entry;
  const { memory, search } = options;
  const { figures, seconds, property, counterexample, error } = outcome;
  const { states, transitions, depth } = figures;
  const unexplored = unexploredBy(options, outcome);
  return {
    scenario: driver === null ? scenario.name : nameOf(entry),
    subject: driver === null ? variant.name : driverName(driver),
    revision: driver?.revision ?? null,
    gate: driver?.gate ?? null,
    threads: variant.threads,
    ...{ memory, search },
    verdict: verdictOf(outcome, unexplored),
    expected: expectedOf(variant, options),
    ...{ property, unexplored, states, transitions, depth, seconds },
    collision: isWalk(options) ? 0 : collisionBound(states),
    counterexample,
    ...(error === null ? {} : { error }),
    command: commandOf(entry, threads, options),
  };
}

/** The scenario, and the variant where that says more. */
function nameOf({ scenario, variant }: SuiteEntry): string {
  return variant.name === scenario.name ? scenario.name : `${scenario.name}/${variant.name}`;
}

function verdictOf({ end }: Outcome, unexplored: readonly string[]): CheckVerdict {
  if (end === "violated") return "violated";
  return end === "exhausted" && unexplored.length === 0 ? "holds" : "bounded";
}

/** What a sound tool must say under this memory. */
export function expectedOf(variant: Variant, { memory }: Pick<SearchOptions, "memory">): Expected {
  const weak = memory === "sc" ? undefined : variant.expectedWeak?.[memory];
  return weak === undefined ? variant.expected : weak;
}

/** A sentence for each thing that was left out; none where a violation ended the search. */
function unexploredBy(options: SearchOptions, outcome: Outcome): string[] {
  const { end, figures, gaps } = outcome;
  if (end === "violated" || end === "failed") return [];
  const { bound, search } = options;
  const sentences: string[] = [];
  if (gaps.leftOut > 0) {
    const steps = formatPlural(gaps.leftOut, "step");
    sentences.push(
      `Schedules with more than ${formatPlural(bound ?? 0, "preemption")}: ${steps} of them.`,
    );
  }
  if (isWalk(options)) sentences.push("Schedules that were not drawn.");
  else if (!gaps.cycles) {
    const how = options.workers > 1 ? `--workers ${options.workers}` : `--search ${search}`;
    const why = bound === null ? how : "--bound";
    sentences.push(`Whether threads can go round for ever, which is not looked for with ${why}.`);
  }
  if (gaps.worth !== null) sentences.push(`${gaps.worth}.`);
  return [...sentences, ...cutShort(options, end, figures)];
}

/** Why a search ended before its end. */
function cutShort(options: SearchOptions, end: Outcome["end"], figures: Figures): string[] {
  const { maxStates, memoryBytes } = options;
  const { waiting } = figures;
  const states = formatPlural(figures.states, "state");
  const left = waiting === 0 ? "" : `: ${formatPlural(waiting, "state")} had still to be expanded`;
  const limit = `(--memory-limit ${sizeText(memoryBytes)})`;
  switch (end) {
    case "states":
      if (isWalk(options)) return [];
      return [`What follows ${formatPlural(maxStates ?? 0, "state")} (--max-states)${left}.`];
    case "memory":
      return [`What follows the ${states} that there was memory for ${limit}${left}.`];
    case "interrupted":
      return [`What follows the ${states} seen until the interruption${left}.`];
    default:
      return [];
  }
}

const MIB = 2 ** 20;

function sizeText(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB}MiB` : `${bytes}`;
}

/** The command that checks this again. What is not written has its default, or changes nothing in the verdict. */
export function commandOf(
  entry: SuiteEntry,
  threads: number | null,
  { memory, search, seed, bound, maxStates, reduction }: SearchOptions,
): string {
  const { driver } = entry;
  return [
    `hotunplug check ${entry.driver === null ? `${entry.scenario.name}/${entry.variant.name}` : nameOf(entry)}`,
    ...(driver?.revision == null ? [] : [`--revision ${driver.revision}`]),
    ...(driver?.gate == null ? [] : [`--gate ${driver.gate}`]),
    ...(threads === null ? [] : [`--threads ${threads}`]),
    ...(memory === "sc" ? [] : [`--memory ${memory}`]),
    ...(search === "bfs" ? [] : [`--search ${search}`]),
    ...(isWalk({ search }) ? [`--seed ${seed}`] : []),
    ...(bound === null ? [] : [`--bound preemptions=${bound}`]),
    ...(maxStates === null ? [] : [`--max-states ${maxStates}`]),
    ...(reduction ? [] : ["--no-reduction"]),
  ].join(" ");
}
