// SPDX-License-Identifier: GPL-2.0-only
/**
 * A schedule as one word: what --replay takes. It names threads and operations, not addresses or
 * offsets, and only where one thread stops and another goes on: so it still fits a kernel that was
 * changed elsewhere. It holds no character that a shell looks at.
 *
 *   schedule  = "hp1-" kernel ":" [segment {"," segment}]
 *   kernel    = the first 8 hex digits of the sha256 of kernel.wasm
 *   segment   = thread               goes on until it sleeps, has ended, or breaks something
 *             | thread "@" place     goes on until it stands there
 *             | thread "/" field nth   its n-th store to it that waits reaches memory
 *             | "tick"               every time limit that runs passes
 *   place     = function ":" access "." field nth
 *                                    before its n-th such access in this segment
 *   nth       = ["+" n]              default: the first
 *   thread    = its name; of several with one name, with its number among them: reader2
 *   function  = of the source, as in down_read
 *   access    = load, store, add, sub, and, or, xor, xchg, cmpxchg, wait, notify, copy, fill or clock
 *   field     = the last name of the word's: count of cxl_memdev_rwsem.count
 *
 * As in hp1-6664decf:client@ioctl:load.cxlm,remover,client
 */
import { UsageError } from "../errors.ts";

/** The n-th of several, from 1 on. */
interface Nth {
  readonly nth: number;
}

/** Before an access. */
export interface Place extends Nth {
  readonly fn: string;
  readonly access: string;
  readonly field: string;
}

export type Segment =
  | { readonly kind: "run"; readonly thread: string; readonly place: Place | null }
  | ({ readonly kind: "drain"; readonly thread: string; readonly field: string } & Nth)
  | { readonly kind: "tick" };

export interface Schedule {
  /** Of the kernel that it was made for. */
  readonly kernel: string;
  readonly segments: readonly Segment[];
}

const FORM = "hp1";
const KERNEL_DIGITS = 8;
const SEGMENT =
  /^([\w.-]+)(?:@(?<fn>\w+):(?<access>[a-z]+)\.(?<field>\w+)|\/(?<drained>\w+))?(?:\+(?<nth>[1-9]\d{0,5}))?$/;

/** A name as far as it may stand in a schedule. */
export function plainName(name: string): string {
  return name.replace(/[^\w.-]/g, "_");
}

/** The digits of a sha256 that a schedule keeps. */
export function kernelDigits(sha256: string): string {
  return sha256.slice(0, KERNEL_DIGITS);
}

const formatNth = (nth: number) => (nth === 1 ? "" : `+${nth}`);

export function formatSegment(segment: Segment): string {
  if (segment.kind === "tick") return "tick";
  if (segment.kind === "drain") {
    return `${segment.thread}/${segment.field}${formatNth(segment.nth)}`;
  }
  const { thread, place } = segment;
  if (place === null) return thread;
  return `${thread}@${place.fn}:${place.access}.${place.field}${formatNth(place.nth)}`;
}

export function formatSchedule({ kernel, segments }: Schedule): string {
  return `${FORM}-${kernel}:${segments.map(formatSegment).join(",")}`;
}

/** @throws UsageError */
export function parseSchedule(text: string): Schedule {
  const [, form = "", kernel = "", rest = ""] = /^(\w+)-([0-9a-f]{8}):(.*)$/.exec(text) ?? [];
  if (form === "")
    throw unreadable(text, `"${FORM}-", eight hex digits of the kernel, and a colon begin one`);
  if (form !== FORM) throw unreadable(text, `this version reads those that begin with "${FORM}-"`);
  const segments = rest === "" ? [] : rest.split(",");
  return { kernel, segments: segments.map((segment) => parseSegment(text, segment)) };
}

function parseSegment(text: string, segment: string): Segment {
  if (segment === "tick") return { kind: "tick" };
  const [, thread = ""] = SEGMENT.exec(segment) ?? [];
  const { fn, access, field, drained, nth: digits } = SEGMENT.exec(segment)?.groups ?? {};
  const nth = Number(digits ?? 1);
  if (drained !== undefined) return { kind: "drain", thread, field: drained, nth };
  if (fn !== undefined && access !== undefined && field !== undefined) {
    return { kind: "run", thread, place: { fn, access, field, nth } };
  }
  if (thread === "" || digits !== undefined) {
    throw unreadable(text, `"${segment}" is no thread, thread@function:access.field or tick`);
  }
  return { kind: "run", thread, place: null };
}

function unreadable(text: string, why: string): UsageError {
  return new UsageError(`--replay ${text}: cannot read this schedule: ${why}`);
}
