// SPDX-License-Identifier: GPL-2.0-only
/** Drivers by name: a revision of the memdev code, and the gate that it is built with. */
import type { CodePrefix, KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";

/** The one revision that is built with any gate; the others bring the gate of their time. */
export const OPEN_REVISION = "put_device";
export const DEFAULT_GATE = "rwsem";

/** The others that bring a gate keep nothing of it in a device. */
const EMBEDS_ITS_OWN = "percpu_ref";

const GATE_CLOSED = "GATE_CLOSED"; // what an entrant is told, not a gate

export interface Driver {
  readonly revision: string;
  /** Null for a revision that brings its own. */
  readonly gate: string | null;
}

/** A driver, or a gate by itself. */
export interface Subject extends Omit<Driver, "revision"> {
  /** Null for a gate without a driver around it. */
  readonly revision: string | null;
}

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

/** Whether a body may sleep in it: else no driver is built with it, for an ioctl sleeps. */
export function isDriverGate(abi: KernelAbi, gate: string): boolean {
  return gateId(abi, gate) < abi.constant("FIRST_ATOMIC");
}

/** Whether it is there to be caught: it protects nothing. */
export function isControlGate(abi: KernelAbi, gate: string): boolean {
  return isDriverGate(abi, gate) && gateId(abi, gate) >= abi.constant("FIRST_CONTROL");
}

/** @throws UsageError when there is no such gate */
export function gateId(abi: KernelAbi, gate: string): number {
  return idOf(abi, "gate", "GATE_", gate);
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
 * @throws UsageError for an unknown revision or gate, a gate for a revision that brings its own, or one
 *         that no driver is built with
 */
export function driverId(abi: KernelAbi, revision: string, gate: string | undefined): number {
  const rev = idOf(abi, "revision", "REV_", revision);
  if (revision === OPEN_REVISION) {
    const chosen = gate ?? DEFAULT_GATE;
    const id = gateId(abi, chosen);
    if (isDriverGate(abi, chosen)) return (rev << 8) | id;
    throw new UsageError(`gate: a body may not sleep inside ${chosen}, and an ioctl does`);
  }
  if (gate === undefined) return rev << 8;
  throw new UsageError(`gate: revision ${revision} brings its own, so ${gate} cannot be chosen`);
}

/** The gate whose state lies in a memdev of the driver with this id: the one that it is built with, or its own. */
export function gateInMemdev(abi: KernelAbi, driver: number): string | null {
  const nameOf = (prefix: CodePrefix, of: number) =>
    [...namesOf(abi, prefix)].find(([, id]) => id === of)?.[0] ?? null;
  const revision = nameOf("REV_", driver >>> 8);
  if (revision === OPEN_REVISION) return nameOf("GATE_", driver & 0xff);
  return revision === EMBEDS_ITS_OWN ? revision : null;
}

/** Name of a driver as built: "put_device+rwsem", "rwsem"; of a gate by itself, its own. */
export function driverName({ revision, gate }: Subject): string {
  if (revision === null) return `${gate}`;
  return revision === OPEN_REVISION ? `${revision}+${gate}` : revision;
}
