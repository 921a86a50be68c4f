// SPDX-License-Identifier: GPL-2.0-only
/** What `selftest` found out, as text. */

import { formatPlural } from "../result/counts.ts";
import type { Result } from "../result/result.ts";
import type { AaSetting, Injection, SelfTest } from "../result/selftest.ts";
import type { Share } from "../stats/binomial.ts";
import { metricName } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Column, drawTable } from "./table.ts";
import { formatNs, formatNumber } from "./units.ts";

/** What may be called different by mistake. */
const ALARMS_MOST = 0.05;

/** A slowdown that was put in must be found this often. */
const FOUND_LEAST = 0.8;

const NOTE =
  "A/A: a gate measured as two contenders, which are compared as two gates are. apart: how much longer the longer of the two took, in the middle one of the runs. sees: the smallest difference that 4 of 5 comparisons find, by multiplying the measured times of one side.";

/** @returns lines; none for a result of another command */
export function drawSelfTest({ selftest }: Result, canvas: Canvas): string[] {
  if (!selftest) return [];
  const { dim } = canvas.style;
  return [
    ...drawSettings(selftest.settings, canvas),
    "",
    ...wrap(NOTE, canvas.width).map(dim),
    "",
    ...sentences(selftest).flatMap((sentence) => wrap(sentence, canvas.width)),
  ];
}

function drawSettings(settings: readonly AaSetting[], canvas: Canvas): string[] {
  const column = (title: string, cell: (setting: AaSetting) => string): Column => ({
    ...{ title, align: "right", cells: settings.map(cell) },
  });
  const columns: Column[] = [
    { title: "in", align: "left", cells: settings.map(({ metric }) => metricName(metric)) },
    column("A/A", ({ alarms }) => `${alarms.of}`),
    column("alarms", ({ alarms }) => `${alarms.hits}`),
    column("apart", ({ middlePct }) => pctText(middlePct)),
    column("sees", ({ detectsPct }) => pctText(detectsPct)),
  ];
  const first = settings.map(({ gate }) => gate);
  return drawTable(
    { title: "gate", align: "left", cells: first },
    [{ title: "", columns }],
    canvas,
  );
}

function sentences({ runs, alarms, undecided, detectsPct, injection }: SelfTest): string[] {
  const sees =
    detectsPct === null
      ? "Over all of them no difference is seen in 4 of 5 comparisons."
      : `Over all of them a difference of ${pctText(detectsPct)} is seen in 4 of 5 comparisons.`;
  return [
    `In ${formatPlural(runs, "run")} a gate was called faster or slower than itself in ${shareText(alarms)}; 5 % may be.`,
    ...(undecided > 0
      ? [`${formatPlural(undecided, "comparison")} had too few rounds to say anything.`]
      : []),
    sees,
    ...(injection ? [injectionText(injection)] : []),
  ];
}

function injectionText({ gate, serviceNs, addedNs, ...rest }: Injection): string {
  const { expectedPct, measuredPct, found } = rest;
  return `Put in: ${formatNs(addedNs)} more in ioctls of ${formatNs(serviceNs)} through ${gate}, ${pctText(expectedPct)}; measured ${pctText(measuredPct)}, found in ${found.hits} of ${formatPlural(found.of, "comparison")}.`;
}

/** @returns "9 of 240 comparisons, 3.75 % (95 % interval 1.73 to 7.00 %)" */
function shareText({ hits, of, share, low, high }: Share): string {
  const [at, from, to] = [share, low, high].map((x) => formatNumber(x * 100));
  return `${hits} of ${formatPlural(of, "comparison")}, ${at} % (95 % interval ${from} to ${to} %)`;
}

function pctText(pct: number | null): string {
  return pct === null ? "-" : `${formatNumber(pct)} %`;
}

/** @returns one line for each thing that the comparisons of this computer get wrong */
export function selfTestFailures({ selftest }: Result): string[] {
  if (!selftest) return [];
  const { alarms, injection } = selftest;
  const lines: string[] = [];
  if (alarms.low > ALARMS_MOST) {
    lines.push(`false alarms: ${shareText(alarms)}: more than ${ALARMS_MOST * 100} % for certain`);
  }
  if (injection && injection.found.share < FOUND_LEAST) {
    const { found, expectedPct } = injection;
    lines.push(
      `a slowdown of ${pctText(expectedPct)} was found in ${found.hits} of ${formatPlural(found.of, "comparison")}, not in 4 of 5`,
    );
  }
  return lines;
}
