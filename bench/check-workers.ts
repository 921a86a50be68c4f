// SPDX-License-Identifier: GPL-2.0-only
/** The yardstick by one thread and by several workers: each from the start, its set-up included. */
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
import { yardstick } from "./check-yardstick.ts";

const YARDSTICK_URL = new URL(`./check-yardstick${extname(import.meta.url)}`, import.meta.url).href;

export interface WithWorkers {
  readonly name: string;
  readonly states: number;
  /** In ms, a round each: by one thread, and by the workers. */
  readonly alone: readonly number[];
  readonly together: readonly number[];
}

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

export async function* withWorkers(workers: number, rounds: number): AsyncIterable<WithWorkers> {
  for (const subject of [yardstickOf(5), yardstickOf(6)]) {
    const [alone, together]: [number[], number[]] = [[], []];
    let states = 0;
    for (let round = 0; round < rounds; round++) {
      const one = await search(subject, 0);
      alone.push(one.ms);
      together.push((await search(subject, workers)).ms);
      states = one.states;
    }
    yield { name: subject.name, states, alone, together };
  }
}
