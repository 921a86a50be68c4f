// SPDX-License-Identifier: GPL-2.0-only
/**
 * Searches by one thread and by several workers: each from the start, its set-up included. What the machine
 * gives is measured beside them: as many commands of one thread at once, which share nothing but it.
 */
import { extname } from "node:path";
import {
  type Configuration,
  DEFAULT_SEARCH,
  explore,
  prepare,
} from "../host/check/configuration.ts";
import { Crew } from "../host/check/parallel/crew.ts";
import { exploreInParallel, type Team } from "../host/check/parallel/explore.ts";
import type { VariantSource } from "../host/check/parallel/protocol.ts";
import { checkImage } from "../host/check/weave.ts";
import { median } from "../host/stats/median.ts";
import { READD, run } from "./check-commands.ts";
import { number, print, timesOf } from "./check-table.ts";
import { yardstick } from "./check-yardstick.ts";

const YARDSTICK_URL = new URL(`./check-yardstick${extname(import.meta.url)}`, import.meta.url).href;

interface Subject extends Omit<Team, "crew"> {
  readonly name: string;
  readonly source: VariantSource;
}

function yardstickOf(readers: number): Subject {
  const args = [readers, 2, false] as const;
  const source = { moduleUrl: YARDSTICK_URL, exportName: "yardstick", args };
  const variant = yardstick(...args);
  const search = { ...DEFAULT_SEARCH, memory: "sc", liveness: false, reduction: false } as const;
  const configuration: Configuration = { ...search, variant };
  const image = checkImage(variant.roots);
  return { name: `yardstick, ${readers} x 2`, image, configuration, source };
}

const never = () => false;

async function search(subject: Subject, workers: number): Promise<{ states: number; ms: number }> {
  const { image, configuration, source } = subject;
  const { signal } = new AbortController();
  const started = performance.now();
  const crew = workers === 0 ? null : new Crew(workers, source);
  try {
    const on = prepare(image, configuration);
    const { counts } =
      crew === null
        ? explore(on, configuration, never)
        : await exploreInParallel(on, { image, configuration, crew }, never, signal);
    return { states: counts.states, ms: performance.now() - started };
  } finally {
    await crew?.end();
  }
}

/** Times in ms, a round each. */
type Times = number[];

interface Row {
  readonly workers: number;
  readonly together: Times;
  /** As many of one thread at once: until the last of them has ended. Only of commands. */
  readonly atOnce: Times | null;
}

function printRows(name: string, states: string, alone: Times, rows: readonly Row[]): void {
  print(name, states, "1", ...timesOf(alone));
  for (const { workers, together, atOnce } of rows) {
    const factor = median(alone) / median(together);
    print("", "", number(workers), ...timesOf(together), number(factor, 2));
    if (atOnce === null) continue;
    const given = (workers * median(alone)) / median(atOnce);
    print(`  ${workers} commands at once`, "", "1 each", ...timesOf(atOnce), number(given, 2));
  }
}

async function printYardstick(
  subject: Subject,
  counts: readonly number[],
  rounds: number,
): Promise<void> {
  const alone: Times = [];
  const rows = counts.map((workers) => ({ workers, together: [] as Times, atOnce: null }));
  let states = 0;
  for (let round = 0; round < rounds; round++) {
    const one = await search(subject, 0);
    states = one.states;
    alone.push(one.ms);
    for (const { workers, together } of rows) together.push((await search(subject, workers)).ms);
  }
  printRows(subject.name, number(states), alone, rows);
}

async function printReadd(counts: readonly number[], rounds: number): Promise<void> {
  const alone: Times = [];
  const rows = counts.map((workers) => ({ workers, together: [] as Times, atOnce: [] as Times }));
  for (let round = 0; round < rounds; round++) {
    alone.push((await run(`${READD} 1`)).ms);
    for (const { workers, together, atOnce } of rows) {
      together.push((await run(`${READD} ${workers}`)).ms);
      const all = await Promise.all(Array.from({ length: workers }, () => run(`${READD} 1`)));
      atOnce.push(Math.max(...all.map(({ ms }) => ms)));
    }
  }
  printRows("hotunplug check readd, percpu_rwsem", "", alone, rows);
}

/** @param counts - of workers: a row each */
export async function printWorkers(counts: readonly number[], rounds: number): Promise<void> {
  console.log();
  print("from the start, no reduction", "states", "workers", "ms", "range", "factor");
  for (const readers of [5, 6]) await printYardstick(yardstickOf(readers), counts, rounds);
  await printReadd(counts, rounds);
}
