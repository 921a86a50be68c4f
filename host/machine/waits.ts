// SPDX-License-Identifier: GPL-2.0-only
/** What a task waits for, in words: one text for schedules, stalls and hung tasks. */
import type { TaskState } from "./inspect.ts";

/** A CPU's number stands where others have an address. */
const OF_A_CPU = "WAIT_RCU_GP";

/** By WAIT_*, up to the name of what is waited for. */
const WORDS: Readonly<Record<string, string>> = {
  WAIT_RWSEM_READ: "to read-lock rwsem",
  WAIT_RWSEM_WRITE: "to write-lock rwsem",
  WAIT_MUTEX: "to lock mutex",
  WAIT_COMPLETION: "for completion",
  WAIT_QUEUE: "on wait queue",
  [OF_A_CPU]: "for an RCU grace period, on",
  WAIT_MAILBOX: "for the mailbox of",
  WAIT_SPINLOCK: "for spinlock",
  WAIT_RENDEZVOUS: "for the others to meet at",
  WAIT_PERCPU_REF_SWITCH: "for the mode switch of percpu_ref",
  WAIT_STUTTER: "for time to pass, at",
  WAIT_SRCU_GP: "for a grace period of SRCU domain",
  WAIT_GATE: "for the gate's entrants, at",
  WAIT_LDSEM_READ: "to read-lock ldsem",
  WAIT_LDSEM_WRITE: "to write-lock ldsem",
  WAIT_TICKET: "for its ticket to be served at",
  WAIT_QRWLOCK_READ: "to read-lock qrwlock",
  WAIT_QRWLOCK_WRITE: "to write-lock qrwlock",
  WAIT_PERCPU_RWSEM: "for percpu_rwsem",
};

/**
 * "waits to write-lock rwsem cxl_memdev_rwsem"; null of a task that waits for nothing.
 *
 * @param name - what an address is called
 */
export function waitText(
  { wait, object }: Pick<TaskState, "wait" | "object">,
  name: (address: number) => string,
): string | null {
  if (wait === "WAIT_NONE") return null;
  const what = wait === OF_A_CPU ? `cpu${object}` : name(object);
  return `waits ${WORDS[wait] ?? `in ${wait} on`} ${what}`;
}
