// SPDX-License-Identifier: GPL-2.0-only
/** What the workers of a parallel search are given, what they share, and what they answer: plain data. */
import type { Configuration } from "../configuration.ts";
import type { Rows } from "../edges.ts";
import type { Woven } from "../image.ts";

/** Where a worker finds the variant, which is functions: what an export of a module returns. */
export interface VariantSource {
  readonly moduleUrl: string;
  /** A function that returns the variant, or a promise of it. */
  readonly exportName: string;
  /** Its arguments: plain data. */
  readonly args: readonly unknown[];
}

const DEADLINE_MS = 60_000;

/** Bits; all but `contended` end a level early. */
export const SIGNAL = {
  /** The table of states is to be made larger. */
  grow: 1,
  /** A word was found to be contended: all begin anew. */
  contended: 2,
  states: 4,
  memory: 8,
  interrupted: 16,
} as const;

/** Words that all workers share; those that are written often are on lines of their own. */
export const CONTROL = {
  /** How often all have met. */
  meetings: 0,
  arrived: 16,
  decision: 17,
  signals: 32,
  /** Whether there is a violation. */
  violated: 33,
  /** States with which all begin anew, as words were found to be contended; 0: none was. */
  enough: 34,
  /** PER_WORKER words a worker: meetings that it came to. */
  workers: 48,
} as const;

export const PER_WORKER = 16;
export const CAME = 0;

/** Words of what says where the states of a level are, of one worker: 32 GiB of them. */
export const DIRECTORY_WORDS = 4 << 15;

/** Of the parts of states that a worker keeps. What is not used takes addresses, and no memory. */
const PARTS_BYTES = 1 << 16;
const PARTS_BYTES_MOST = 2 ** 31;

/** Words a worker, float64: figures of its own. */
export const FIGURES = 8;
export const FIGURE = { states: 0, transitions: 1, depth: 2, expanded: 3, bytes: 4 } as const;

/** A figure of all workers together. */
export function sumOf(figures: Float64Array, which: number): number {
  let sum = 0;
  for (let at = which; at < figures.length; at += FIGURES) sum += figures[at] as number;
  return sum;
}

export interface Shared {
  readonly workers: number;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly figures: Float64Array<SharedArrayBuffer>;
  /** Two a worker: see levels.ts. */
  readonly directories: Int32Array<SharedArrayBuffer>;
  /** Of each worker, growing: the parts of states that it keeps (machine/coroutine/components.ts). */
  readonly parts: readonly SharedArrayBuffer[];
  /** Name of what they send each other memory by. */
  readonly channel: string;
  /** Nothing may take longer: who waits for so long gives up. */
  readonly deadlineMs: number;
}

export function newShared(workers: number, channel: string, deadlineMs = DEADLINE_MS): Shared {
  const words = CONTROL.workers + PER_WORKER * workers;
  return {
    workers,
    control: new Int32Array(new SharedArrayBuffer(4 * words)),
    figures: new Float64Array(new SharedArrayBuffer(8 * FIGURES * workers)),
    directories: new Int32Array(new SharedArrayBuffer(8 * DIRECTORY_WORDS * workers)),
    parts: Array.from({ length: workers }, () => {
      return new SharedArrayBuffer(PARTS_BYTES, { maxByteLength: PARTS_BYTES_MOST });
    }),
    channel,
    deadlineMs,
  };
}

/** What a worker is started with. */
export interface Place {
  readonly shared: Shared;
  /** Which worker it is, from 0 on. */
  readonly worker: number;
  readonly source: VariantSource;
}

/** What it is told then. */
export interface Assignment {
  readonly woven: Woven;
  readonly configuration: Omit<Configuration, "variant">;
}

/** A violation, and the state and the action that it was found at. */
export interface Report {
  readonly property: string;
  readonly detail: string;
  readonly address: number;
  readonly site: number;
  /** Number of the state; -1: before the first turn. */
  readonly state: number;
  /** Null: the state itself is wrong. */
  readonly action: number | null;
  /** Steps to the state. */
  readonly depth: number;
  /** The state's hash: of several violations, the least is told. */
  readonly key1: number;
  readonly key2: number;
}

/** What a worker answers when all is done. */
export interface Ended {
  readonly violation: Report | null;
  readonly race: Report | null;
  readonly outcomes: readonly string[];
  readonly leftOut: number;
  /** Of its states, in order: the number of the one before, and the action between. */
  readonly parents: Int32Array<ArrayBuffer>;
  readonly actions: Uint8Array<ArrayBuffer>;
  /** The steps from the states that it expanded, in turn, and their numbers; null: nobody looks for cycles. */
  readonly graph: (Rows & { readonly expanded: Int32Array<ArrayBuffer> }) | null;
  readonly contended: readonly number[];
}
