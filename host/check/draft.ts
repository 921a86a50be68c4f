// SPDX-License-Identifier: GPL-2.0-only
/** A step of a schedule while it is being watched: what is not known yet of it is filled in later. */
import type { Site } from "../instrument/sites.ts";
import { ACCESS } from "../machine/coroutine/access-table.ts";
import type { CheckStep } from "../result/check.ts";

export interface Draft {
  readonly thread: number;
  fn: string;
  at: string | null;
  readonly access: string;
  object: string;
  before: string | null;
  after: string | null;
  readonly visible: boolean;
  readonly notes: string[];
  /** What it accesses: 0 bytes for a range, and for what is no access. */
  readonly address: number;
  readonly bytes: number;
  readonly bits: number;
}

/** What is common to all that is no access. */
export function draft(thread: number, access: string, more: Partial<Draft>): Draft {
  return {
    ...{ thread, access, fn: "", at: null, object: "", before: null, after: null },
    ...{ visible: false, notes: [], address: 0, bytes: 0, bits: 0 },
    ...more,
  };
}

export function checkStep(step: Draft): CheckStep {
  const { thread, fn, at, access, object, before, after, visible, notes } = step;
  const note = notes.length === 0 ? null : notes.join("; ");
  return { thread, fn, at, access, object, before, after, visible, note };
}

const READ_MODIFY_WRITE: Readonly<Record<string, string>> = { xchg: "exchange" };

/** What an access is called: "load", "add", "compare-exchange"; `bits` tell the halves of a copy. */
export function accessName({ kind, what }: Site, bits: number): string {
  switch (kind) {
    case "atomic load":
      return "load";
    case "atomic store":
      return "store";
    case "read-modify-write": {
      const operation = /rmw\d*\.([a-z]+)/.exec(what)?.[1] ?? "change";
      return READ_MODIFY_WRITE[operation] ?? operation;
    }
    case "copy":
      return (bits & ACCESS.write) !== 0 ? "copy to" : "copy from";
    case "call":
      return "read";
    default:
      return kind;
  }
}

/** Whether two accesses of two threads are a data race when nothing orders them. */
export function conflict(a: Draft, b: Draft): boolean {
  if (a.thread === b.thread || ((a.bits | b.bits) & ACCESS.write) === 0) return false;
  if ((a.bits & b.bits & ACCESS.marked) !== 0) return false;
  const end = (step: Draft) => step.address + Math.max(step.bytes, 4);
  return a.address < end(b) && b.address < end(a);
}
