// SPDX-License-Identifier: GPL-2.0-only
/**
 * The same measurement in a process of its own: this command line's program, started once more with
 * `--json -`. Its progress lines become this run's; an aborted signal reaches it as one SIGINT, so that
 * it keeps what it measured; it never outlives this process.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { MachineError, UsageError } from "../errors.ts";
import { parseResult } from "../report/saved.ts";
import type { Result } from "../result/result.ts";
import type { RunContext } from "../result/run.ts";

const EXIT_USAGE = 2;
const KILLED_AFTER_MS = 10_000; // of being interrupted, where it does not end by itself

/** As progress.ts writes it where there is no terminal. */
const PROGRESS = /^ *(\d+) % {2}(.*)$/;

/** What every error line of hotunplug begins with: itself, and the command. */
const PREFIX = /^hotunplug: (?:\w+: )?/;

export interface Elsewhere {
  /** What runs JavaScript, and its own options. */
  readonly program: readonly [string, ...string[]];
  /** Of hotunplug: the command and its options, without --json. */
  readonly args: readonly string[];
  /** For messages: what the process is there for. */
  readonly name: string;
  /** It is killed when it has not ended by then. */
  readonly deadlineMs: number;
}

/** How much longer than the first run a repetition of it may take before it is given up. */
const LATE_TIMES = 5;
const LATE_MS = 60_000;

/** The deadline of a run that is the same as one before it. */
export function lateMs({ durationS }: Result): number {
  return durationS * 1000 * LATE_TIMES + LATE_MS;
}

/** This engine, with the options that it was started with itself. */
export function thisEngine(): [string, ...string[]] {
  return [process.execPath, ...process.execArgv];
}

/**
 * @throws UsageError or MachineError with the line that the process ended with; MachineError when it
 *   could not be started, ended without a result, or passed the deadline
 */
export async function runElsewhere(what: Elsewhere, context: RunContext): Promise<Result> {
  const { name, deadlineMs } = what;
  const { status, stdout, complaint, late } = await launch(what, context);
  if (late) throw new MachineError(`${name}: did not end within ${deadlineMs / 1000} s`);
  if (status === EXIT_USAGE) throw new UsageError(`${name}: ${complaint}`);
  if (stdout === "") throw new MachineError(`${name}: ${complaint || "ended without a word"}`);
  try {
    return parseResult(stdout, name);
  } catch (cause) {
    throw new MachineError((cause as Error).message, { cause }); // nobody else wrote it
  }
}

/**
 * The same of a run that repeats one before it.
 *
 * @returns null when the signal ended it: what it had measured by then is no repetition
 */
export async function runAgain(what: Elsewhere, context: RunContext): Promise<Result | null> {
  try {
    const result = await runElsewhere(what, context);
    return result.interrupted ? null : result;
  } catch (error) {
    // One that had hardly begun ends without a result.
    if (context.signal.aborted && error instanceof MachineError) return null;
    throw error;
  }
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  /** Its last error line, without what each of them begins with. */
  readonly complaint: string;
  /** Whether it had to be killed. */
  readonly late: boolean;
}

async function launch(what: Elsewhere, { signal, onProgress }: RunContext): Promise<Ended> {
  const [file, ...own] = what.program;
  const main = process.argv[1] ?? "";
  // A group of its own: a terminal's Ctrl-C goes to whole groups, and a second one ends it at once.
  const child = spawn(file, [...own, main, ...what.args, "--json", "-"], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const said = { stdout: "", complaint: "", late: false };
  const kill = () => child.kill("SIGKILL");
  const expire = () => {
    said.late = true;
    kill();
  };
  const timers = [setTimeout(expire, what.deadlineMs)];
  const interrupt = () => {
    child.kill("SIGINT");
    timers.push(setTimeout(expire, KILLED_AFTER_MS));
  };
  process.on("exit", kill);
  signal.addEventListener("abort", interrupt);
  if (signal.aborted) interrupt();
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    said.stdout += part;
  });
  onLines(child.stderr, (line) => {
    const [, percent, label = ""] = PROGRESS.exec(line) ?? [];
    if (percent !== undefined) onProgress({ done: Number(percent) / 100, label });
    else if (PREFIX.test(line)) said.complaint = line.replace(PREFIX, "");
  });
  try {
    return { status: await ended(child, what.name), ...said };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener("abort", interrupt);
    process.off("exit", kill);
  }
}

/** @returns the exit status; null where a signal ended it. @throws MachineError when it never began */
function ended(
  child: ChildProcessByStdio<null, Readable, Readable>,
  name: string,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("close", resolve);
    child.on("error", (cause) => {
      reject(new MachineError(`${name}: could not be started: ${cause.message}`, { cause }));
    });
  });
}

function onLines(stream: Readable, tell: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (part: string) => {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) tell(line);
  });
}
