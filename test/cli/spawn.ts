// SPDX-License-Identifier: GPL-2.0-only
/** Runs the command line as a process of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Over runners that measure nothing. */
export const FAKE_MAIN = fileURLToPath(new URL("./fake-main.js", import.meta.url));

/** The real one. */
export const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

const DEADLINE_MS = 30_000;

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly main?: string;
  readonly nodeOptions?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs `hotunplug ARGS` to its end, its streams being pipes. */
export function hotunplug(args: readonly string[], setting: Setting = {}): Ended {
  const { main = FAKE_MAIN, nodeOptions = [], env = {} } = setting;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeOptions, main, ...args], {
    encoding: "utf8",
    timeout: DEADLINE_MS,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when stderr holds the text; rejects when the process ends first. */
  said(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts `hotunplug ARGS` and lets it run; it is killed when the deadline passes. */
export function start(args: readonly string[], main: string = FAKE_MAIN): Running {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const late = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  const text = { stdout: "", stderr: "" };
  const waiting: (() => void)[] = [];
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (part: string) => {
      text[name] += part;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status) => {
      clearTimeout(late);
      resolve({ status, ...text });
    });
  });
  const said = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (text.stdout.includes(wanted) || text.stderr.includes(wanted)) resolve();
      };
      waiting.push(look);
      look();
      void ended.then((end) => reject(new Error(`ended (${end.status}) before: ${wanted}`)));
    });
  return { child, said, ended };
}
