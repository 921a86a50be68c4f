// SPDX-License-Identifier: GPL-2.0-only
/** `--engine bun,deno`: the same measurement in other programs that run JavaScript, found on the PATH. */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UsageError } from "../errors.ts";
import { flagsFor } from "../machine/engine.ts";
import { engineOf } from "../report/engines.ts";
import type { BenchAsked, CompareAsked, Tier } from "../result/asked.ts";
import type { EngineRows, Result } from "../result/result.ts";
import type { RunContext } from "../result/run.ts";
import { runElsewhere } from "./elsewhere.ts";
import { choices, type Option } from "./options.ts";
import type { Load } from "./runners.ts";

const ENGINES = ["node", "bun", "deno"] as const;

/** No measurement takes so much longer than its windows; what an engine hangs in is ended then. */
const LATE_TIMES = 20;
const LATE_MS = 600_000;

/** It starts, times one gate for some ms, and ends. */
const PLACE_MS = 60_000;

export function engineOption(): Option<readonly string[]> {
  const help =
    "engines to run it in, instead of this one: node, bun, deno; several are set side by side";
  const option = choices("engine", ENGINES, [], help);
  return {
    ...option,
    format: (names) => (names.length > 0 ? option.format(names) : null),
  };
}

/** @throws UsageError where it is in no folder of the PATH */
export function findProgram(name: string, path: string): string {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    if (folder !== "" && isProgram(file)) return file;
  }
  throw new UsageError(`--engine ${name}: there is no program ${name} on the PATH`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** How an engine is started: deno asks for permissions, and takes V8's flags at no other time. */
export function programOf(name: string, file: string, tier: Tier): [string, ...string[]] {
  if (name !== "deno") return [file];
  return [file, "run", "--allow-all", `--v8-flags=${flagsFor(tier).join()}`];
}

/**
 * @param names - of the engines, at least one; the first one's result is the one that is returned
 * @param args - the command that makes the run in one engine
 * @throws UsageError for an engine that is not there
 */
export function inEngines<A extends BenchAsked | CompareAsked>(
  names: readonly string[],
  args: readonly string[],
  { path, asked }: { readonly path: string; readonly asked: A },
): Load<A> {
  const programs = names.map((name) => ({
    name: `in ${name}`,
    program: programOf(name, findProgram(name, path), asked.tier),
  }));
  return async () => async (_asked, context) => {
    const results: Result[] = [];
    for (const [i, engine] of programs.entries()) {
      if (i > 0 && context.signal.aborted) break;
      const part = share(context, i, programs.length, engine.name);
      results.push(await runElsewhere({ ...engine, args, deadlineMs: lateMs(asked) }, part));
    }
    return sideBySide(results);
  };
}

/** Where a run takes place. */
export type Place = Pick<Result, "environment" | "tier">;

/**
 * What a run in the first of the engines will say of its place: the shortest run that there is, in a
 * process of its own, whose figures nobody sees.
 */
export async function placeInEngine(
  [name = ""]: readonly string[],
  asked: BenchAsked,
  path: string,
  signal: AbortSignal,
): Promise<Place> {
  const shortest = ["--threads", "1", "--devices", "same", "--rounds", "1", "--window", "1ms"];
  const gate = asked.gates[0] as string; // at least one gate is asked for
  const what = {
    ...{ name: `in ${name}`, program: programOf(name, findProgram(name, path), asked.tier) },
    args: ["bench", "--gates", gate, "--tier", asked.tier, ...shortest],
    deadlineMs: PLACE_MS,
  };
  return runElsewhere(what, { signal, onProgress() {} });
}

function sideBySide(results: readonly Result[]): Result {
  const [first, ...others] = results as [Result, ...Result[]]; // an engine is named
  const engines = others.map((result): EngineRows => {
    const { environment, tier, pairs, removals } = result;
    return { engine: engineOf(result), environment, tier, pairs, removals };
  });
  const interrupted = results.some((result) => result.interrupted);
  return {
    ...first,
    ...(engines.length > 0 ? { engines } : {}),
    ...(interrupted ? { interrupted: true as const } : {}),
  };
}

/** An engine's part of the progress of all of them. */
function share(
  { signal, onProgress }: RunContext,
  index: number,
  count: number,
  name: string,
): RunContext {
  return {
    signal,
    onProgress: ({ done, label }) => {
      onProgress({ done: (index + done) / count, label: `${name}: ${label}` });
    },
  };
}

function lateMs(asked: BenchAsked | CompareAsked): number {
  const cells = 2 * asked.gates.length * asked.threads.length * asked.devices.length;
  const stormsMs = "stormMs" in asked ? 2 * asked.gates.length * asked.stormMs : 0;
  return LATE_MS + LATE_TIMES * (cells * asked.rounds * asked.windowMs + stormsMs);
}
