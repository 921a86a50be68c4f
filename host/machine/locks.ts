// SPDX-License-Identifier: GPL-2.0-only
/** What the words of a lock or of a count hold. What they mean: lock-text.ts. */
import type { KernelAbi } from "../abi/kernel.ts";
import { type Layouts, readFields } from "../abi/layouts.ts";
import { isStructure, type Lock, type LockValues } from "./lock-classes.ts";
import { extentOf, join } from "./parts.ts";
import { perCpuPart, unitsOf } from "./percpu-parts.ts";
import { seatsOf } from "./seats.ts";

/** The lock's values as they are in a memory. */
export function readLock(abi: KernelAbi, view: DataView, layouts: Layouts, lock: Lock): LockValues {
  const layout = isStructure(lock.class) ? layouts.get(lock.class) : undefined;
  if (layout === undefined) return { word: view.getInt32(lock.base, true) };
  return {
    ...readFields(view, lock.base, layout),
    ...perCpuValues(abi, view, layouts, lock),
    ...seatsOf(abi, view, layouts, lock),
  };
}

/** By CPU, and where there are several of a structure by "cpu1[0]". */
function perCpuValues(
  abi: KernelAbi,
  view: DataView,
  layouts: Layouts,
  { class: kind, base }: Lock,
): LockValues {
  const part = perCpuPart(view, layouts, kind, base);
  if (part === null) return {};
  const values: Record<string, number> = {};
  const layout = layouts.get(part.layout ?? "");
  const { count = 1 } = part;
  for (const [cpu, unit] of unitsOf(abi, view).entries()) {
    for (let i = 0; i < count; i++) {
      const at = unit + part.at + (i * extentOf(layouts, part)) / count;
      const name = part.count === undefined ? `cpu${cpu}` : `cpu${cpu}[${i}]`;
      const fields = layout ? readFields(view, at, layout) : { "": view.getUint32(at, true) };
      for (const [field, value] of Object.entries(fields)) values[join(name, field)] = value;
    }
  }
  return values;
}
