// SPDX-License-Identifier: GPL-2.0-only
/** Commands of `hotunplug check`, as users give them: each from its start to its end, in turns. */
import { spawn } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Result } from "../host/result/result.ts";

const MAIN = fileURLToPath(new URL(`../host/cli/main${extname(import.meta.url)}`, import.meta.url));

export interface Timed {
  readonly command: string;
  /** From its start to its end, in ms, a round each; and how much of that it searched. */
  readonly ms: readonly number[];
  readonly searchMs: readonly number[];
}

/** Searches of a few states, by one thread and by two; and of the first state of a driver. */
export const STARTS = [
  "litmus/sb",
  "litmus/sb --workers 2",
  "removal/client-remover --revision put_device --gate rwsem --max-states 1",
];

/** A search of millions of states. */
export function readd(workers: number): string {
  return `readd/client-rebinder --revision put_device --gate percpu_rwsem --no-reduction --workers ${workers}`;
}

/** Runs a command once. @throws Error when it does not end with 0 */
export async function run(command: string): Promise<{ ms: number; searchMs: number }> {
  const started = performance.now();
  const args = [MAIN, "check", ...command.split(" "), "--json", "-"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const [said, complaints]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (data: Buffer) => said.push(data));
  child.stderr.on("data", (data: Buffer) => complaints.push(data));
  const status = await new Promise((resolve) => child.once("close", resolve));
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`status ${status}: ${Buffer.concat(complaints).toString()}`);
  const { checks = [] } = JSON.parse(Buffer.concat(said).toString()) as Result;
  return { ms, searchMs: 1000 * checks.reduce((sum, { seconds }) => sum + seconds, 0) };
}

/** Runs each command `rounds` times, in turns. */
export async function timed(commands: readonly string[], rounds: number): Promise<Timed[]> {
  const all = commands.map((command) => {
    const [ms, searchMs]: [number[], number[]] = [[], []];
    return { command, ms, searchMs };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { command, ms, searchMs } of all) {
      const one = await run(command);
      ms.push(one.ms);
      searchMs.push(one.searchMs);
    }
  }
  return all;
}
