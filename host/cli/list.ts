// SPDX-License-Identifier: GPL-2.0-only

import { MachineError } from "../errors.ts";
import { BASELINES_FOLDER, storedBaselines, summaryOf } from "../report/baselines.ts";
import { wrap } from "../report/style.ts";
import { joinBlocks } from "../report/text.ts";
import { toJson } from "../report/write.ts";
import { baselinesFolder } from "./baseline.ts";
import type { Entry } from "./catalogue.ts";
import { define } from "./command.ts";
import { gateParagraph, gateTable } from "./gate-list.ts";
import { outputOf } from "./measure.ts";
import { flag } from "./options.ts";
import type { GateSheet } from "./runners.ts";
import type { Page } from "./terminal.ts";

export const list = define({
  name: "list",
  summary: "name the gates, the revisions, the scenarios, the events and the baselines",
  operands: "",
  operandCounts: [0],
  about:
    "Names what the other commands take: gates, driver revisions, the scenarios of check, the events that a storm counts, and the baselines that were stored here.",
  options: () => ({
    baselines: baselinesFolder(),
    gates: flag(false, "the gates alone, and all that is known of each"),
  }),
  examples: [
    ["", "everything, with a line on each"],
    ["--gates", "who waits for whom in each gate, what it takes, and how it is checked"],
    ["--json -", "the same for another program"],
  ],
  run: async ({ values }, { terminal, catalogue, runners }) => {
    const scenarios = await runners.scenarios();
    const baselines = storedBaselines(values.baselines ?? BASELINES_FOLDER).map((stored) => {
      return { name: stored.name, summary: summaryOf(stored) };
    });
    const sheets = await runners.gates();
    const gates = catalogue.gates.map((gate) => ({ ...gate, ...sheetOf(gate.name, sheets) }));
    const json = toJson({ ...catalogue, gates, scenarios, baselines });
    const { page, target, stream } = outputOf(values, terminal);
    const inFull = () => gates.map((gate) => gateParagraph(gate, gate.summary, page.canvas));
    const everything = () => [
      section("gates (--gate, --gates)", gates, page),
      gateTable(gates, page.canvas),
      section("driver revisions (--revision)", catalogue.revisions, page),
      section("scenarios (hotunplug check SCENARIO)", scenarios, page),
      eventLines(catalogue.events, page),
      section("baselines (--against)", baselines, page),
    ];
    page.print(joinBlocks(values.gates ? inFull() : everything()));
    target?.save(json);
    stream?.write(json);
    return 0;
  },
});

/** @throws MachineError for a gate of the sources that the module does not have */
function sheetOf(name: string, sheets: readonly GateSheet[]): GateSheet {
  const own = sheets.find((sheet) => sheet.name === name);
  if (own !== undefined) return own;
  throw new MachineError(`${name}: kernel.wasm and its map disagree: run npm run build`);
}

function section(
  title: string,
  entries: readonly Pick<Entry, "name" | "summary">[],
  { canvas }: Page,
): string[] {
  const column = Math.max(...entries.map(({ name }) => name.length)) + 4;
  const rows = entries.flatMap(({ name, summary }) => {
    return wrap(summary, canvas.width, `  ${name}`.padEnd(column), " ".repeat(column));
  });
  return entries.length === 0 ? [] : [canvas.style.bold(title), ...rows];
}

/** Events explain themselves, mostly: those that do not have a line of their own. */
function eventLines(entries: readonly Entry[], page: Page): string[] {
  const { canvas } = page;
  const bare = entries.filter(({ summary }) => summary === "").map(({ name }) => name);
  const told = section(
    "",
    entries.filter(({ summary }) => summary !== ""),
    page,
  ).slice(1);
  if (entries.length === 0) return [];
  return [canvas.style.bold("events"), ...told, ...wrap(bare.join(" "), canvas.width, "  ")];
}
