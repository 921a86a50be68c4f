// SPDX-License-Identifier: GPL-2.0-only
/** The tables behind the decision table: intervals, ratios, break-even. */
import type { ComparisonRow, PairRow, Result } from "../result/result.ts";
import type { Interval } from "../stats/summary.ts";
import { devicesName, distinct, isControl, isSideBySide, isUnfit, metricName } from "./rows.ts";
import { type Canvas, type Style, styleFor, wrap } from "./style.ts";
import { type Column, drawTable, type Group, NOT_MEASURED } from "./table.ts";
import { formatNs, formatNumber, formatPairTime, formatRange } from "./units.ts";

/** Raw and net with their intervals: one table a setting. */
export function drawPairs(result: Result, canvas: Canvas): string[] {
  const keyOf = (row: PairRow) => `${row.workload} ${row.devices} ${row.threads}`;
  return distinct(result.pairs.map(keyOf)).flatMap((key, i) => {
    const rows = result.pairs.filter((row) => keyOf(row) === key);
    const { unit, workload, devices, threads } = rows[0] as PairRow; // the key came from a row
    const oversubscribed = rows.some((row) => row.oversubscribed);
    const what = workload === "read" ? "pair" : "ioctl";
    const name = metricName({ what, devices, threads, condition: null, oversubscribed });
    const table = drawTable(
      { title: "contender", align: "left", cells: rows.map((row) => row.contender) },
      [
        intervalGroup(`raw, ${unit}`, rows, (row) => row.raw),
        intervalGroup(`net, ${unit}`, rows, (row) => row.net),
        {
          title: "",
          columns: [
            { title: "rounds", align: "right", cells: rows.map((row) => `${row.raw.n}`) },
            { title: "outliers", align: "right", cells: rows.map(outliersText) },
          ],
        },
      ],
      canvas,
    );
    return [...(i > 0 ? [""] : []), canvas.style.bold(name), ...table];
  });
}

function outliersText({ steadiness }: PairRow): string {
  return steadiness ? String(steadiness.outliers) : NOT_MEASURED;
}

function intervalGroup(
  title: string,
  rows: readonly PairRow[],
  of: (row: PairRow) => Interval,
): Group {
  return {
    title,
    columns: [
      {
        title: "median",
        align: "right",
        cells: rows.map((row) => formatPairTime(of(row).median)),
      },
      {
        title: "95 % interval",
        align: "right",
        cells: rows.map((row) => formatPairInterval(of(row))),
      },
    ],
  };
}

/** @returns "10.9 to 11.3" */
export function formatInterval({ low, high }: Interval): string {
  return `${formatNumber(low)} to ${formatNumber(high)}`;
}

function formatPairInterval({ low, high }: Interval): string {
  return `${formatPairTime(low)} to ${formatPairTime(high)}`;
}

const WORD_LOOKS = {
  faster: "good",
  slower: "bad",
  "no difference seen": "dim",
} as const satisfies Record<ComparisonRow["word"], keyof Style>;

/** One line a comparison: who, where, by how much, and the word for it. Controls are left out. */
export function drawComparisons(result: Result, canvas: Canvas): string[] {
  const saved = isSideBySide(result.comparisons);
  const rows = result.comparisons.filter((row) => saved || !isControl(result, row.a));
  if (rows.length === 0) return [];
  const references = distinct(rows.map((row) => row.b));
  const beside = saved ? "Time in B over time in A" : `Time over that of ${references.join(", ")}`;
  const rounds = formatRange(rows.map((row) => row.pairs));
  return drawRatios(`${beside} (1 = the same; ${rounds} rounds)`, rows, canvas);
}

/** Rows of ratios below a heading; settings become headings of their own where the page is narrow. */
export function drawRatios(
  title: string,
  rows: readonly ComparisonRow[],
  canvas: Canvas,
): string[] {
  const heading = canvas.style.bold(title);
  const settings = rows.map((row) => metricName(row.metric));
  const whole = comparisonTable(rows, settings, UNBOUNDED);
  if (Math.max(...whole.map((line) => line.length)) <= canvas.width) {
    return [heading, ...comparisonTable(rows, settings, canvas)];
  }
  return [
    heading,
    ...distinct(settings).flatMap((setting, i) => {
      const here = rows.filter((row) => metricName(row.metric) === setting);
      return [...(i > 0 ? [""] : []), `${setting}:`, ...comparisonTable(here, null, canvas)];
    }),
  ];
}

const UNBOUNDED: Canvas = { width: Number.POSITIVE_INFINITY, style: styleFor(false) };

/** @param settings - one a row, or null when the heading above says it */
function comparisonTable(
  rows: readonly ComparisonRow[],
  settings: readonly string[] | null,
  canvas: Canvas,
): string[] {
  const column = (
    title: string,
    align: Column["align"],
    cell: (row: ComparisonRow) => Column["cells"][number],
  ): Column => ({ title, align, cells: rows.map(cell) });
  const columns = [
    column("ratio", "right", (row) => formatNumber(row.ratio.median)),
    column("95 % interval", "right", (row) => formatInterval(row.ratio)),
    column("so it is", "left", (row) => ({ text: row.word, look: WORD_LOOKS[row.word] })),
  ];
  const where: Column[] = settings ? [{ title: "in", align: "left", cells: settings }] : [];
  return drawTable(
    column("gate", "left", (row) => row.a),
    [{ title: "", columns: [...where, ...columns] }],
    canvas,
  );
}

/** How long an ioctl must take for each gate to be under 1 % of it. */
export function drawBreakEvens(result: Result, canvas: Canvas): string[] {
  const offers = result.breakEvens.filter(
    ({ gate }) => !isControl(result, gate) && !isUnfit(result, gate),
  );
  if (offers.length === 0) return [];
  const gates = distinct(offers.map((row) => row.gate));
  const groups = distinct(offers.map((row) => row.devices)).map((devices): Group => {
    const rows = offers.filter((row) => row.devices === devices);
    const columns = distinct(rows.map((row) => row.threads)).map((threads): Column => {
      const cells = gates.map((gate) => {
        const row = rows.find((r) => r.gate === gate && r.threads === threads);
        return row ? formatNs(row.ioctlNs) : "-";
      });
      return { title: `${threads} thr`, align: "right", cells };
    });
    return { title: devicesName(devices), columns };
  });
  const heading = "Break-even: the gate costs under 1 % of an ioctl that is longer than";
  return [
    ...wrap(heading, canvas.width).map(canvas.style.bold),
    ...drawTable({ title: "gate", align: "left", cells: gates }, groups, canvas),
  ];
}
