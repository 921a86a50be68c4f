// SPDX-License-Identifier: GPL-2.0-only
/** The schedules of what was violated, as a text file. */
import { checkWord } from "../report/check-rows.ts";
import { drawCounterExample } from "../report/counterexample.ts";
import { type Canvas, styleFor } from "../report/style.ts";
import { joinBlocks } from "../report/text.ts";
import type { Target } from "../report/write.ts";
import type { CheckRow } from "../result/check.ts";

/** Wide enough for a column a thread, of three. */
const CANVAS: Canvas = { width: 140, style: styleFor(false) };

export interface TraceFile {
  /** Writes what there is to show. @returns a line on it */
  save(rows: readonly CheckRow[]): string;
  /** Leaves no trace of a file that was not saved. */
  discard(): void;
}

export function traceFile(target: Target): TraceFile {
  const discard = () => target.discard();
  process.on("exit", discard); // an interruption may end the process at once
  return {
    save(rows) {
      const blocks = rows.map(traceOf).filter((lines) => lines.length > 0);
      if (blocks.length === 0) return `no schedule to write to ${target.path}`;
      target.save(`${joinBlocks(blocks).join("\n")}\n`);
      return `schedule saved in ${target.path}`;
    },
    discard() {
      process.off("exit", discard);
      discard();
    },
  };
}

function traceOf(row: CheckRow): string[] {
  if (row.counterexample === null) return [];
  const heading = `${row.scenario}, ${row.subject}: ${checkWord(row).text}`;
  return [heading, ...drawCounterExample(row, row.counterexample, CANVAS)];
}
