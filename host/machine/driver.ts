// SPDX-License-Identifier: GPL-2.0-only
/** Drivers by name: a revision of the memdev code, and the gate that it is built with. */
import type { CodePrefix, KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";

/** The one revision that is built with any gate; the others bring the gate of their time. */
export const OPEN_REVISION = "put_device";
export const DEFAULT_GATE = "rwsem";

const GATE_CLOSED = "GATE_CLOSED"; // what an entrant is told, not a gate

function namesOf(abi: KernelAbi, prefix: CodePrefix): Map<string, number> {
  const constants = [...abi.group(prefix)].filter(([, name]) => name !== GATE_CLOSED);
  return new Map(
    constants
      .sort(([a], [b]) => a - b)
      .map(([id, name]) => [name.slice(prefix.length).toLowerCase(), id]),
  );
}

/** Names of the gates, in the order of the module's table. */
export function gateNames(abi: KernelAbi): string[] {
  return [...namesOf(abi, "GATE_").keys()];
}

/** Names of the driver's revisions, oldest first. */
export function revisionNames(abi: KernelAbi): string[] {
  return [...namesOf(abi, "REV_").keys()];
}

function idOf(abi: KernelAbi, what: string, prefix: CodePrefix, name: string): number {
  const names = namesOf(abi, prefix);
  const id = names.get(name);
  if (id !== undefined) return id;
  const known = [...names.keys()].join(", ");
  throw new UsageError(`${what}: there is no ${what} ${JSON.stringify(name)}; there are ${known}`);
}

/**
 * The module's id of a driver.
 *
 * @throws UsageError for an unknown revision or gate, or a gate for a revision that brings its own
 */
export function driverId(abi: KernelAbi, revision: string, gate: string | undefined): number {
  const rev = idOf(abi, "revision", "REV_", revision);
  if (revision === OPEN_REVISION) {
    return (rev << 8) | idOf(abi, "gate", "GATE_", gate ?? DEFAULT_GATE);
  }
  if (gate === undefined) return rev << 8;
  throw new UsageError(`gate: revision ${revision} brings its own, so ${gate} cannot be chosen`);
}

/**
 * Name of a driver as built: "put_device+rwsem", "rwsem".
 *
 * @param gate - not looked at for a revision that brings its own
 */
export function driverName(driver: {
  readonly revision: string;
  readonly gate: string | null;
}): string {
  const { revision, gate } = driver;
  return revision === OPEN_REVISION ? `${revision}+${gate}` : revision;
}
