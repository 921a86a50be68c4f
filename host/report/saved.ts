// SPDX-License-Identifier: GPL-2.0-only
/** Reads a saved result back: whole, of this schema, and with every figure where it belongs. */
import { readFileSync } from "node:fs";
import { UsageError } from "../errors.ts";
import {
  type Against,
  type BreakEvenRow,
  type Capture,
  type EngineRows,
  type GateFacts,
  type NoiseFloor,
  type PairRow,
  type RemovalRow,
  type Repeat,
  type Result,
  SCHEMA,
  type StormRow,
  type TierFacts,
  type Violation,
} from "../result/result.ts";
import type { Bucket, Histogram } from "../stats/histogram.ts";
import type { Drift, Steadiness } from "../stats/steadiness.ts";
import type { Summary } from "../stats/summary.ts";
import { check, claim } from "./saved-check.ts";
import { comparison, interval, rounds, selftest } from "./saved-compared.ts";
import { roleRow } from "./saved-roles.ts";
import * as is from "./shape.ts";

const summary = is.object<Summary>({ ...interval, n: is.number, unit: is.string });
const histogram = is.object<Histogram>({
  unit: is.literal("ns"),
  n: is.number,
  p50: is.number,
  p90: is.number,
  p99: is.number,
  max: is.number,
  buckets: is.array(is.object<Bucket>({ fromNs: is.number, count: is.number })),
});

const drift = is.object<Drift>({ pct: is.number, p: is.number });
const steadiness = is.object<Steadiness>({
  outliers: is.number,
  unstable: is.nullable(is.boolean),
  drift: is.nullable(drift),
});

const tier = is.object<TierFacts>({
  inForce: is.literal("baseline", "optimized", "unknown"),
  selectable: is.boolean,
  addOverExchange: is.nullable(is.number),
});

const gate = is.object<GateFacts>({
  name: is.string,
  control: is.optional(is.literal(true)),
  atomic: is.optional(is.literal(true)),
  summary: is.string,
  bytesPerDevice: is.number,
  bytesPerCpuPerDevice: is.number,
  globalBytes: is.number,
  globalBytesPerCpu: is.optional(is.number),
});

const pair = is.object<PairRow>({
  contender: is.string,
  kind: is.literal("gate", "baseline"),
  workload: is.literal("read", "ioctl"),
  threads: is.number,
  devices: is.literal("same", "own"),
  oversubscribed: is.boolean,
  unit: is.literal("ns/pair", "ns/ioctl"),
  raw: summary,
  net: summary,
  samples: rounds,
  steadiness: is.optional(steadiness),
});

const removal = is.object<RemovalRow>({
  contender: is.string,
  condition: is.literal("idle", "busy"),
  readers: is.number,
  oversubscribed: is.boolean,
  latency: histogram,
  samples: rounds,
  entrantOutcome: is.literal("blocks", "fails", "passes", "spins"),
  entrant: is.nullable(histogram),
  readersLossPct: is.nullable(summary),
  othersEffectPct: is.nullable(summary),
  steadiness: is.optional(steadiness),
});

const violation = is.object<Violation>({
  property: is.string,
  detail: is.string,
  count: is.optional(is.number),
  trace: is.optional(is.array(is.string)),
});

const storm = is.object<StormRow>({
  driver: is.string,
  revision: is.string,
  gate: is.nullable(is.string),
  held: is.boolean,
  asFound: is.optional(is.literal(true)),
  sanitized: is.boolean,
  seed: is.number,
  seconds: is.number,
  counts: is.record(is.number),
  violations: is.array(violation),
  replay: is.string,
});

const breakEven = is.object<BreakEvenRow>({
  gate: is.string,
  threads: is.number,
  devices: is.literal("same", "own"),
  gateCostNs: is.number,
  ioctlNs: is.number,
});

const noise = is.object<NoiseFloor>({
  gate: is.string,
  comparisons: is.array(comparison),
  alarms: is.number,
  middlePct: is.nullable(is.number),
  mostPct: is.nullable(is.number),
  pairs: is.array(pair),
  removals: is.array(removal),
});

const engine = is.object<EngineRows>({
  engine: is.string,
  environment: is.anyObject,
  tier,
  pairs: is.array(pair),
  removals: is.array(removal),
});

const against = is.object<Against>({
  baseline: is.string,
  startedAt: is.string,
  failOverPct: is.nullable(is.number),
  captures: is.optional(is.number),
  runs: is.optional(is.number),
  comparisons: is.array(comparison),
  notes: is.array(is.string),
});

const capture = is.object<Capture>({
  pairs: is.array(pair),
  removals: is.array(removal),
  roles: is.optional(is.array(roleRow)),
});

const repeat = is.object<Repeat>({
  baseline: is.string,
  tolerancePct: is.number,
  comparisons: is.array(comparison),
  lacking: is.array(is.string),
  unlike: is.array(is.string),
  first: is.optional(capture),
});

const result: is.Shape<Result> = is.object<Result>({
  schema: is.literal(SCHEMA),
  tool: is.object<Result["tool"]>({ name: is.literal("hotunplug"), version: is.string }),
  command: is.literal("bench", "stress", "compare", "check", "selftest"),
  asked: is.anyObject,
  environment: is.anyObject,
  tier,
  startedAt: is.string,
  durationS: is.number,
  interrupted: is.optional(is.literal(true)),
  gates: is.array(gate),
  pairs: is.array(pair),
  removals: is.array(removal),
  storms: is.array(storm),
  comparisons: is.array(comparison),
  breakEvens: is.array(breakEven),
  noise: is.optional(noise),
  selftest: is.optional(selftest),
  roles: is.optional(is.array(roleRow)),
  drift: is.optional(is.nullable(drift)),
  checks: is.optional(is.array(check)),
  claims: is.optional(is.array(claim)),
  engines: is.optional(is.array(engine)),
  against: is.optional(against),
  repeat: is.optional(repeat),
  notes: is.array(is.string),
});

/**
 * @param path - of a file that `--json` wrote
 * @throws UsageError, one line that begins with the path, for a file that cannot be read, is cut
 *   short, is no result of this tool, or is of another schema version
 */
export function readResult(path: string): Result {
  return parseResult(textOf(path), path);
}

/** The same of text already read; `name` stands for the path. */
export function parseResult(text: string, name: string): Result {
  const value = jsonOf(text, name);
  const { tool, schema } = (value ?? {}) as { tool?: { name?: unknown }; schema?: unknown };
  if (tool?.name !== "hotunplug") throw new UsageError(`${name}: not a result of hotunplug`);
  if (schema !== SCHEMA) {
    const seen = JSON.stringify(schema) ?? "none";
    throw new UsageError(`${name}: schema version ${seen}, this hotunplug reads ${SCHEMA}`);
  }
  try {
    result(value, "");
    return value;
  } catch (error) {
    if (!(error instanceof is.ShapeError)) throw error;
    throw new UsageError(`${name}: damaged result: ${error.message}`, { cause: error });
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`${path}: cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.trim() === "") throw new UsageError(`${name}: the file is empty`, { cause });
    const looksCut = text.trimStart().startsWith("{") && !text.trimEnd().endsWith("}");
    const why = looksCut ? "the file is cut short" : "not JSON";
    throw new UsageError(`${name}: ${why}`, { cause });
  }
}

/** What the system says of a failed file operation, without the path that Node repeats. */
export function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const text = { ENOENT: "no such file or directory", EACCES: "permission denied" }[code ?? ""];
  return text ?? message?.replace(/^E[A-Z]+: ([^,]+),.*$/, "$1") ?? String(cause);
}
