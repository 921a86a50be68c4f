// SPDX-License-Identifier: GPL-2.0-only
/** What structures keep on each CPU: one of their words says where in the units that is. */
import type { KernelAbi } from "../abi/kernel.ts";
import { type Layouts, readFields } from "../abi/layouts.ts";
import type { Part } from "./parts.ts";

interface PerCpu extends Omit<Part, "at"> {
  /** The field with the offset in a unit. */
  readonly field: string;
  /** Low bits of it that mean something else. */
  readonly flags?: number;
}

/** By the structure's class. */
const PER_CPU: Readonly<Record<string, PerCpu>> = {
  srcu_struct: { field: "sda", name: "sda", layout: "srcu_data" },
  // Of two ranks of 8 bytes, aligned to both: the word leads to the one that new readers count on.
  srcu_fast_struct: { field: "srcu_ctrp", flags: 15, name: "ctrs", layout: "srcu_ctr", count: 2 },
  percpu_rw_semaphore: { field: "read_count", name: "read_count" },
  percpu_ref: { field: "percpu_count_ptr", flags: 7, name: "percpu_count" },
  brlock_gate: { field: "flags", name: "flags", bytes: 8 },
};

/** Addresses of the units of all CPUs that there are: memory may end behind them. */
export function unitsOf(abi: KernelAbi, view: DataView): number[] {
  const at = abi.constant("BOOT_INFO") + abi.constant("OFFSETOF_BOOT_INFO_NCPUS");
  const [from, stride] = [abi.constant("PERCPU_BASE"), abi.constant("PERCPU_STRIDE")];
  return Array.from({ length: view.getUint32(at, true) }, (_, cpu) => from + cpu * stride);
}

/**
 * What the structure at `base` has in each unit: a part of a unit; null of one that has nothing there.
 *
 * @param layout - its class
 */
export function perCpuPart(
  view: DataView,
  layouts: Layouts,
  layout: string,
  base: number,
): Part | null {
  const known = PER_CPU[layout];
  const structure = layouts.get(layout);
  if (known === undefined || structure === undefined) return null;
  const { field, flags = 0, ...part } = known;
  const at = ((readFields(view, base, structure)[field] ?? 0) & ~flags) >>> 0;
  return at === 0 ? null : { ...part, at };
}
