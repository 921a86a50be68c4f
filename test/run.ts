// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs every built *.test.js beside it, or those whose path holds one of the arguments, in one process,
 * and closes with the line `N passed, N failed`. Fails when nothing ran, when a hook threw (uvu swallows
 * that: fewer tests pass than there are) and when a file hangs.
 */
import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const FILE_DEADLINE_MS = 120_000;

/** What uvu queues for each suite: it returns [its report or true, passed, skipped, total]. */
type Runner = () => Promise<[string | true, number, number, number]>;

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  UVU_QUEUE?: [string | null, ...Runner[]][];
}

const uvu = globalThis as UvuGlobals;
const root = fileURLToPath(new URL(".", import.meta.url));

function testFiles(filters: readonly string[]): string[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.test\.[jt]s$/.test(file))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

/** Ends the process when a file neither passes nor fails. */
function watch(file: string): NodeJS.Timeout {
  return setTimeout(() => {
    console.log(`\n${file} hangs: nothing came for ${FILE_DEADLINE_MS / 1000} s`);
    console.log(`${passed} passed, ${failed + 1} failed`);
    process.exit(1);
  }, FILE_DEADLINE_MS);
}

let passed = 0;
let failed = 0;
let skipped = 0;

async function runFile(file: string, index: number): Promise<void> {
  const timer = watch(file);
  const queue: [string | null, ...Runner[]] = [file];
  uvu.UVU_INDEX = index;
  uvu.UVU_QUEUE?.push(queue);
  console.log(file);
  try {
    await import(pathToFileURL(`${root}${file}`).href);
    const suites = queue.slice(1) as Runner[];
    if (suites.length === 0) throw new Error("it never called test.run()");
    for (const suite of suites) {
      timer.refresh();
      const [report, ran, skips, total] = await suite();
      passed += ran;
      failed += total - ran;
      skipped += skips;
      if (typeof report === "string") console.log(report);
      else if (ran < total) console.log(`${file}: a hook threw after ${ran} of ${total} tests`);
    }
  } catch (error) {
    failed += 1;
    console.log(`${file}:`, error);
  } finally {
    clearTimeout(timer);
  }
}

// A promise that nobody waited for: the file's fault, and not the end of the run.
process.on("unhandledRejection", (error) => {
  failed += 1;
  console.log("unhandled rejection:", error);
});

uvu.UVU_DEFER = 1;
uvu.UVU_QUEUE = [];
await import("uvu");
for (const [index, file] of testFiles(process.argv.slice(2)).entries()) {
  await runFile(relative(root, `${root}${file}`), index);
}
if (passed + failed === 0) {
  console.log("no test ran");
  failed = 1;
}
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
