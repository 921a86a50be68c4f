// SPDX-License-Identifier: GPL-2.0-only

export interface Finding {
  /** What was looked at. */
  readonly what: string;
  readonly verdict: "fine" | "problem" | "not known";
  /** What was found, in one clause. */
  readonly found: string;
  /** What to do about it, or what follows where nothing can be done; null where all is well. */
  readonly advice: string | null;
}

export function fine(what: string, found: string): Finding {
  return { what, verdict: "fine", found, advice: null };
}

export function problem(what: string, found: string, advice: string): Finding {
  return { what, verdict: "problem", found, advice };
}

export function unknown(what: string, why: string): Finding {
  return { what, verdict: "not known", found: why, advice: null };
}
