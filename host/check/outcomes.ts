// SPDX-License-Identifier: GPL-2.0-only
/** Whether what was seen in the end is what a memory model lets be seen: all of it and nothing else. */
import type { MemoryModel } from "../result/check.ts";
import type { Explored } from "./explored.ts";
import type { Variant } from "./scenario.ts";

/** @returns what is wrong, as the name of a property; null for nothing, or where nothing is said of it */
export function wrongOutcome(
  { outcomes: expected }: Variant,
  memory: MemoryModel,
  { found, outcomes: seen, leftOut }: Pick<Explored, "found" | "outcomes" | "leftOut">,
): string | null {
  if (expected === undefined) return null;
  const allowed = expected.allowed[memory];
  const wrong = [...seen].find((outcome) => !allowed.includes(outcome));
  if (wrong !== undefined) return `outcome ${wrong} is not allowed`;
  if (found.kind !== "exhausted" || leftOut > 0) return null;
  const missing = allowed.find((outcome) => !seen.has(outcome));
  return missing === undefined ? null : `outcome ${missing} is never seen`;
}
