// SPDX-License-Identifier: GPL-2.0-only
/** Commands of `hotunplug check`, as users give them: each from its start to its end, in turns. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../host/stats/median.ts";

const MAIN = fileURLToPath(new URL("../host/cli/main.js", import.meta.url));

export interface Timed {
  readonly command: string;
  readonly ms: readonly number[];
}

/** Two searches, of a few states and of a driver that is as large as most, by one thread and by two. */
export const STARTS = [
  "litmus/sb",
  "litmus/sb --workers 2",
  "removal/client-remover --revision put_device --gate rwsem --max-states 1",
];

const READD = "readd/client-rebinder --revision put_device --gate percpu_rwsem --no-reduction";
/** The same search by one thread, and by two. */
export const READDS = [`${READD} --workers 1`, `${READD} --workers 2`];

async function time(command: string): Promise<number> {
  const started = performance.now();
  const args = [MAIN, "check", ...command.split(" ")];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  const status = await new Promise((resolve) => child.once("exit", resolve));
  if (status !== 0) throw new Error(`hotunplug check ${command}: it ended with status ${status}`);
  return performance.now() - started;
}

export async function timed(commands: readonly string[], rounds: number): Promise<Timed[]> {
  const all = commands.map((command) => ({ command, ms: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { command, ms } of all) ms.push(await time(command));
  }
  return all;
}

/** How often the last takes as long as the first does. */
export function factorOf(all: readonly Timed[]): number {
  const [first, last] = [all[0], all.at(-1)];
  return median(first?.ms ?? []) / median(last?.ms ?? []);
}
