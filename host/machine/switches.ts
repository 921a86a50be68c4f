// SPDX-License-Identifier: GPL-2.0-only
/**
 * How often the threads of this process were taken off a core that they would have kept, as
 * /proc/self/task/TID/status counts it (nonvoluntary_ctxt_switches; proc(5)).
 */
import { type SystemFiles, systemFiles } from "./system-files.ts";

const TASKS = "proc/self/task";

/** @returns the count so far by thread id; null where the system does not say */
export function involuntarySwitches(
  files: SystemFiles = systemFiles(),
): ReadonlyMap<string, number> | null {
  const counts = new Map<string, number>();
  for (const tid of files.names(TASKS)) {
    const status = files.text(`${TASKS}/${tid}/status`) ?? "";
    const count = /^nonvoluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1];
    if (count !== undefined) counts.set(tid, Number(count));
  }
  return counts.size > 0 ? counts : null;
}

/** @returns those between two readings; of a thread that is gone nothing is known, and nothing counted */
export function switchesBetween(
  before: ReturnType<typeof involuntarySwitches>,
  after: ReturnType<typeof involuntarySwitches>,
): number | null {
  if (!before || !after) return null;
  let sum = 0;
  for (const [tid, count] of after) sum += count - (before.get(tid) ?? 0);
  return sum;
}
