// SPDX-License-Identifier: GPL-2.0-only
/** The noise floor in words: what the figures of two gates must exceed to be about the gates. */

import { formatPlural } from "../result/counts.ts";
import type { NoiseFloor, Result } from "../result/result.ts";
import { metricName } from "./rows.ts";
import { formatNumber } from "./units.ts";

/** @returns one sentence; "" where no gate was measured twice */
export function noiseSentence({ noise }: Result): string {
  if (!noise) return "";
  const { gate, comparisons } = noise;
  const settings = formatPlural(comparisons.length, "setting");
  return `Noise floor: ${gate} beside itself, as two contenders, ${distanceText(noise)} (${settings}); ${alarmText(noise)}.`;
}

function distanceText({ middlePct, mostPct, comparisons }: NoiseFloor): string {
  if (middlePct === null || mostPct === null) return "took about no time";
  const oversubscribed = comparisons.some(({ metric }) => metric.oversubscribed);
  const calm = comparisons.some(({ metric }) => !metric.oversubscribed);
  const where = oversubscribed && calm ? " where each thread has a core" : "";
  return `differs by ${formatNumber(middlePct)} % in the middle and ${formatNumber(mostPct)} % at most${where}`;
}

function alarmText({ alarms, comparisons }: NoiseFloor): string {
  if (alarms === 0) return "it was never called faster or slower";
  const named = comparisons
    .filter(({ word }) => word !== "no difference seen")
    .map(({ metric }) => metricName(metric));
  return `it was called faster or slower by mistake in ${named.join("; ")}`;
}
