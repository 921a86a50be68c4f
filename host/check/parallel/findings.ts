// SPDX-License-Identifier: GPL-2.0-only
/** The violations that a worker finds: of those that come after the fewest steps, the least. */
import type { Violation } from "../../machine/coroutine/violation.ts";
import type { Report } from "./protocol.ts";

/** Whether `a` is told rather than `b`: an order that does not depend on who found what when. */
function comesFirst(a: Report, b: Report): boolean {
  if (a.depth !== b.depth) return a.depth < b.depth;
  if (a.key1 !== b.key1) return a.key1 < b.key1;
  if (a.key2 !== b.key2) return a.key2 < b.key2;
  return (a.action ?? -1) < (b.action ?? -1);
}

/** Where something was found. */
export type Place = Pick<Report, "state" | "action" | "depth" | "key1" | "key2">;

export function reportOf({ property, detail, address, site }: Violation, place: Place): Report {
  return { property, detail, address, site, ...place };
}

/** @returns the one that is told */
export function firstOf(a: Report | null, b: Report | null): Report | null {
  if (a === null || b === null) return a ?? b;
  return comesFirst(b, a) ? b : a;
}
