// SPDX-License-Identifier: GPL-2.0-only
/**
 * Cycles that a fair scheduler could go round for ever: livelock, and starvation.
 *
 * A scheduler is fair (weakly) if it takes every thread that stays able to run, sooner or later. So a
 * strongly connected part of the graph has a fair cycle exactly if each thread makes a step within it, or
 * is unable to run in one of its states. Threads that are to end, and in such a part have not, never will.
 *
 * Source: Kahn, "Topological sorting of large networks", 1962; Tarjan, "Depth-first search and linear
 * graph algorithms", 1972; Lichtenstein, Pnueli, "Checking that finite state concurrent programs satisfy
 * their linear specification", 1985.
 */
import { DRAIN, TICK } from "../machine/coroutine/choices.ts";
import type { Graph } from "./edges.ts";
import { touchPages } from "./pages.ts";

export interface FairCycle {
  /** The state where it begins and ends: the first of it that was found. */
  readonly state: number;
  readonly actions: number[];
}

/**
 * Takes away, again and again, what no step leads to that is still there: no cycle goes through it. Mostly
 * that is all, and sooner known than the strongly connected parts.
 *
 * @returns for each state how many steps lead to it of those that are left
 */
function peel(edges: Graph): Int32Array {
  const count = edges.states;
  const before = new Int32Array(count);
  touchPages(before);
  for (let state = 0; state < count; state++) {
    const end = edges.endOf(state);
    for (let edge = edges.firstOf(state); edge < end; edge++) {
      const to = edges.to(edge);
      if (to < count) (before[to] as number)++;
    }
  }
  const queue = new Int32Array(count);
  let queued = 0;
  for (let state = 0; state < count; state++) if (before[state] === 0) queue[queued++] = state;
  for (let i = 0; i < queued; i++) {
    const state = queue[i] as number;
    const end = edges.endOf(state);
    for (let edge = edges.firstOf(state); edge < end; edge++) {
      const to = edges.to(edge);
      if (to < count && --(before[to] as number) === 0) queue[queued++] = to;
    }
  }
  return before;
}

/** Strongly connected parts with more than one state, each as a list of states. */
function* components(edges: Graph): Iterable<number[]> {
  const count = edges.states;
  const before = peel(edges);
  const index = new Int32Array(count);
  const low = new Int32Array(count);
  const onStack = new Uint8Array(count);
  const next = new Int32Array(count);
  const stack: number[] = [];
  const path: number[] = [];
  let clock = 0;
  const enter = (state: number) => {
    clock++;
    index[state] = clock;
    low[state] = clock;
    onStack[state] = 1;
    next[state] = edges.firstOf(state);
    stack.push(state);
    path.push(state);
  };
  for (let root = 0; root < count; root++) {
    if (index[root] !== 0 || before[root] === 0) continue;
    enter(root);
    for (let state = path.at(-1); state !== undefined; state = path.at(-1)) {
      const edge = next[state] as number;
      if (edge < edges.endOf(state)) {
        next[state] = edge + 1;
        const to = edges.to(edge);
        if (to >= count) continue; // found, and not expanded
        if (index[to] === 0) enter(to);
        else if (onStack[to] === 1)
          low[state] = Math.min(low[state] as number, index[to] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[state] as number);
      if (low[state] !== index[state]) continue;
      const from = stack.lastIndexOf(state);
      const part = stack.splice(from);
      for (const one of part) onStack[one] = 0;
      if (part.length > 1) yield part;
    }
  }
}

/** A part of the graph, and ways within it. */
class Part {
  readonly states: readonly number[];
  readonly #edges: Graph;
  readonly #inside: Set<number>;

  constructor(edges: Graph, states: readonly number[]) {
    this.#edges = edges;
    this.states = states;
    this.#inside = new Set(states);
  }

  /** Edges of `state` that stay inside. */
  *edgesOf(state: number): Iterable<number> {
    const end = this.#edges.endOf(state);
    for (let edge = this.#edges.firstOf(state); edge < end; edge++) {
      if (this.#inside.has(this.#edges.to(edge))) yield edge;
    }
  }

  /** Threads that make a step inside, and those that some state inside keeps from running. */
  get fairTo(): number {
    let moved = 0;
    let always = ~0;
    for (const state of this.states) {
      always &= this.#edges.runnable(state);
      for (const edge of this.edgesOf(state)) {
        const action = this.#edges.action(edge);
        if (action < TICK) moved |= 1 << action;
      }
    }
    return moved | ~always;
  }

  /** The shortest way inside from `from` to a state for which `reached` holds. */
  way(from: number, reached: (state: number) => boolean): { edges: number[]; state: number } {
    const back = new Map<number, number>();
    const before = new Map<number, number>();
    const queue = [from];
    for (const state of queue) {
      if (reached(state)) {
        const edges: number[] = [];
        for (let at = state; at !== from; at = before.get(at) as number) {
          edges.push(back.get(at) as number);
        }
        return { edges: edges.reverse(), state };
      }
      for (const edge of this.edgesOf(state)) {
        const to = this.#edges.to(edge);
        if (to === from || before.has(to)) continue;
        before.set(to, state);
        back.set(to, edge);
        queue.push(to);
      }
    }
    throw new Error("[harness bug] a strongly connected part is not");
  }

  /** An edge of thread `thread` that leaves `state` and stays inside, -1 for none. */
  edgeOf(state: number, thread: number): number {
    for (const edge of this.edgesOf(state)) if (this.#edges.action(edge) === thread) return edge;
    return -1;
  }
}

/** A cycle that visits, for each thread, a step of its, or a state in which it cannot run. */
function cycleThrough(edges: Graph, part: Part, threads: number): FairCycle {
  const start = Math.min(...part.states);
  const taken: number[] = [];
  let at = start;
  for (let thread = 0; thread < threads; thread++) {
    const serves = (state: number) =>
      ((edges.runnable(state) >>> thread) & 1) === 0 || part.edgeOf(state, thread) >= 0;
    const way = part.way(at, serves);
    taken.push(...way.edges);
    at = way.state;
    if (((edges.runnable(at) >>> thread) & 1) === 0) continue;
    const edge = part.edgeOf(at, thread);
    taken.push(edge);
    at = edges.to(edge);
  }
  taken.push(...part.way(at, (state) => state === start).edges);
  return { state: start, actions: taken.map((edge) => edges.action(edge)) };
}

/**
 * A cycle that a fair scheduler could go round for ever; null when there is none.
 *
 * @param isProgress - whether a part's cycle is as it should be, given one of its states: threads that run
 *   for ever do so, and all others have ended
 */
export function fairCycle(
  edges: Graph,
  threads: number,
  isProgress: (state: number) => boolean,
): FairCycle | null {
  const all = (1 << threads) - 1;
  let shortest: FairCycle | null = null;
  for (const states of components(edges)) {
    const part = new Part(edges, states);
    if ((part.fairTo & all) !== all || isProgress(states[0] as number)) continue;
    const found = cycleThrough(edges, part, threads);
    if (found.actions.every((action) => action >= TICK && action < DRAIN)) continue;
    if (shortest === null || found.state < shortest.state) shortest = found;
  }
  return shortest;
}
