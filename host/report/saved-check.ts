// SPDX-License-Identifier: GPL-2.0-only
/** The shapes of what a check leaves behind: see saved.ts. */
import type { CheckRow, CheckStep, ClaimCell, ClaimRow, CounterExample } from "../result/check.ts";
import * as is from "./shape.ts";

const step = is.object<CheckStep>({
  thread: is.number,
  fn: is.string,
  at: is.nullable(is.string),
  access: is.string,
  object: is.string,
  before: is.nullable(is.string),
  after: is.nullable(is.string),
  visible: is.boolean,
  note: is.nullable(is.string),
});

const counterexample = is.object<CounterExample>({
  property: is.string,
  detail: is.string,
  threads: is.array(is.string),
  steps: is.array(step),
  switches: is.number,
  sleepers: is.array(is.string),
  origins: is.array(is.string),
  locks: is.array(is.string),
  cycleFrom: is.nullable(is.number),
  schedule: is.string,
});

export const check: is.Shape<CheckRow> = is.object<CheckRow>({
  scenario: is.string,
  subject: is.string,
  revision: is.nullable(is.string),
  gate: is.nullable(is.string),
  threads: is.array(is.string),
  memory: is.literal("sc", "tso", "pso"),
  search: is.literal("bfs", "dfs", "random", "pct"),
  verdict: is.literal("holds", "violated", "bounded"),
  expected: is.nullable(is.literal("holds", "violated")),
  property: is.nullable(is.string),
  unexplored: is.array(is.string),
  states: is.number,
  transitions: is.number,
  depth: is.number,
  seconds: is.number,
  collision: is.number,
  counterexample: is.nullable(counterexample),
  error: is.optional(is.string),
  command: is.string,
});

const cell = is.object<ClaimCell>({
  revision: is.string,
  reachable: is.nullable(is.boolean),
  bound: is.string,
  schedule: is.nullable(is.string),
  command: is.optional(is.string),
});

export const claim: is.Shape<ClaimRow> = is.object<ClaimRow>({
  id: is.optional(is.string),
  claim: is.string,
  source: is.string,
  cells: is.array(cell),
});
