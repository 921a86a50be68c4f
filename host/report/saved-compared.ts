// SPDX-License-Identifier: GPL-2.0-only
/** The shape of comparisons in a saved result, and of what `selftest` found out about them. */
import type { ComparisonRow, Metric } from "../result/compared.ts";
import type { AaRow, AaSetting, Injection, SelfTest } from "../result/selftest.ts";
import type { Share } from "../stats/binomial.ts";
import type { Interval } from "../stats/summary.ts";
import * as is from "./shape.ts";

export const interval = { median: is.number, low: is.number, high: is.number };
export const rounds = is.array(is.nullable(is.number));

const metric = is.object<Metric>({
  what: is.literal("pair", "ioctl", "removal", "role"),
  threads: is.number,
  devices: is.nullable(is.literal("same", "own")),
  condition: is.nullable(is.literal("idle", "busy")),
  oversubscribed: is.boolean,
  role: is.optional(is.literal("readers", "others", "removers", "adders")),
  figure: is.optional(is.literal("score", "p50", "p99", "during")),
});

const compared = {
  metric,
  a: is.string,
  b: is.string,
  ratio: is.object<Interval>(interval),
  word: is.literal("faster", "slower", "no difference seen"),
  pairs: is.number,
};

export const comparison = is.object<ComparisonRow>(compared);

const share = is.object<Share>({
  hits: is.number,
  of: is.number,
  share: is.number,
  low: is.number,
  high: is.number,
});

const aaRow = is.object<AaRow>({
  ...compared,
  run: is.number,
  times: is.object<AaRow["times"]>({ a: rounds, b: rounds }),
});

const setting = is.object<AaSetting>({
  gate: is.string,
  metric,
  alarms: share,
  middlePct: is.nullable(is.number),
  detectsPct: is.nullable(is.number),
});

const injection = is.object<Injection>({
  gate: is.string,
  serviceNs: is.number,
  addedNs: is.number,
  expectedPct: is.number,
  measuredPct: is.number,
  found: share,
});

export const selftest = is.object<SelfTest>({
  runs: is.number,
  alarms: share,
  undecided: is.number,
  detectsPct: is.nullable(is.number),
  settings: is.array(setting),
  injection: is.optional(injection),
  rows: is.array(aaRow),
});
