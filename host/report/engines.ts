// SPDX-License-Identifier: GPL-2.0-only
/** The same module in several engines, side by side: a row a contender and setting, a column an engine. */
import { pairMetric, removalMetric } from "../result/comparison.ts";
import type { EngineRows, PairRow, RemovalRow, Result } from "../result/result.ts";
import { distinct, metricName } from "./rows.ts";
import { type Canvas, wrap } from "./style.ts";
import { type Column, drawTable } from "./table.ts";
import { tierText } from "./tier.ts";
import { formatNs, formatPairTime } from "./units.ts";

/** @returns a block for each setting, then a line for each engine on its compiler */
export function drawEngines(result: Result, canvas: Canvas): string[] {
  if (!result.engines) return [];
  const engines = [mainEngine(result), ...result.engines];
  const settings = distinct(
    engines.flatMap(({ pairs, removals }) => [...pairs, ...removals].map(settingOf)),
  );
  const tables = settings.flatMap((setting) => {
    const rowsOf = ({ pairs, removals }: EngineRows) =>
      [...pairs, ...removals].filter((row) => settingOf(row) === setting);
    const contenders = distinct(
      engines.flatMap((engine) => rowsOf(engine).map((row) => row.contender)),
    );
    const columns = engines.map((engine): Column => {
      const rows = rowsOf(engine);
      const cells = contenders.map((name) => timeText(rows.find((row) => row.contender === name)));
      return { title: engine.engine, align: "right", cells };
    });
    const first: Column = { title: "contender", align: "left", cells: contenders };
    return ["", canvas.style.bold(setting), ...drawTable(first, [{ title: "", columns }], canvas)];
  });
  const tiers = engines.map(({ engine, tier }) => `${engine}: ${tierText(tier)}`);
  return [
    ...wrap(
      "In each engine: net medians of pairs and ioctls, and median removals. They were measured one after the other, each in a process of its own; no interval is over the difference.",
      canvas.width,
    ),
    ...tables,
    "",
    ...tiers.flatMap((line) => wrap(line, canvas.width, "", "  ")),
  ];
}

function mainEngine(result: Result): EngineRows {
  const { environment, tier, pairs, removals } = result;
  return { engine: engineOf(result), environment, tier, pairs, removals };
}

/** @returns "bun 1.4.5"; of a result that does not name its engine its node */
export function engineOf({ environment }: Pick<Result, "environment">): string {
  const { engine, node } = environment;
  return typeof engine === "string" ? engine : `node ${node}`;
}

function settingOf(row: PairRow | RemovalRow): string {
  return "net" in row
    ? `${metricName(pairMetric(row))}, ${row.unit}`
    : metricName(removalMetric(row));
}

function timeText(row: PairRow | RemovalRow | undefined): string {
  if (!row) return "-";
  return "net" in row ? formatPairTime(row.net.median) : formatNs(row.latency.p50);
}
