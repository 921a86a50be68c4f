// SPDX-License-Identifier: GPL-2.0-only
/**
 * The outcomes that the litmus tests allow, against a model of store buffers that shares nothing with the
 * one that is tested: threads of loads and stores, a buffer each, every step in every order.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { litmus } from "../../host/check/scenarios/litmus.ts";
import type { MemoryModel } from "../../host/result/check.ts";
import { abi } from "./explored.ts";

/** "x=1": a store; "x=1!": with a full barrier; "x=1^": a release store; "x": a load. */
const PROGRAMS: Record<string, { threads: string[]; final?: boolean }> = {
  sb: { threads: ["x=1 y", "y=1 x"] },
  sb_mb: { threads: ["x=1! y", "y=1! x"] },
  mp: { threads: ["x=1 y=1", "y x"] },
  mp_release: { threads: ["x=1 y=1^", "y x"] },
  mp_acquire: { threads: ["x=1 y=1", "y x"] },
  lb: { threads: ["x y=1", "y x=1"] },
  s: { threads: ["x=2 y=1", "y x=1"], final: true },
  r: { threads: ["x=1 y=1", "y=2 x"], final: true },
  "2p2w": { threads: ["x=1 y=2", "y=1 x=2"], final: true },
  iriw: { threads: ["x=1", "y=1", "x y", "y x"] },
  wrc: { threads: ["x=1", "x y=1", "y x"] },
};

interface State {
  memory: Record<string, string>;
  threads: { left: string[]; buffer: string[]; loaded: string }[];
}

type Thread = State["threads"][number];

/** Stores that may leave the buffer now. */
function drainable({ buffer }: Thread, model: MemoryModel): number[] {
  const places = buffer.map((_, i) => i);
  if (model === "tso") return places.slice(0, 1);
  return places.filter((i) => {
    const store = buffer[i] as string; // i is in range
    const older = buffer.slice(0, i);
    return store.endsWith("^") ? i === 0 : !older.some((other) => other[0] === store[0]);
  });
}

function store(state: State, op: string): void {
  state.memory[op[0] as string] = op[2] as string; // "x=1"
}

/** The thread's next operation; false when it must wait for the buffer. */
function step(state: State, thread: Thread, model: MemoryModel): boolean {
  const op = thread.left.shift() as string; // the caller looked
  const word = op[0] as string; // no operation is empty
  if (!op.includes("=")) {
    const own = thread.buffer.findLast((other) => other[0] === word);
    thread.loaded += own?.[2] ?? state.memory[word];
  } else if (op.endsWith("!") && thread.buffer.length > 0) return false;
  else if (model === "sc" || op.endsWith("!")) store(state, op);
  else thread.buffer.push(op);
  return true;
}

function successors(state: State, model: MemoryModel): State[] {
  return state.threads.flatMap((thread, t) => {
    const drained = drainable(thread, model).map((place) => {
      const next = structuredClone(state);
      store(next, next.threads[t]?.buffer.splice(place, 1)[0] as string); // place is in range
      return next;
    });
    if (thread.left.length === 0) return drained;
    const next = structuredClone(state);
    return step(next, next.threads[t] as Thread, model) ? [...drained, next] : drained;
  });
}

function outcomes(name: string, model: MemoryModel): string[] {
  const { threads, final } = PROGRAMS[name] as (typeof PROGRAMS)[string]; // or the test fails
  const parts = threads.map((ops) => ({ left: ops.split(" "), buffer: [], loaded: "" }));
  const todo: State[] = [{ memory: { x: "0", y: "0" }, threads: parts }];
  const seen = new Set<string>();
  const found = new Set<string>();
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    const key = JSON.stringify(state);
    if (seen.has(key)) continue;
    seen.add(key);
    const next = successors(state, model);
    todo.push(...next);
    if (next.length > 0) continue;
    const said = state.threads.flatMap(({ loaded }, t) => (loaded === "" ? [] : `${t}:${loaded}`));
    const { x, y } = state.memory;
    found.add([...said, ...(final === true ? [`x=${x}`, `y=${y}`] : [])].join(" "));
  }
  return [...found].sort();
}

for (const { name, outcomes: allowed } of litmus.variants(abi, null, null)) {
  test(`${name}: the outcomes of each model are those of its store buffers`, () => {
    for (const model of ["sc", "tso", "pso"] as const) {
      assert.equal([...(allowed?.allowed[model] ?? [])].sort(), outcomes(name, model), model);
    }
  });
}

test.run();
