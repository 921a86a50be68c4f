// SPDX-License-Identifier: GPL-2.0-only
/** Gates in which no body may sleep, where a driver is to be built with one. */
import { UsageError } from "../errors.ts";
import type { Catalogue } from "./catalogue.ts";

/** Whether a driver can be built with one of them at least. */
export function someDrive(names: readonly string[], { gates }: Catalogue): boolean {
  return gates.some(({ name, mayDrive }) => mayDrive && names.includes(name));
}

/**
 * @param option - as it is written: "--gate"
 * @throws UsageError when an ioctl would have to sleep in the gate
 */
export function refuseUnfit(option: string, gate: string | null, { gates }: Catalogue): void {
  if (gates.find(({ name }) => name === gate)?.mayDrive !== false) return;
  throw new UsageError(`${option} ${gate}: a body may not sleep in it, and an ioctl does`);
}
