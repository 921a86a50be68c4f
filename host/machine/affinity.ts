// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which core a thread runs on. Neither node nor wasm can say, so taskset(1) is asked, by thread id.
 * It comes with util-linux; where it is missing, threads stay where the system puts them.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The cores of a list as the kernel writes it: "0-2,5" is 0, 1, 2 and 5. */
export function parseCores(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The cores that this process may use; null where the system does not say. */
export function allowedCores(): number[] | null {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
    return list === undefined ? null : parseCores(list);
  } catch {
    return null;
  }
}

/** Lets a thread run on `cores` only. @returns false when the system cannot be told */
export async function setCores(tid: number, cores: readonly number[]): Promise<boolean> {
  try {
    await run("taskset", ["-p", "-c", cores.join(","), String(tid)]);
    return true;
  } catch {
    return false;
  }
}

/** Whether threads can be bound at all: this one is, to the cores that it may use already. */
export async function canPin(): Promise<boolean> {
  const allowed = allowedCores();
  return allowed !== null && (await setCores(process.pid, allowed));
}
