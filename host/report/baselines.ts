// SPDX-License-Identifier: GPL-2.0-only
/** Stored results by name: a folder with a file NAME.json each, which `compare A.json B.json` reads too. */
import { mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { formatPlural } from "../result/counts.ts";
import type { Result } from "../result/result.ts";
import { readResult, reasonOf } from "./saved.ts";
import { formatDate } from "./units.ts";
import { openTarget, type Target } from "./write.ts";

export const BASELINES_FOLDER = ".hotunplug";

const SUFFIX = ".json";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Whether a baseline may be called so: it becomes part of a path, on every file system. */
export function isBaselineName(name: string): boolean {
  return NAME.test(name);
}

/** One file of the folder. */
export interface StoredBaseline {
  readonly name: string;
  /** Null where the file cannot be read as a result. */
  readonly result: Result | null;
  /** Why it cannot, in one line; "" where it can. */
  readonly damage: string;
}

/** By name. No folder is no baseline. @throws UsageError when there is something else in its place */
export function storedBaselines(folder: string): StoredBaseline[] {
  return namesIn(folder).map((name) => {
    try {
      return { name, result: readResult(pathOf(folder, name)), damage: "" };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { name, result: null, damage: error.message };
    }
  });
}

/** When and where it was measured: one line, for a list. */
export function summaryOf({ result, damage }: StoredBaseline): string {
  if (result === null) return damage;
  const { environment, tier, startedAt, pairs, removals, roles = [] } = result;
  const said = (key: string, before: string, after = "") => {
    const value = environment[key];
    return typeof value === "string" || typeof value === "number"
      ? [`${before}${value}${after}`]
      : [];
  };
  const sha256 = environment["kernelSha256"];
  return [
    formatDate(startedAt),
    ...said("cpu", ""),
    ...said("cores", "", " cores"),
    ...said("node", "node "),
    `tier ${tier.inForce}`,
    ...(typeof sha256 === "string" ? [`kernel.wasm ${sha256.slice(0, 12)}`] : []),
    formatPlural(pairs.length + removals.length + roles.length, "row"),
  ].join(", ");
}

/** @throws UsageError when there is none of that name, or its file is damaged */
export function readBaseline(folder: string, name: string): Result {
  const names = namesIn(folder);
  if (names.includes(name)) return readResult(pathOf(folder, name));
  const there = names.length > 0 ? `there are ${names.join(", ")}` : "there are none";
  throw new UsageError(`--against ${name}: no such baseline in ${folder}; ${there}`);
}

/** Where a baseline is going to be; what is there under its name stays until save(). */
export function openBaseline(folder: string, name: string): Target {
  let made = false;
  try {
    made = makeFolder(folder);
  } catch (cause) {
    throw new UsageError(`--baselines ${folder}: cannot be made: ${reasonOf(cause)}`, { cause });
  }
  const target = openTarget(pathOf(folder, name), "--save");
  const discard = () => {
    target.discard();
    if (made) removeIfEmpty(folder);
  };
  return { ...target, discard };
}

function pathOf(folder: string, name: string): string {
  return join(folder, `${name}${SUFFIX}`);
}

function namesIn(folder: string): string[] {
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
    return files
      .map((file) => file.slice(0, -SUFFIX.length))
      .filter(isBaselineName)
      .sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new UsageError(`--baselines ${folder}: cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** Not by mkdirSync's `recursive`: where the system has no such folders (/proc) it never returns. */
function makeFolder(folder: string): boolean {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there?.isDirectory()) return false;
  if (!there) makeFolder(dirname(folder));
  mkdirSync(folder);
  return true;
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something lies in it: then it stays.
  }
}
