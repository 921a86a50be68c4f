// SPDX-License-Identifier: GPL-2.0-only
import type { CheckRow } from "../result/check.ts";
import type { ComparisonRow, Repeat, Result } from "../result/result.ts";
import { disagreements, isOver } from "./agreement.ts";
import { isControl, isUndone, isUnexpected, rowName, verdictStorms } from "./rows.ts";
import { selfTestFailures } from "./selftest.ts";
import { formatNumber } from "./units.ts";

/**
 * What makes a run end with status 1: a driver whose storm found a violation, a negative control
 * that was not caught, a check that found the opposite of what must be, or, with a limit set, a slowdown
 * that is certain to be beyond it; a self-test whose comparisons say what they should not. What is found in a driver that is looked at as it stood is no failure,
 * nor is a check that found nothing within its bound.
 *
 * @returns one line each; none when everything held
 */
export function failuresOf(result: Result): string[] {
  const lines = selfTestFailures(result);
  for (const storm of verdictStorms(result)) {
    const control = isControl(result, storm.gate) && result.command === "compare";
    if (!control && !storm.held) {
      const properties = [...new Set(storm.violations.map(({ property }) => property))].join(", ");
      lines.push(`${storm.driver}: violated: ${properties || "see the JSON"}`);
    }
    if (control && storm.held) lines.push(`${storm.driver}: this control was not caught`);
  }
  for (const check of (result.checks ?? []).filter(isUnexpected)) {
    lines.push(`${check.scenario}, ${check.subject}: ${checkFailure(check)}`);
  }
  if (result.repeat) lines.push(...disagreement(result.repeat));
  const { comparisons = [], failOverPct = null } = result.against ?? {};
  const ofSaved = "failOverPct" in result.asked ? result.asked.failOverPct : null;
  return [
    ...lines,
    ...slowdowns(result.comparisons, ofSaved),
    ...slowdowns(comparisons, failOverPct),
  ];
}

/** Rows whose interval lies above the limit with all its length. */
function slowdowns(rows: readonly ComparisonRow[], limitPct: number | null): string[] {
  if (limitPct === null) return [];
  return rows
    .filter((row) => isOver(row, limitPct))
    .map((row) => {
      const times = `${formatNumber(row.ratio.median)} times as long`;
      return `${rowName(row)}: ${times}, more than ${limitPct} % slower`;
    });
}

function disagreement(repeat: Repeat): string[] {
  const rows = disagreements(repeat);
  if (rows.length === 0) return [];
  const whole = repeat.comparisons.length + repeat.lacking.length;
  return [
    `baseline ${repeat.baseline} is not stored: two runs disagree (${rows.length} of ${whole} rows): ${rows.join("; ")}`,
  ];
}

/** What the checker itself failed at: a run with such a line says nothing of what it was to check. */
export function faultsOf(result: Result): string[] {
  return (result.checks ?? []).filter(isUndone).map(({ scenario, subject, error }) => {
    return `${scenario}, ${subject}: internal error: ${error}`;
  });
}

function checkFailure({ verdict, property }: CheckRow): string {
  if (verdict === "violated") return `violated: ${property ?? "see the JSON"}`;
  return "this control was not caught";
}
