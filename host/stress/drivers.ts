// SPDX-License-Identifier: GPL-2.0-only
/** Which driver a storm goes through: a revision of the memdev code, and the gate it is built with. */
import type { KernelAbi } from "../abi/kernel.ts";
import { DEFAULT_GATE, driverId, driverName, OPEN_REVISION } from "../machine/driver.ts";

export interface DriverChoice {
  readonly revision: string;
  /** Null for a revision that brings its own. */
  readonly gate: string | null;
  /** Name in tables: "put_device+rwsem", or the revision's alone. */
  readonly name: string;
  /** The module's driver id. */
  readonly id: number;
}

/** @throws UsageError for an unknown revision or gate, or a gate for a revision that has its own */
export function chooseDriver(abi: KernelAbi, revision: string, gate: string | null): DriverChoice {
  const id = driverId(abi, revision, gate ?? undefined);
  const chosen = revision === OPEN_REVISION ? (gate ?? DEFAULT_GATE) : null;
  return { revision, gate: chosen, name: driverName({ revision, gate: chosen }), id };
}
