// SPDX-License-Identifier: GPL-2.0-only
/** A run beside a baseline, and beside its own repetition. */

import { formatPlural } from "../result/counts.ts";
import type { Against, Result } from "../result/result.ts";
import { median } from "../stats/median.ts";
import { disagreements, isOver, tooWide } from "./agreement.ts";
import { drawRatios } from "./details.ts";
import { rowName } from "./rows.ts";
import { sideBySideSentence } from "./sentences.ts";
import { type Canvas, wrap } from "./style.ts";
import { formatDate, formatNumber, formatRange } from "./units.ts";

export function drawAgainst({ against, gates }: Result, canvas: Canvas): string[] {
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
    "",
    ...wrap(spanSentence(against), canvas.width),
    ...[...notes, ...blindness(against), ...slowPlace(against, gates)].flatMap((note) =>
      wrap(`note: ${note}`, canvas.width, "", "  "),
    ),
  ];
}

/** What the intervals are over, and why there was more than one run. */
function spanSentence({ captures = 1, runs = 1 }: Against): string {
  const [then, now] = [formatPlural(captures, "capture"), formatPlural(runs, "run")];
  const single =
    captures * runs === 1 ? " What else lies between two processes is not in them." : "";
  const more = runs > 1 ? " Rows were over the limit, so it was run again." : "";
  return `Intervals span ${then} of the baseline and ${now} of this, each a process of its own.${single}${more}`;
}

/** What is no gate got slower: no change of a gate does that. */
function slowPlace({ comparisons, failOverPct }: Against, gates: Result["gates"]): string[] {
  const own = new Set(gates.map(({ name }) => name));
  const slower = comparisons.filter(
    (row) => !own.has(row.a) && failOverPct !== null && isOver(row, failOverPct),
  );
  if (slower.length === 0) return [];
  return [
    `slower is also what is no gate (${named(slower.map(rowName))}): is it the computer, and the baseline one to be stored anew?`,
  ];
}

/** A limit that a row cannot be seen to pass is none for it. */
function blindness({ comparisons, failOverPct }: Against): string[] {
  if (failOverPct === null) return [];
  const wide = tooWide(comparisons, failOverPct);
  if (wide.length === 0) return [];
  const which = `${wide.length} of ${formatPlural(comparisons.length, "row")}`;
  const least = median(wide.map(({ ratio }) => ratio.median / ratio.low)) * (1 + failOverPct / 100);
  const seen = Number.isFinite(least)
    ? `only a slowdown of over ${formatNumber((least - 1) * 100)} %`
    : "none";
  return [
    `in ${which} the interval reaches more than ${failOverPct} % below its median; in the middle one of them ${seen} would fail: ${named(wide.map(rowName))}.`,
  ];
}

const NAMED = 4;

function named(rows: readonly string[]): string {
  const more = rows.length > NAMED ? `; and ${rows.length - NAMED} more` : "";
  return `${rows.slice(0, NAMED).join("; ")}${more}`;
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
  const wide = tooWide(comparisons, tolerancePct);
  const doubt =
    wide.length === 0
      ? ""
      : ` In ${wide.length} of them the interval reaches further below its median, and agreeing says little: ${named(wide.map(rowName))}.`;
  return wrap(`Baseline ${baseline}: ${what}. ${verdict}: ${rule}.${doubt}`, canvas.width);
}
