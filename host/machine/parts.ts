// SPDX-License-Identifier: GPL-2.0-only
/** Parts of memory that have names, and how structures put them one behind the other. */
import type { Layouts } from "../abi/layouts.ts";
import type { LockClass } from "./lock-classes.ts";

export interface Part {
  /** Offset in what it is part of; for a static, the address. */
  readonly at: number;
  /** May be empty: the fields are then those of the whole. */
  readonly name: string;
  /** Class whose fields lie there; absent: bytes without names. */
  readonly layout?: string;
  /** Size without a layout; default: a word. */
  readonly bytes?: number;
  /** Elements of an array, `stride` bytes apart, or as far apart as they are long. */
  readonly count?: number;
  readonly stride?: number;
  /** What the elements are called instead of by number. */
  readonly labels?: ReadonlyMap<number, string>;
  /** Which lock a bare word is. */
  readonly lock?: LockClass;
}

/** What begins where the one before it ends. */
export interface Member extends Omit<Part, "at"> {
  /** Or at the next multiple of this. */
  readonly align?: number;
  /** The one before the next: both begin here, and this one names the words that it has. */
  readonly over?: boolean;
}

export type Row = readonly (Member | readonly [name: string, layout: string])[];

/** What structures have behind the fields of their class: structures themselves, and so no fields. */
const BEHIND: Readonly<Record<string, Row>> = {
  srcu_struct: [["srcu_gp_mutex", "mutex"]],
  srcu_fast_struct: [
    ["srcu_gp_mutex", "mutex"],
    ["queue", "wait_queue_head"],
  ],
  percpu_rw_semaphore: [
    ["waiters", "wait_queue_head"],
    { name: "rss", layout: "rcu_sync", align: 8 },
  ],
  rcu_sync: [["gp_wait", "wait_queue_head"], { name: "cb_head", layout: "rcu_head", align: 8 }],
  qrwlock: [["wait_lock", "arch_spinlock"]],
  revocable_provider: [["srcu", "srcu_struct"]],
};

export const join = (...names: string[]) => names.filter((name) => name !== "").join(".");

/** From a part's `at` to its end. */
export function extentOf(layouts: Layouts, { layout, bytes, count = 1, stride }: Part): number {
  return count * (stride ?? layouts.get(layout ?? "")?.bytes ?? bytes ?? 4);
}

/** Where the last of the parts ends. */
export function endOf(layouts: Layouts, parts: readonly Part[]): number {
  return Math.max(0, ...parts.map((part) => part.at + extentOf(layouts, part)));
}

function memberOf(entry: Row[number]): Member {
  return "name" in entry ? entry : { name: entry[0], layout: entry[1] };
}

/** Parts of what is given, one behind the other from an offset or an address on. */
export function inARow(layouts: Layouts, from: number, row: Row): Part[] {
  const parts: Part[] = [];
  let end = from;
  const put = (prefix: string, member: Row[number]) => {
    const { align = 1, over = false, ...rest } = memberOf(member);
    const at = Math.ceil(end / align) * align;
    const part: Part = { ...rest, at, name: join(prefix, rest.name) };
    parts.push(part);
    if (over) return;
    end = at + extentOf(layouts, part);
    for (const inner of BEHIND[part.layout ?? ""] ?? []) put(part.name, inner);
  };
  for (const member of row) put("", member);
  return parts;
}
