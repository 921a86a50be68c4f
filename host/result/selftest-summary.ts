// SPDX-License-Identifier: GPL-2.0-only
/** From the comparisons of `selftest` to what they say. */
import { type Share, shareOf } from "../stats/binomial.ts";
import { MIN_SAMPLES } from "../stats/bootstrap.ts";
import { median, percentileOfSorted } from "../stats/median.ts";
import type { ComparisonRow } from "./compared.ts";
import { distancePct } from "./noise.ts";
import type { AaRow, AaSetting, Injection, SelfTest } from "./selftest.ts";

/** A difference counts as seen where it is in so many of 100 comparisons. */
const SEEN_PCT = 80;

/** @param rows - at least one */
export function selfTestOf(
  runs: number,
  rows: readonly AaRow[],
  injection: Injection | null,
): SelfTest {
  const settings = new Map<string, AaRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.b, row.metric]);
    settings.set(key, [...(settings.get(key) ?? []), row]);
  }
  return {
    runs,
    alarms: alarmsOf(rows),
    undecided: rows.filter((row) => !isDecided(row)).length,
    detectsPct: detectsPct(rows),
    settings: [...settings.values()].map(settingOf),
    ...(injection ? { injection } : {}),
    rows,
  };
}

function settingOf(rows: readonly AaRow[]): AaSetting {
  const { b: gate, metric } = rows[0] as AaRow; // a setting came from a row
  const distances = rows.flatMap(({ ratio }) =>
    ratio.median > 0 ? [distancePct(ratio.median)] : [],
  );
  return {
    ...{ gate, metric, alarms: alarmsOf(rows), detectsPct: detectsPct(rows) },
    middlePct: distances.length > 0 ? median(distances) : null,
  };
}

/** One of fewer rounds never says a word: to count it would make alarms look rarer than they are. */
function isDecided({ pairs }: ComparisonRow): boolean {
  return pairs >= MIN_SAMPLES;
}

function alarmsOf(rows: readonly ComparisonRow[]): Share {
  const decided = rows.filter(isDecided);
  const alarms = decided.filter(({ word }) => word !== "no difference seen");
  return shareOf(alarms.length, decided.length);
}

/**
 * The smallest difference that is seen in 4 of 5 comparisons.
 *
 * Times of one side multiplied by a factor f multiply each round's ratio by it, and so both ends of the
 * interval: the comparison says "slower" from f = 1 / low on. The other side multiplied by f, it says
 * "faster" from f = high on. Both count.
 *
 * @returns %; null where it is more than any
 */
export function detectsPct(rows: readonly ComparisonRow[]): number | null {
  const factors = rows.flatMap((row) => {
    const { low, high } = row.ratio;
    return !isDecided(row) || low <= 0
      ? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      : [1 / low, high];
  });
  const sorted = Float64Array.from(factors).sort();
  const pct = (percentileOfSorted(sorted, SEEN_PCT) - 1) * 100;
  return Number.isFinite(pct) ? Math.max(pct, 0) : null;
}

/** @param comparisons - of the contender with the added time over the one without, at least one */
export function injectionOf(
  comparisons: readonly ComparisonRow[],
  facts: Pick<Injection, "gate" | "serviceNs" | "addedNs"> & { readonly baseNs: readonly number[] },
): Injection {
  const { gate, serviceNs, addedNs, baseNs } = facts;
  const slower = comparisons.filter(({ word }) => word === "slower").length;
  return {
    ...{ gate, serviceNs, addedNs },
    expectedPct: (addedNs / median(baseNs)) * 100,
    measuredPct: (median(comparisons.map(({ ratio }) => ratio.median)) - 1) * 100,
    found: shareOf(slower, comparisons.length),
  };
}
