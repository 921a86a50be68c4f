// SPDX-License-Identifier: GPL-2.0-only
/** Which driver a storm goes through: a revision of the memdev code, and the gate it is built with. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";

/** The one revision that is built with any gate; the others bring the gate of their time. */
export const OPEN_REVISION = "put_device";

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
  const rev = abi.constants.get(`REV_${revision.toUpperCase()}`);
  if (rev === undefined) {
    throw new UsageError(`--revision: there is no revision ${JSON.stringify(revision)}`);
  }
  if (revision !== OPEN_REVISION) {
    if (gate !== null) {
      throw new UsageError(`--gate ${gate}: revision ${revision} brings its own gate`);
    }
    return { revision, gate, name: revision, id: rev << 8 };
  }
  const chosen = gate ?? "rwsem";
  const id = abi.constants.get(`GATE_${chosen.toUpperCase()}`);
  if (id === undefined) throw new UsageError(`--gate: there is no gate ${JSON.stringify(chosen)}`);
  return { revision, gate: chosen, name: `${revision}+${chosen}`, id: (rev << 8) | id };
}
