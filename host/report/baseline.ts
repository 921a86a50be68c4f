// SPDX-License-Identifier: GPL-2.0-only
/** A run beside a baseline, and beside its own repetition. */
import type { Result } from "../result/result.ts";
import { disagreements } from "./agreement.ts";
import { drawRatios } from "./details.ts";
import { sideBySideSentence } from "./sentences.ts";
import { type Canvas, wrap } from "./style.ts";
import { formatDate, formatRange } from "./units.ts";

export function drawAgainst({ against }: Result, canvas: Canvas): string[] {
  if (!against) return [];
  const { baseline, startedAt, comparisons, notes } = against;
  const since = `baseline ${baseline} of ${formatDate(startedAt)}`;
  const said = sideBySideSentence(comparisons, "this run");
  const rounds = formatRange(comparisons.map((row) => row.pairs));
  const title = `Time in this run over time in baseline ${baseline} (1 = the same; ${rounds} rounds)`;
  return [
    ...wrap(`Beside ${since}: ${said}`, canvas.width),
    "",
    ...drawRatios(title, comparisons, canvas),
    ...notes.flatMap((note) => wrap(`note: ${note}`, canvas.width, "", "  ")),
  ];
}

/** The rule, and how many rows kept it; those that did not are named where the run is said to fail. */
export function drawRepeat({ repeat }: Result, canvas: Canvas): string[] {
  if (!repeat) return [];
  const { baseline, tolerancePct, comparisons, lacking } = repeat;
  const whole = comparisons.length + lacking.length;
  const apart = disagreements(repeat).length;
  const verdict =
    apart === 0 ? `All ${whole} rows agree` : `${apart} of ${whole} rows do not agree`;
  const rule = `one does unless the 95 % interval of the second run's time over the first's lies wholly more than ${tolerancePct} % from 1`;
  const what = "measured twice, in two processes; the figures above are the second's";
  return wrap(`Baseline ${baseline}: ${what}. ${verdict}: ${rule}.`, canvas.width);
}
