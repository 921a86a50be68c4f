// SPDX-License-Identifier: GPL-2.0-only
/** What a gate keeps of each device: in a cxl_memdev, or in a device without a driver. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { Layouts } from "../abi/layouts.ts";
import { inARow, type Part, type Row } from "./parts.ts";

/** A record of check_gate: a device of a gate without a driver. */
export interface BareGate {
  readonly at: number;
  readonly name: string;
  readonly gate: string;
}

/** What a gate keeps in a cxl_memdev, behind its fixed parts; one that keeps nothing is not listed. */
export const EMBEDDED: Readonly<Record<string, Row>> = {
  rwsem_per_device: [["rwsem", "rw_semaphore"]],
  percpu_ref: [
    ["ops_active", "percpu_ref"],
    ["ops_dead", "completion"],
  ],
  srcu: [["gate", "srcu_gate"]],
  srcu_fast: [["gate", "srcu_fast_gate"]],
  revocable: [["srcu", "srcu_struct"]],
  refcount: [
    ["gate", "refcount_gate"],
    ["drained", "completion"],
  ],
  mutex: [["mutex", "mutex"]],
  kernfs_active: [["kn", "kernfs_node"]],
  ldsem: [["ldsem", "ld_semaphore"]],
  qrwlock: [["qrwlock", "qrwlock"]],
  percpu_rwsem: [["sem", "percpu_rw_semaphore"]],
  bravo: [
    ["rwsem", "rw_semaphore"],
    ["bias", "bravo_bias"],
  ],
  hazard: [["gate", "hazard_gate"]],
  brlock: [["gate", "brlock_gate"]],
  seqlock: [["gate", "seqlock_gate"]],
};

/** Its fields, and the gate's state behind them. */
export function bareGateParts(
  abi: KernelAbi,
  layouts: Layouts,
  { at, name, gate }: BareGate,
): Part[] {
  const state = inARow(layouts, at + abi.constant("CHECK_GATE_STATE"), EMBEDDED[gate] ?? []);
  return [
    { at, name, layout: "check_gate" },
    ...state.map((part) => ({ ...part, name: `${name}.${part.name}` })),
  ];
}
