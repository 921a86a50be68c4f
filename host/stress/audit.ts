// SPDX-License-Identifier: GPL-2.0-only
/**
 * What must be true of a machine once all is closed and removed, and what it logged on the way: each
 * difference is a violation with a name that a reader can look up.
 */
import { logTotal } from "../machine/inspect.ts";
import type { Machine } from "../machine/machine.ts";
import type { Violation } from "../result/result.ts";

/** What is in use, by what it is: objects by slab type, device numbers, per-CPU bytes. */
export type Census = ReadonlyMap<string, number>;

/** No counting takes long: one that does walks a list that is no longer one. */
const DEADLINE_MS = 5_000;

/**
 * Counts what is in use.
 *
 * @param corrupt - memory is known to be corrupt: device nodes are left as they are, and out of it.
 * Else those that nobody has open are freed first, as at the end of a run.
 */
export async function census(machine: Machine, corrupt = false): Promise<Census> {
  const { kernel } = machine;
  const count = (fn: string, ...args: number[]) =>
    machine.invoke(0, fn, { args, deadlineMs: DEADLINE_MS });
  const counts = new Map<string, number>();
  if (!corrupt) await count("evict_inodes");
  for (const [type, name] of kernel.group("SLAB_")) {
    if (type >= kernel.constant("NR_SLAB_TYPES")) continue; // another constant of that prefix
    if (corrupt && name === "SLAB_INODE") continue;
    counts.set(words(name.replace("SLAB_", "")), await count("slab_live", type));
  }
  counts.set("device number", await count("ida_count", kernel.constant("CXL_MEMDEV_IDA")));
  counts.set("per-CPU byte", await count("percpu_used"));
  return counts;
}

/** Everything that is in use and was not before. */
export function leaks(before: Census, after: Census): Violation[] {
  return [...after].flatMap(([what, live]): Violation[] => {
    const extra = live - (before.get(what) ?? 0);
    if (extra === 0) return [];
    if (extra < 0) {
      const detail = `${what} freed ${-extra} times more often than allocated`;
      return [{ property: "double free", detail, count: -extra }];
    }
    const detail = `${extra} × ${what} still allocated once all is closed and removed`;
    return [{ property: "leak", detail, count: extra }];
  });
}

/** What the kernel logged itself, once for each kind; warnings of the locks count too. */
export function loggedViolations(machine: Machine): Violation[] {
  const log = machine.log();
  const lost = logTotal(machine) - log.length;
  const kinds = new Map<string, typeof log>();
  for (const record of log) {
    if (record.level === "LEVEL_INFO") continue;
    kinds.set(record.code, [...(kinds.get(record.code) ?? []), record]);
  }
  return [...kinds].map(([code, records]) => {
    const { cpu, a, b } = records[0] as (typeof log)[number]; // a kind has a record
    const hex = (x: number) => `0x${x.toString(16)}`;
    const note = lost > 0 ? `; the log lost ${lost} older messages` : "";
    return {
      property: words(code.replace(/^(VIOLATION|WARN)_/, "")),
      detail: `first seen by CPU ${cpu}: ${hex(a)}, ${hex(b)}${note}`,
      ...(records.length > 1 ? { count: records.length } : {}),
    };
  });
}

/** BODY_WITH_DEAD_CONTEXT to "body with dead context". */
export function words(constant: string): string {
  return constant.toLowerCase().replaceAll("_", " ");
}
