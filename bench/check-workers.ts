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
import { readd, run } from "./check-commands.ts";
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

/** What is timed; in ms. */
interface Timed {
  readonly name: string;
  /** By so many workers; 0: by one thread of this process, or one of a command's own. */
  once(workers: number): Promise<number>;
  /** As many of one thread at once: until the last of them has ended. Only of commands. */
  atOnce?(commands: number): Promise<number>;
  /** Known behind the first time. */
  states?(): string;
}

function timedYardstick(readers: number): Timed {
  const subject = yardstickOf(readers);
  let states = 0;
  return {
    name: subject.name,
    once: async (workers) => {
      const searched = await search(subject, workers);
      states = searched.states;
      return searched.ms;
    },
    states: () => number(states),
  };
}

const READD: Timed = {
  name: "hotunplug check readd, percpu_rwsem",
  once: async (workers) => (await run(readd(Math.max(workers, 1)))).ms,
  atOnce: async (commands) => {
    const all = await Promise.all(Array.from({ length: commands }, () => run(readd(1))));
    return Math.max(...all.map(({ ms }) => ms));
  },
};

async function printTimed(one: Timed, counts: readonly number[], rounds: number): Promise<void> {
  const alone: number[] = [];
  const rows = counts.map((workers) => ({
    workers,
    together: [] as number[],
    atOnce: [] as number[],
  }));
  for (let round = 0; round < rounds; round++) {
    alone.push(await one.once(0));
    for (const { workers, together, atOnce } of rows) {
      together.push(await one.once(workers));
      if (one.atOnce) atOnce.push(await one.atOnce(workers));
    }
  }
  print(one.name, one.states?.() ?? "", "1", ...timesOf(alone));
  for (const { workers, together, atOnce } of rows) {
    const factor = median(alone) / median(together);
    print("", "", number(workers), ...timesOf(together), number(factor, 2));
    if (atOnce.length === 0) continue;
    const given = (workers * median(alone)) / median(atOnce);
    print(`  ${workers} commands at once`, "", "1 each", ...timesOf(atOnce), number(given, 2));
  }
}

/** @param counts - of workers: a row each */
export async function printWorkers(counts: readonly number[], rounds: number): Promise<void> {
  console.log();
  print("from the start, no reduction", "states", "workers", "ms", "range", "factor");
  for (const one of [timedYardstick(5), timedYardstick(6), READD]) {
    await printTimed(one, counts, rounds);
  }
}
