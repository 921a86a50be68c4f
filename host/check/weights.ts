// SPDX-License-Identifier: GPL-2.0-only
/**
 * How many states a configuration is likely to have, in thousands: the longest are begun first, and the
 * progress bar goes by it. A figure that is wrong costs time, and nothing else.
 */
import type { SuiteEntry } from "./scenarios/table.ts";
import { driverName } from "./select.ts";

/** Those that are not like the others. */
const KNOWN: Readonly<Record<string, number>> = {
  "removal removal put_device+percpu_ref": 500,
  "removal removal percpu_ref": 240,
  "removal removal srcu": 240,
};

const OF_A_DRIVER = 40;
const OF_A_PRIMITIVE = 10;
/** One thread more. */
const FACTOR = 30;

export function likelyStates({ scenario, driver, variant }: SuiteEntry): number {
  if (variant.expected === "violated") return 1;
  const subject = driver === null ? "" : ` ${driverName(driver)}`;
  const known = KNOWN[`${scenario.name} ${variant.name}${subject}`];
  if (known !== undefined && variant.threads.length === 2) return known;
  const base = known ?? (driver === null ? OF_A_PRIMITIVE : OF_A_DRIVER);
  return base * FACTOR ** (variant.threads.length - 2);
}
