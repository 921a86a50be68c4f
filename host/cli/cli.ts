// SPDX-License-Identifier: GPL-2.0-only
/**
 * From a command line to an exit status: 0 held, 1 a property or comparison failed, 2 usage,
 * 3 machine, 130 interrupted. This folder alone prints, and sets an exit status.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { MachineError, UsageError } from "../errors.ts";
import { printable } from "../report/style.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import type { Command, Context } from "./command.ts";
import { suggestion } from "./nearest.ts";
import { type Runners, runners } from "./runners.ts";

/** Each is loaded when it is asked for. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["compare", async () => (await import("./compare.ts")).compare],
  ["bench", async () => (await import("./bench.ts")).bench],
  ["stress", async () => (await import("./stress.ts")).stress],
  ["check", async () => (await import("./check.ts")).check],
  ["selftest", async () => (await import("./selftest.ts")).selftest],
  ["doctor", async () => (await import("./doctor.ts")).doctor],
  ["list", async () => (await import("./list.ts")).list],
  ["wasi", async () => (await import("./wasi.ts")).wasi],
]);

const EXIT_USAGE = 2;
const EXIT_MACHINE = 3;

/** A process whose work is done has this long to end by itself; then it is ended. */
const LINGER_MS = 2_000;

/** What the commands work on; a test puts its own in its place. */
export interface Backing {
  readonly runners: Runners;
  readonly readCatalogue: () => Catalogue;
}

/** Runs the command line of this process, and sets its exit status. */
export async function run(using: Backing = { runners, readCatalogue }): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", onStreamError);
  process.exitCode = await statusOf(process.argv.slice(2), using);
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

async function statusOf(args: readonly string[], using: Backing): Promise<number> {
  const [name = "--help", ...rest] = args;
  try {
    if (name === "--help" || name === "-h" || name === "help") return await help(rest, using);
    if (name === "--version") return print([versionOf()]);
    const load = COMMANDS.get(name);
    if (!load) throw unknownCommand(name);
    const command = await load();
    return await command.run(rest, contextOf(using));
  } catch (error) {
    const known = COMMANDS.has(name) ? `${name}: ` : "";
    return report(error, `hotunplug: ${known}`);
  }
}

function contextOf(using: Backing): Context {
  const { stdin, stdout, stderr, env } = process;
  return {
    terminal: { stdin, stdout, stderr, env },
    runners: using.runners,
    catalogue: using.readCatalogue(),
    cores: availableParallelism(),
    version: versionOf(),
  };
}

/** package.json lies three folders above build/host/cli. */
function versionOf(): string {
  const path = new URL("../../../package.json", import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")).version;
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith("-")) return new UsageError(`unknown option ${name}; a command comes first`);
  const names = [...COMMANDS.keys()];
  const hint = suggestion(name, names) || `; there are ${names.join(", ")}`;
  return new UsageError(`unknown command ${JSON.stringify(name)}${hint}`);
}

/** The library's options by the names that they have here. */
function asOption(message: string): string {
  return message.replace(/^memoryBytes: /, "--memory: ");
}

/** One line for what is the user's or the machine's doing; a stack for what is ours. */
function report(error: unknown, prefix: string): number {
  const line = (text: string) =>
    process.stderr.write(`${prefix}${text.split("\n").map(printable).join("\n  ")}\n`);
  if (error instanceof UsageError) line(asOption(error.message));
  else if (error instanceof MachineError) line(error.message);
  else line(`[harness bug] ${error instanceof Error ? error.stack : String(error)}`);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_MACHINE;
}

async function help([name, ...rest]: readonly string[], using: Backing): Promise<number> {
  if (name !== undefined) return statusOf([name, "--help", ...rest], using);
  const commands = await Promise.all([...COMMANDS.values()].map((load) => load()));
  const column = Math.max(...commands.map((command) => command.name.length)) + 5;
  return print([
    "usage: hotunplug COMMAND [options]",
    "",
    "Measures, storms, checks and compares the gates that keep an ioctl from racing device removal.",
    "",
    ...commands.map(({ name, summary }) => `  ${name}`.padEnd(column) + summary),
    "",
    "hotunplug COMMAND --help has the options and examples of one.",
    "",
    "exit status: 0 held, 1 a property or comparison failed, 2 usage, 3 machine, 130 interrupted",
  ]);
}

function print(lines: readonly string[]): number {
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

/** `hotunplug list | head -1` is no error of anybody's; a full disk behind `>` is the machine's. */
function onStreamError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.exitCode = report(new MachineError(`cannot write: ${error.message}`), "hotunplug: ");
  process.exit();
}
