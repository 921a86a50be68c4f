// SPDX-License-Identifier: GPL-2.0-only
/** The gates beside each other, and each by itself in full. */
import { type Canvas, wrap } from "../report/style.ts";
import { type Column, drawTable, type Group } from "../report/table.ts";
import { formatBytes } from "../report/units.ts";
import { formatPlural } from "../result/counts.ts";
import type { GateSheet } from "./runners.ts";

const OUTCOMES = { blocks: "block", fails: "fail", passes: "pass", spins: "spin" } as const;
const INDENT = "    ";

/** A row a gate. */
export function gateTable(gates: readonly GateSheet[], canvas: Canvas): string[] {
  const column = (
    title: string,
    align: Column["align"],
    cell: (gate: GateSheet) => string,
  ): Column => ({ title, align, cells: gates.map(cell) });
  const bytes = (title: string, of: (gate: GateSheet) => number) =>
    column(title, "right", (gate) => formatBytes(of(gate)));
  const groups: Group[] = [
    {
      title: "",
      columns: [
        column("entrants", "left", ({ entrants }) => OUTCOMES[entrants]),
        column("bodies", "left", ({ mayBodySleep }) => (mayBodySleep ? "may sleep" : "may not")),
        column("at once", "left", ({ admits }) => admits),
      ],
    },
    {
      title: "memory",
      columns: [
        bytes("a device", (gate) => gate.bytes.device),
        bytes("and CPU", (gate) => gate.bytes.deviceAndCpu),
        bytes("global", (gate) => gate.bytes.global),
        bytes("and CPU", (gate) => gate.bytes.globalAndCpu),
      ],
    },
    {
      title: "check",
      columns: [
        column("gate", "left", (gate) => verdict(gate, "gate/")),
        column("removal", "left", (gate) => verdict(gate, "removal/")),
      ],
    },
  ];
  const legend = "entrants: who comes while a removal waits. --gates says more of each.";
  const names = column("gate", "left", ({ name }) => name);
  return [...drawTable(names, groups, canvas), ...wrap(legend, canvas.width).map(canvas.style.dim)];
}

/** What must come of the checks of a scenario: "caught" where one of them must be violated. */
function verdict({ checks }: GateSheet, scenario: string): string {
  const ours = checks.filter((check) => check.scenario.startsWith(scenario));
  if (ours.length === 0) return "-";
  return ours.some(({ expected }) => expected === "violated") ? "caught" : "holds";
}

/** All that is known of one. */
export function gateParagraph(gate: GateSheet, summary: string, canvas: Canvas): string[] {
  const lines = [
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    `Entrants ${OUTCOMES[gate.entrants]} while a removal waits. A body ${gate.mayBodySleep ? "may" : "may not"} sleep inside. ${gate.admits === "many" ? "Many are inside at once" : "One is inside at a time"}.`,
    `Bytes: ${bytesOf(gate)}.`,
    `Removal: ${gate.removal}`,
    `Check: ${checksOf(gate)}.`,
  ];
  return [
    canvas.style.bold(`  ${gate.name}`),
    ...lines.flatMap((line) => wrap(line, canvas.width, INDENT)),
    ...gate.commands.map((command) => `${INDENT}  ${command}`),
  ];
}

function bytesOf({ bytes }: GateSheet): string {
  const parts: [number, string][] = [
    [bytes.device, "in each device"],
    [bytes.deviceAndCpu, "for each device on each CPU"],
    [bytes.global, "once"],
    [bytes.globalAndCpu, "once on each CPU"],
  ];
  const said = parts.filter(([n]) => n > 0).map(([n, where]) => `${n} ${where}`);
  return said.length === 0 ? "none" : said.join(", ");
}

/** "every schedule of gate/entrant-remover (2 threads) holds, …" */
function checksOf({ checks }: GateSheet): string {
  const of = (wanted: "holds" | "violated") =>
    checks
      .filter(({ expected }) => expected === wanted)
      .map(({ scenario, threads }) => `${scenario} (${formatPlural(threads.length, "thread")})`);
  const [holds, violated] = [of("holds"), of("violated")];
  const parts = [
    holds.length > 0 ? `every schedule must hold of ${holds.join(", ")}` : "",
    violated.length > 0 ? `one must be found that breaks ${violated.join(", ")}` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}
