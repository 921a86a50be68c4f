// SPDX-License-Identifier: GPL-2.0-only
/** What was found in the driver as it stood at some time: a report, and no verdict on the run. */

import { formatCount } from "../result/counts.ts";
import type { Result, StormRow, Violation } from "../result/result.ts";
import { distinct } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Column, drawTable, NOT_MEASURED } from "./table.ts";

const HEADING =
  "The driver as it stood: what storms under the sanitizer found while steps of adding a device failed";

/** One property that did not hold in one driver. */
interface Finding {
  readonly driver: string;
  readonly property: string;
  /** The one that was seen first. */
  readonly first: Violation;
  /** How often it was seen, at all places together. */
  readonly times: number;
}

/** @returns lines; none when no driver was looked at as it stood */
export function drawHistory(result: Result, canvas: Canvas): string[] {
  const storms = result.storms.filter((storm) => storm.asFound);
  if (storms.length === 0) return [];
  const rows = storms.flatMap((storm): (Finding | StormRow)[] =>
    storm.held ? [storm] : findingsOf(storm),
  );
  const column = (title: string, cell: (row: Finding | StormRow) => string): Column => ({
    title,
    align: title === "times" ? "right" : "left",
    cells: rows.map(cell),
  });
  const found = (row: Finding | StormRow) => ("property" in row ? row : null);
  return [
    ...wrap(HEADING, canvas.width).map(canvas.style.bold),
    ...drawTable(
      column("driver", (row) => row.driver),
      [
        {
          title: "",
          columns: [
            column("found", (row) => found(row)?.property ?? "nothing"),
            column("times", (row) => timesText(found(row))),
          ],
        },
      ],
      canvas,
    ),
    ...rows.flatMap((row) => ("property" in row ? drawFirst(row, canvas) : [])),
  ];
}

function timesText(finding: Finding | null): string {
  return finding ? formatCount(finding.times) : NOT_MEASURED;
}

function findingsOf({ driver, violations }: StormRow): Finding[] {
  return distinct(violations.map(({ property }) => property)).map((property) => {
    const all = violations.filter((violation) => violation.property === property);
    const first = all[0] as Violation; // the property came from one
    const times = all.reduce((sum, { count = 1 }) => sum + count, 0);
    return { driver, property, first, times };
  });
}

/** What was seen first; where it was accessed, allocated and freed. The callers are in the JSON. */
function drawFirst({ driver, property, first }: Finding, canvas: Canvas): string[] {
  const sites = (first.trace ?? []).filter((line) => !line.trimStart().startsWith("called by"));
  return [
    ...wrap(`${driver}, ${property}: ${first.detail}`, canvas.width, "", "  "),
    ...sites.flatMap((line) => wrap(line.trim(), canvas.width, "  ", "    ")),
  ];
}
