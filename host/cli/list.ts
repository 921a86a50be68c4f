// SPDX-License-Identifier: GPL-2.0-only
import { BASELINES_FOLDER, storedBaselines, summaryOf } from "../report/baselines.ts";
import { wrap } from "../report/style.ts";
import { joinBlocks } from "../report/text.ts";
import { toJson } from "../report/write.ts";
import { baselinesFolder } from "./baseline.ts";
import type { Entry } from "./catalogue.ts";
import { define } from "./command.ts";
import { outputOf } from "./measure.ts";
import type { Page } from "./terminal.ts";

export const list = define({
  name: "list",
  summary: "name the gates, the revisions, the scenarios, the events and the baselines",
  operands: "",
  operandCounts: [0],
  about:
    "Names what the other commands take: gates, driver revisions, the scenarios of check, the events that a storm counts, and the baselines that were stored here.",
  options: () => ({ baselines: baselinesFolder() }),
  examples: [
    ["", "everything, with a line on each"],
    ["--json -", "the same for another program"],
  ],
  run: async ({ values }, { terminal, catalogue, runners }) => {
    const scenarios = await runners.scenarios();
    const baselines = storedBaselines(values.baselines ?? BASELINES_FOLDER).map((stored) => {
      return { name: stored.name, summary: summaryOf(stored) };
    });
    const json = toJson({ ...catalogue, scenarios, baselines });
    const { page, target, stream } = outputOf(values, terminal);
    page.print(
      joinBlocks([
        section("gates (--gate, --gates)", catalogue.gates, page),
        section("driver revisions (--revision)", catalogue.revisions, page),
        section("scenarios (hotunplug check SCENARIO)", scenarios, page),
        eventLines(catalogue.events, page),
        section("baselines (--against)", baselines, page),
      ]),
    );
    target?.save(json);
    stream?.write(json);
    return 0;
  },
});

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
