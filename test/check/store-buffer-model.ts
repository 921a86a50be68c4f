// SPDX-License-Identifier: GPL-2.0-only
/**
 * A machine with a store buffer a thread, over words by name: what a program of loads and stores can end
 * in. From the words of the models alone: tso is one queue a thread; under pso a store waits for those to
 * its own word, a release for all; a load takes the newest store of its own thread that still waits.
 */
import type { MemoryModel } from "../../host/result/check.ts";
import { count, type Model } from "./model.ts";

export type Op =
  | { readonly op: "load"; readonly word: string }
  | {
      readonly op: "store" | "release" | "exchange";
      readonly word: string;
      readonly value: number;
    };

export const load = (word: string): Op => ({ op: "load", word });
export const store = (word: string, value: number): Op => ({ op: "store", word, value });
export const release = (word: string, value: number): Op => ({ op: "release", word, value });
export const exchange = (word: string, value: number): Op => ({ op: "exchange", word, value });

interface Entry {
  readonly word: string;
  readonly value: number;
  readonly release: boolean;
}

interface Thread {
  readonly at: number;
  readonly loaded: readonly number[];
  readonly waiting: readonly Entry[];
}

type Memory = Readonly<Record<string, number>>;

interface Machine {
  readonly memory: Memory;
  readonly threads: readonly Thread[];
}

function drains(model: MemoryModel, waiting: readonly Entry[], i: number): boolean {
  const before = waiting.slice(0, i);
  if (model !== "pso" || waiting[i]?.release === true) return before.length === 0;
  return before.every(({ word }) => word !== waiting[i]?.word);
}

function runs(model: MemoryModel, thread: Thread, memory: Memory, op: Op): [Thread, Memory] {
  const { loaded, waiting } = thread;
  const next = { ...thread, at: thread.at + 1 };
  if (op.op === "load") {
    const own = waiting.findLast(({ word }) => word === op.word);
    return [{ ...next, loaded: [...loaded, own?.value ?? memory[op.word] ?? 0] }, memory];
  }
  const { word, value } = op;
  if (model === "sc") return [next, { ...memory, [word]: value }];
  if (op.op !== "exchange") {
    const entry = { word, value, release: op.op === "release" };
    return [{ ...next, waiting: [...waiting, entry] }, memory];
  }
  // An exchange is a full barrier: all that waits is in memory before it.
  const drained = Object.fromEntries(waiting.map((entry) => [entry.word, entry.value]));
  return [
    { ...next, waiting: [] },
    { ...memory, ...drained, [word]: value },
  ];
}

function sorted(memory: Memory): Memory {
  return Object.fromEntries(Object.entries(memory).sort());
}

function modelOf(model: MemoryModel, program: readonly (readonly Op[])[]): Model<Machine> {
  return {
    start: { memory: {}, threads: program.map(() => ({ at: 0, loaded: [], waiting: [] })) },
    next({ memory, threads }) {
      return threads.flatMap((thread, t) => {
        const steps: Machine[] = [];
        const op = program[t]?.[thread.at];
        if (op !== undefined) {
          const [to, changed] = runs(model, thread, memory, op);
          steps.push({ memory: changed, threads: threads.with(t, to) });
        }
        for (const [i, { word, value }] of thread.waiting.entries()) {
          if (!drains(model, thread.waiting, i)) continue;
          const waiting = thread.waiting.toSpliced(i, 1);
          const to = { ...thread, waiting };
          steps.push({ memory: { ...memory, [word]: value }, threads: threads.with(t, to) });
        }
        return steps;
      });
    },
    key: ({ memory, threads }) => JSON.stringify({ memory: sorted(memory), threads }),
  };
}

/** Outcomes, as "loads of thread 0 | of thread 1 ; x,y": loads as r0 + 256 r1. */
export function outcomes(model: MemoryModel, program: readonly (readonly Op[])[]): string[] {
  const found = [...count(modelOf(model, program)).ends].map((key) => {
    const { memory, threads } = JSON.parse(key) as Machine;
    const loads = threads.map(({ loaded }) => (loaded[0] ?? 0) + 256 * (loaded[1] ?? 0));
    return `${loads.join(" | ")} ; ${memory["x"] ?? 0},${memory["y"] ?? 0}`;
  });
  return [...new Set(found)].sort();
}
