// SPDX-License-Identifier: GPL-2.0-only
/** Violations that are looked for, as plain data, since a thread can be sent nothing else. */
import type { CoroutineMachine } from "../machine/coroutine/machine.ts";
import type { Violation } from "../machine/coroutine/violation.ts";

export interface Wanted {
  /** Short name of the property: "use after free". */
  readonly property: string;
  /** Type of the object that it is about, as in SLAB_CXL_MEMDEV; default: any, or none. */
  readonly object?: string;
}

/** Whether `violation` is that. Context: before the step that broke it is taken back. */
export function isWanted(
  { abi, heap }: CoroutineMachine,
  { property, object }: Wanted,
  violation: Violation,
): boolean {
  if (violation.property !== property) return false;
  if (object === undefined) return true;
  return heap.objectAt(violation.address)?.type === abi.constant(object);
}
