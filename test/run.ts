// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs every built *.test.js beside it, or those whose path holds one of the arguments, in two processes
 * that take one file at a time, and closes with the line `N passed, N failed`. What a file prints comes
 * in one piece, when it ended. Fails when nothing ran, when a hook threw (uvu swallows that: fewer tests
 * pass than there are), when a file ends its process and when it hangs, in a loop too.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type FileTally, RESULT_MARK } from "./run-files.ts";

const FILE_DEADLINE_MS = 120_000;

// Tests run two threads and more: with more processes they would wait for each other's.
const PROCESSES = 2;

const root = fileURLToPath(new URL(".", import.meta.url));

function testFiles(filters: readonly string[]): string[] {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.test\.[jt]s$/.test(file))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

const files = testFiles(process.argv.slice(2));
const total: FileTally = { passed: 0, failed: 0, skipped: 0 };

function start(): ChildProcess {
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env;
  return fork(`${root}run-files.js`, {
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** Runs one file in `child`; resolves to false where the process cannot take another. */
function runFile(child: ChildProcess, file: string): Promise<boolean> {
  const { stdout, stderr } = child as ChildProcess & { stdout: Readable; stderr: Readable };
  let text = "";
  return new Promise((resolve) => {
    const end = (tally: FileTally, said: string, reusable: boolean) => {
      clearTimeout(timer);
      for (const stream of [stdout, stderr]) stream.removeAllListeners("data");
      child.removeAllListeners("close");
      total.passed += tally.passed;
      total.failed += tally.failed;
      total.skipped += tally.skipped;
      process.stdout.write(`${file}\n${text}${said}`);
      resolve(reusable);
    };
    const lost = (why: string) => {
      end({ passed: 0, failed: 1, skipped: 0 }, `${file} ${why}\n`, false);
      child.kill("SIGKILL");
    };
    const timer = setTimeout(
      () => lost(`hangs: nothing came for ${FILE_DEADLINE_MS / 1000} s`),
      FILE_DEADLINE_MS,
    );
    stdout.setEncoding("utf8").on("data", (data: string) => {
      timer.refresh();
      text += data;
      const mark = text.indexOf(RESULT_MARK);
      const line = text.indexOf("\n", mark);
      if (mark < 0 || line < 0) return;
      const tally = JSON.parse(text.slice(mark + RESULT_MARK.length, line)) as FileTally;
      const late = text.slice(line + 1); // of what the file left running
      text = text.slice(0, mark);
      end(tally, late, true);
    });
    stderr.setEncoding("utf8").on("data", (data: string) => {
      timer.refresh();
      text += data;
    });
    child.on("close", (code, signal) => lost(`ended its process (${signal ?? `status ${code}`})`));
    child.send(file, () => {}); // who is gone is told by its end
  });
}

/** Lets go of a process; it fails by what its files did behind their results. */
async function endOf(child: ChildProcess | undefined): Promise<undefined> {
  if (child === undefined) return;
  const ended = once(child, "exit");
  if (child.connected) child.disconnect();
  if (child.exitCode === null && child.signalCode === null) await ended;
  if (child.exitCode === 0) return;
  total.failed += 1;
  console.log("a process of the tests failed behind the result of a file");
}

async function runner(): Promise<void> {
  let child: ChildProcess | undefined;
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    if (child?.connected === false) child = await endOf(child);
    child ??= start();
    if (!(await runFile(child, file))) child = undefined;
  }
  await endOf(child);
}

await Promise.all(Array.from({ length: Math.min(PROCESSES, files.length) }, runner));
if (total.passed + total.failed === 0) {
  console.log("no test ran");
  total.failed = 1;
}
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
