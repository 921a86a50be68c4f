// SPDX-License-Identifier: GPL-2.0-only
/** A process of the test runner (run.ts): runs each test file that it is sent, and prints how it went. */
import { fileURLToPath, pathToFileURL } from "node:url";

export interface FileTally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Before a file's tally, as JSON in a line: no test prints it. */
export const RESULT_MARK = "\u0000result ";

/** What uvu queues for each suite: it returns [its report or true, passed, skipped, total]. */
type Runner = () => Promise<[string | true, number, number, number]>;

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  UVU_QUEUE?: [string | null, ...Runner[]][];
}

const uvu = globalThis as UvuGlobals;
const root = fileURLToPath(new URL(".", import.meta.url));
let tally: FileTally = { passed: 0, failed: 0, skipped: 0 };

async function runSuites(file: string, index: number): Promise<void> {
  const queue: [string | null, ...Runner[]] = [file];
  uvu.UVU_INDEX = index;
  uvu.UVU_QUEUE?.push(queue);
  await import(pathToFileURL(`${root}${file}`).href);
  const suites = queue.slice(1) as Runner[];
  if (suites.length === 0) throw new Error("it never called test.run()");
  for (const suite of suites) {
    const [report, ran, skips, total] = await suite();
    tally.passed += ran;
    tally.failed += total - ran;
    tally.skipped += skips;
    if (typeof report === "string") console.log(report);
    else if (ran < total) console.log(`${file}: a hook threw after ${ran} of ${total} tests`);
  }
}

async function runFile(file: string, index: number): Promise<void> {
  try {
    await runSuites(file, index);
  } catch (error) {
    tally.failed += 1;
    console.log(`${file}:`, error);
  }
  process.stdout.write(`${RESULT_MARK}${JSON.stringify(tally)}\n`);
  tally = { passed: 0, failed: 0, skipped: 0 }; // what comes now counts as well: of the next file, or at the end
}

/** Takes files from the parent, one at a time, until it lets go. */
function serve(): void {
  // A promise that nobody waited for: the file's fault, and not the end of the run.
  process.on("unhandledRejection", (error) => {
    tally.failed += 1;
    console.log("unhandled rejection:", error);
  });
  uvu.UVU_DEFER = 1;
  uvu.UVU_QUEUE = [];
  const ready = import("uvu");
  let index = 0;
  process.on("message", async (file: string) => {
    await ready;
    await runFile(file, index++);
  });
  process.on("disconnect", () => process.exit(tally.failed === 0 ? 0 : 1));
}

if (process.send) serve();
