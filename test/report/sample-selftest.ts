// SPDX-License-Identifier: GPL-2.0-only
/** What `selftest` might find: so many comparisons, of which some are alarms. */
import type { Result } from "../../host/result/result.ts";
import type { AaRow } from "../../host/result/selftest.ts";
import { injectionOf, selfTestOf } from "../../host/result/selftest-summary.ts";
import { wordFor } from "../../host/stats/ratio.ts";
import { sampleResult } from "./sample-result.ts";

const INJECTED = 10;

function row(low: number, high: number, run: number): AaRow {
  const ratio = { ratio: { median: (low + high) / 2, low, high }, pairs: 11 };
  return {
    metric: {
      ...{ what: "pair", threads: 1, devices: "same", condition: null, oversubscribed: false },
    },
    ...{ a: "rwsem (again)", b: "rwsem", ...ratio, word: wordFor(ratio), run },
    times: { a: [10, null], b: [10, 10] },
  };
}

/** @param found - of ten comparisons with a slowdown of 5 % */
export function selfTestResult(alarms: number, comparisons: number, found: number): Result {
  const rows = Array.from({ length: comparisons }, (_, i) =>
    i < alarms ? row(1.01, 1.09, i + 1) : row(0.9, 1.11, i + 1),
  );
  const slowed = Array.from({ length: INJECTED }, (_, i) => row(i < found ? 1.01 : 0.99, 1.09, 1));
  const facts = { gate: "rwsem", serviceNs: 20_000, addedNs: 1_000, baseNs: [20_000] };
  const { noise, checks, claims, ...sample } = sampleResult();
  return {
    ...{ ...sample, command: "selftest", gates: [], pairs: [], removals: [], storms: [] },
    ...{ comparisons: [], breakEvens: [] },
    selftest: selfTestOf(comparisons, rows, injectionOf(slowed, facts)),
  };
}
