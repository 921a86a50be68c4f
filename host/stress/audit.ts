// SPDX-License-Identifier: GPL-2.0-only
/**
 * What must be true of a machine once all is closed and removed, and what it logged on the way: each
 * difference is a violation with a name that a reader can look up.
 */
import type { Machine } from "../machine/machine.ts";
import type { Violation } from "../result/result.ts";

/** Objects by slab type that are in use. */
export type SlabCensus = ReadonlyMap<string, number>;

/** Types whose objects stay: a device node outlives its devices, as a mknod'ed one does. */
const KEPT = new Set(["SLAB_INODE"]);
const MOST_OF_A_KIND = 3;

export async function slabCensus(machine: Machine): Promise<SlabCensus> {
  const census = new Map<string, number>();
  for (const [type, name] of machine.kernel.group("SLAB_")) {
    if (KEPT.has(name)) continue;
    census.set(name, Number(await machine.call(0, "slab_live", type)));
  }
  return census;
}

/** Everything that is still allocated and was not before. */
export function leaks(before: SlabCensus, after: SlabCensus): Violation[] {
  return [...after].flatMap(([type, live]) => {
    const extra = live - (before.get(type) ?? 0);
    if (extra === 0) return [];
    const what = words(type.replace("SLAB_", ""));
    const detail =
      extra > 0
        ? `${extra} × ${what} still allocated once all is closed and removed`
        : `${what} freed ${-extra} times more often than allocated`;
    return [{ property: extra > 0 ? "leak" : "double free", detail }];
  });
}

/** Violations that the kernel logged itself, a few of each kind; warnings of the locks count too. */
export function loggedViolations(machine: Machine): Violation[] {
  const perKind = new Map<string, number>();
  return machine.log().flatMap((record) => {
    if (record.level === "LEVEL_INFO") return [];
    const seen = perKind.get(record.code) ?? 0;
    perKind.set(record.code, seen + 1);
    if (seen >= MOST_OF_A_KIND) return [];
    const property = words(record.code.replace(/^(VIOLATION|WARN)_/, ""));
    const hex = (x: number) => `0x${x.toString(16)}`;
    return [{ property, detail: `seen by CPU ${record.cpu}: ${hex(record.a)}, ${hex(record.b)}` }];
  });
}

/** BODY_WITH_DEAD_CONTEXT to "body with dead context". */
export function words(constant: string): string {
  return constant.toLowerCase().replaceAll("_", " ");
}
